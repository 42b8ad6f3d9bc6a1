/** Probity in a process of its own: node contender.mjs FOLDER MODEL. Reads requests and answers them as JSON lines. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = resolve(process.env.PROBITY_DIST ?? new URL('../../dist', import.meta.url).pathname)
const load = (path) => import(pathToFileURL(join(dist, 'src', path)).href)
const [{ differentiate }, { openSession }, { readModel, writeModel, upgradeModel, inferShapes }, { openOnnxModel }, { integratedGradients }] = await Promise.all([
  load('autodiff/index.js'), load('engine/onnxruntime/session.js'), load('graph/index.js'), load('engine/onnxruntime/open-model.js'), load('explain/index.js'),
])

const [folder, name] = process.argv.slice(2)
const path = join(folder, `${name}.onnx`)
const about = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
const BYTES = { float32: Float32Array, int64: BigInt64Array }
const tensors = new Map(Object.entries(about.inputs).map(([key, { dims, dtype }]) => {
  const bytes = readFileSync(join(folder, `${name}.${key}.bin`))
  return [key, { data: new BYTES[dtype](bytes.buffer, bytes.byteOffset, bytes.byteLength / BYTES[dtype].BYTES_PER_ELEMENT), dims, dtype }]
}))
const threads = 2

async function openForward() {
  const session = await openSession(readFileSync(path), { threads, label: name })
  const feeds = new Map([...tensors].filter(([key]) => key !== 'target'))
  return async () => (await session.run(feeds, ['y'])).get('y')
}

async function openGradient() {
  const model = upgradeModel(readModel(readFileSync(path)))
  const graph = differentiate(inferShapes(model.graph), { objective: { output: 'y', ...(about.loss ? { loss: about.loss } : {}) }, withRespectTo: ['x'] })
  const bytes = writeModel({ ...model, graph })
  if (process.env.SAVE_GRAPH) writeFileSync(process.env.SAVE_GRAPH, bytes)
  const session = await openSession(bytes, { threads, label: name })
  const feeds = new Map([...tensors].map(([key, tensor]) => [key === 'target' ? graph.target.name : key, tensor]))
  const output = graph.gradients.get('x')
  return async () => (await session.run(feeds, [output])).get(output)
}

async function openIntegrated() {
  const model = await openOnnxModel(path, { threads })
  const rows = 8
  const cut = (tensor) => ({ ...tensor, data: tensor.data.slice(0, (tensor.data.length / tensor.dims[0]) * rows), dims: [rows, ...tensor.dims.slice(1)] })
  const feeds = Object.fromEntries([...tensors].filter(([key]) => key !== 'target').map(([key, tensor]) => [key, cut(tensor)]))
  const target = tensors.has('target') ? Array.from(tensors.get('target').data.slice(0, rows), Number) : undefined
  return async () => (await integratedGradients(model, feeds, { target, steps: 64, withRespectTo: 'x' })).attributions.x
}

const openers = { forward: openForward, gradient: openGradient, integrated: openIntegrated }
const opened = new Map()
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  if (!opened.has(request.run)) opened.set(request.run, await openers[request.run]())
  const run = opened.get(request.run)
  const ms = [], cpu = []
  let result
  for (let i = 0; i < request.times; i++) {
    const start = performance.now(), before = process.cpuUsage()
    result = await run()
    ms.push(performance.now() - start)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1e3)
  }
  if (request.save) writeFileSync(request.save, Buffer.from(Float32Array.from(result.data).buffer))
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
  process.stdout.write(`${JSON.stringify({ ms, cpu, peakMb: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024 })}\n`)
}
