/** @file probity doctor: what this machine offers, what is missing, and the exact command that brings it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, freemem, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { availableConfinement, type Confinement } from '../../artifacts/confinement.js'
import { BACKENDS, type Backend } from '../../contracts/model.js'
import { remedyOf } from '../../engine/onnxruntime/devices.js'
import { probe, type Probe } from '../../engine/probe.js'
import { findPackage, PACKAGE_OF } from '../../engine/tfjs/packages.js'
import { version } from '../../package.js'
import { print, type Piece } from '../output.js'

/** `absent` is what nobody needs to have; `broken` is installed and does not work. */
export type Finding = { readonly name: string; readonly status: 'works' | 'absent' | 'broken'; readonly says: string; readonly remedy?: string }
export type Diagnosis = {
  readonly probity: string
  readonly node: { readonly version: string; readonly supported: boolean }
  readonly machine: { readonly os: string; readonly arch: string; readonly cpu: string; readonly cores: number; readonly memoryBytes: number; readonly freeMemoryBytes: number }
  readonly confinement: Confinement
  readonly engines: { readonly onnxruntime: readonly Finding[]; readonly tfjs: readonly Finding[] }
  readonly packages: readonly Finding[]
}

const LEAST_NODE = 20
const LEAST_MEMORY_BYTES = 2 * 2 ** 30
/** Whatever else is installed beside Probity and used where it is. */
const OPTIONAL = [{ name: 'sharp', brings: 'image folders as data' }, { name: 'danfojs-node', brings: 'DataFrames in and out' }, { name: 'webgpu', brings: 'the WebGPU backend of TensorFlow.js, and the names of adapters here' }]

/** Exit code 0 where models can be run on the CPU, whatever else is missing. */
export async function doctorCommand({ json = false }: { readonly json?: boolean }): Promise<number> {
  const diagnosis = await diagnose()
  if (json) print(JSON.stringify(diagnosis, null, 2))
  else show(diagnosis)
  return diagnosis.node.supported && diagnosis.engines.onnxruntime.some(({ name, status }) => name === 'cpu' && status === 'works') ? 0 : 2
}

export async function diagnose(): Promise<Diagnosis> {
  const onnxruntime: Finding[] = []
  // One after the other: drivers that start at the same time are their own kind of trouble.
  for (const provider of ['cpu', 'webgpu', 'cuda'] as const) onnxruntime.push(onProvider(provider, await probe('onnxruntime', provider)))
  const tfjs: Finding[] = []
  for (const backend of BACKENDS) tfjs.push(await onBackend(backend))
  return {
    probity: version,
    node: { version: process.version, supported: Number(process.versions.node.split('.')[0]) >= LEAST_NODE },
    machine: { os: process.platform, arch: process.arch, cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), memoryBytes: totalmem(), freeMemoryBytes: freemem() },
    confinement: confinement(),
    engines: { onnxruntime, tfjs },
    packages: OPTIONAL.map(({ name, brings }) =>
      isInstalled(name) ? { name, status: 'works', says: `installed: ${brings}` } : { name, status: 'absent', says: `not installed: ${brings}`, remedy: `npm install ${name}` },
    ),
  }
}

function onProvider(name: 'cpu' | 'webgpu' | 'cuda', { reason, version: ownVersion, adapter, software }: Probe): Finding {
  if (reason !== null) return { name, status: name === 'cpu' ? 'broken' : 'absent', says: reason, remedy: name === 'cpu' ? 'npm install onnxruntime-node' : remedyOf(name) }
  const where = adapter === null ? '' : `, on ${adapter}`
  const caution = software === true ? ', which is software: slower than cpu, and never chosen by --device auto' : ''
  return { name, status: 'works', says: `onnxruntime-node ${ownVersion ?? ''}${where}${caution}` }
}

async function onBackend(name: Backend): Promise<Finding> {
  const remedy = `npm install ${[...(name === 'webgpu' || name === 'wasm' ? [PACKAGE_OF.cpu] : []), PACKAGE_OF[name], ...(name === 'webgpu' ? ['webgpu'] : [])].join(' ')}`
  const found = findPackage(PACKAGE_OF[name])
  if (found === null) return { name, status: 'absent', says: `${PACKAGE_OF[name]} is not installed`, remedy }
  const { reason, version: ownVersion } = await probe('tfjs', name)
  return reason === null ? { name, status: 'works', says: `${PACKAGE_OF[name]} ${ownVersion ?? found.version}` } : { name, status: 'broken', says: reason, remedy: name === 'webgpu' ? remedyOf('webgpu') : remedy }
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

function confinement(): Confinement {
  const folder = mkdtempSync(join(tmpdir(), 'probity-doctor-'))
  try {
    return availableConfinement(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const MARKS: Readonly<Record<Finding['status'], Piece>> = { works: [pc.green, '✓'], absent: [pc.dim, '–'], broken: [pc.red, '✕'] }

function show({ probity, node, machine, confinement: confined, engines, packages }: Diagnosis): void {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  const line = (name: string, ok: boolean, says: string) => print(ok ? MARKS.works : MARKS.broken, ` ${name.padEnd(12)} ${says}`)
  print(`Probity ${probity}`)
  line('Node', node.supported, node.supported ? node.version : `${node.version}: Probity needs Node ${LEAST_NODE} or later. Install it from nodejs.org.`)
  line('Memory', machine.memoryBytes >= LEAST_MEMORY_BYTES, `${gib(machine.memoryBytes)}, ${gib(machine.freeMemoryBytes)} free; ${machine.cores} cores, ${machine.cpu}, ${machine.os} ${machine.arch}`)
  const kept = [...(confined.addressSpace ? ['memory'] : []), ...(confined.network ? ['network'] : []), ...(confined.processes ? ['processes'] : []), ...(confined.files ? ['files'] : [])]
  const open = ['memory', 'network', 'processes', 'files'].filter((what) => !kept.includes(what))
  line('Isolation', confined.addressSpace, kept.length === 0 ? 'child processes are watched, not confined: audit files that you trust' : `child processes are confined in ${kept.join(', ')}${open.length > 0 ? `, not in ${open.join(', ')}` : ''}`)
  for (const [title, findings] of [['ONNX Runtime', engines.onnxruntime], ['TensorFlow.js', engines.tfjs], ['Optional packages', packages]] as const) {
    print('')
    print(title)
    for (const { name, status, says, remedy } of findings) {
      print(MARKS[status], ` ${name.padEnd(12)} ${says}`)
      if (remedy !== undefined) print(`  ${' '.repeat(12)} → ${remedy}`)
    }
  }
}
