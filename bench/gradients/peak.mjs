/** GFLOP/s of one square matrix product on ONNX Runtime with two threads: what a gradient could reach at most. */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = resolve(process.env.PROBITY_DIST ?? new URL('../../dist', import.meta.url).pathname)
const load = (path) => import(pathToFileURL(join(dist, 'src', path)).href)
const { openSession } = await load('engine/onnxruntime/session.js')
const { writeModel } = await load('graph/index.js')

const SIZE = 1024
const type = { kind: 'tensor', dtype: 'float32', dims: [SIZE, SIZE] }
const matrix = { data: Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i)), dims: [SIZE, SIZE], dtype: 'float32' }
const graph = {
  name: 'product', inputs: [{ name: 'a', type }], overridable: [], outputs: [{ name: 'c', type }], initializers: new Map([['b', matrix]]), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]),
  nodes: [{ name: 'c', opType: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['c'], attributes: new Map() }],
}
const session = await openSession(writeModel({ irVersion: 9, producerName: '', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, graph, functions: [] }), { threads: 2, label: 'a matrix product' })
let best = Infinity
for (let i = 0; i < 30; i++) {
  const start = performance.now()
  await session.run(new Map([['a', matrix]]))
  best = Math.min(best, performance.now() - start)
}
console.log(JSON.stringify({ gflops: (2 * SIZE ** 3) / best / 1e6 }))
