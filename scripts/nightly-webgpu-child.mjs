/**
 * @file The child of nightly-webgpu.mjs: items from stdin, one line of JSON for each to stdout. The providers run one after the other: sessions of WebGPU that run at the same time crash.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createJiti } from 'jiti'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Float32 in another order of sums; sixteen-bit floats as in the tests of whole models. */
const TOLERANCE = 1e-3
const HALF_TOLERANCE = 5e-2
/** The CPU provider lacks the operator or its version, so there is nothing to compare with. */
class CpuCannot extends Error {}

const jiti = createJiti(import.meta.url)
const [cases, { differentiate }, { modelBytes }, { toTensor }, { openSession }, measuring, { takePrecautions }] = await Promise.all([
  jiti.import('../test/conformance/onnx-gradients.ts'), jiti.import('../src/autodiff/index.ts'), jiti.import('../test/reference/onnxruntime.ts'), jiti.import('../test/reference/tensor.ts'),
  jiti.import('../src/engine/onnxruntime/session.ts'), jiti.import('../test/engine/measure-architecture.ts'), jiti.import('../src/engine/onnxruntime/provider-faults.ts'),
])

/** The gradient graph of a case, on both providers. */
async function operator(name) {
  const one = cases.checkedCases.find((known) => known.name === name)
  const prepared = cases.prepare(one, cases.optionsOf(one))
  if (prepared === null) return { outcome: 'same', largest: 0 }
  const { graph, wanted } = prepared
  const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: wanted })
  const feeds = new Map([...cases.fedTo(gradient, prepared.feeds)].map(([input, value]) => [input, toTensor(value)]))
  const [cpu, gpu] = [await run('cpu', gradient, feeds), await run('webgpu', gradient, feeds)]
  const largest = Math.max(...[...cpu.answers].map(([output, tensor]) => distance(gpu.answers.get(output), tensor)))
  return { outcome: largest <= TOLERANCE ? 'same' : 'wrong', largest, fallbacks: gpu.fallbacks, ...(largest > TOLERANCE && { reason: `differs by ${largest}` }) }
}

async function run(provider, graph, feeds) {
  const { graph: runnable, precautions } = takePrecautions(graph, provider)
  const session = await openSession(modelBytes(runnable), { label: provider, provider, precautions }).catch((error) => {
    throw provider === 'cpu' ? new CpuCannot(error.message) : error
  })
  try {
    const answers = await session.run(feeds)
    return { answers, fallbacks: [...session.fallbacks.keys()] }
  } finally {
    await session.release()
  }
}

/** Largest difference over the largest magnitude; what is not finite must be the same. */
function distance({ data: a }, { data: b }) {
  let [most, scale] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])]
    if (Number.isFinite(y)) scale = Math.max(scale, Math.abs(y))
    if (!Object.is(x, y) && x !== y) most = Math.max(most, Number.isFinite(x - y) ? Math.abs(x - y) : Infinity)
  }
  return most === 0 ? 0 : most / Math.max(scale, 1e-6)
}

/** A whole model on WebGPU, against its own framework. */
async function model(file) {
  const folder = join(root, 'test/fixtures/architectures')
  const exported = ['torch', 'keras'].flatMap((framework) => JSON.parse(readFileSync(join(folder, `${framework}.json`), 'utf8'))).find((known) => known.file === file)
  const { logits, gradients, rows, fallbacks } = await measuring.measure(folder, exported, 'webgpu')
  const errors = Object.entries({ logits, ...gradients, ...Object.fromEntries(Object.entries(rows).map(([what, error]) => [`rows ${what}`, error])) })
  const largest = Math.max(...errors.map(([, error]) => error))
  const worst = errors.find(([, error]) => error === largest)[0]
  const isSame = largest <= (exported.half ? HALF_TOLERANCE : TOLERANCE)
  return { outcome: isSame ? 'same' : 'wrong', largest, fallbacks: [...new Set(fallbacks)], ...(!isSame && { reason: `${worst} differs by ${largest}` }) }
}

/** Verdict, statuses and values of an audit, on both devices. */
async function auditOf(config) {
  const folder = mkdtempSync(join(tmpdir(), 'nightly-webgpu-'))
  try {
    const report = async (device) => {
      const out = join(folder, device)
      await new Promise((resolve) => execFile(process.execPath, [join(root, 'dist/src/cli/main.js'), 'audit', join(root, 'examples', config), '--device', device, '--no-cache', '--exit-zero', '--timeout', '3600', '--out', out, '--format', 'json'], resolve))
      return JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    }
    const [cpu, gpu] = [await report('cpu'), await report('webgpu')]
    const changed = cpu.results.filter((one, i) => one.status !== gpu.results[i].status).map(({ key }) => key)
    const largest = Math.max(0, ...cpu.results.map((one, i) => (one.value === gpu.results[i].value ? 0 : Math.abs(one.value - gpu.results[i].value))))
    return { outcome: changed.length === 0 ? 'same' : 'wrong', largest, check: gpu.engine.device?.check, fallbacks: [...new Set(gpu.engine.device?.fallbacks.map(({ operator: name }) => name))], ...(changed.length > 0 && { reason: `other statuses: ${changed.join(', ')}` }) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

for (const item of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [kind, ...rest] = item.split(' ')
  const outcome = await { operator: () => operator(rest[1]), model: () => model(rest.join(' ')), audit: () => auditOf(rest.join(' ')) }[kind]().catch((error) => ({ outcome: error instanceof CpuCannot ? 'nocpu' : 'refused', reason: String(error.message ?? error).slice(0, 300) }))
  process.stdout.write(`${JSON.stringify({ item, ...outcome })}\n`)
}
process.exit(0)
