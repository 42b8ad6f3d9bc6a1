import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { afterAll, expect, test } from 'vitest'
import { GraphBuilder, isExternal, readExternalData, readModel, saveModel, type OnnxModel } from '../../src/graph/index.js'

const folder = mkdtempSync(join(tmpdir(), 'probity-save-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SIZE = 64
/** y = x·W + b with W [64, 64] (16 KiB) and b [64], which is small. */
function model(): OnnxModel {
  const builder = new GraphBuilder({ name: 'linear', inputs: [], overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]) })
  builder.input({ name: 'x', type: { kind: 'tensor', dtype: 'float32', dims: ['N', SIZE] } })
  builder.initializers.set('W', { data: Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i)), dims: [SIZE, SIZE], dtype: 'float32' })
  builder.initializers.set('b', { data: Float32Array.from({ length: SIZE }, (_, i) => i), dims: [SIZE], dtype: 'float32' })
  builder.nodes.push({ name: 'y', opType: 'Gemm', domain: '', inputs: ['x', 'W', 'b'], outputs: ['y'], attributes: new Map() })
  builder.output({ name: 'y', type: { kind: 'tensor', dtype: 'float32', dims: ['N', SIZE] } })
  return { irVersion: 8, producerName: '', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, functions: [], graph: builder.build() }
}

async function run(path: string): Promise<Float32Array> {
  const session = await InferenceSession.create(path)
  const { y } = await session.run({ x: new OrtTensor('float32', Float32Array.from({ length: SIZE }, (_, i) => Math.cos(i)), [1, SIZE]) })
  await session.release()
  return y.data as Float32Array
}

test('what fits goes into one file', async () => {
  const path = join(folder, 'one.onnx')
  expect(await saveModel(model(), path)).toEqual([path])
  expect(readModel(readFileSync(path)).graph.initializers.get('W')).toEqual(model().graph.initializers.get('W'))
})

test('large weights go to a file beside it, at page boundaries, and the runtime finds them', async () => {
  const path = join(folder, 'two.onnx')
  expect(await saveModel(model(), path, { maxInsideBytes: 1000 })).toEqual([path, `${path}.data`])
  const { initializers } = readModel(readFileSync(path)).graph
  expect(initializers.get('W')).toMatchObject({ external: { location: 'two.onnx.data', offset: 0, length: 4 * SIZE * SIZE } })
  expect(isExternal(initializers.get('b')!)).toBe(false)
  expect(statSync(`${path}.data`).size).toBe(4 * SIZE * SIZE)
  expect(await run(path)).toEqual(await run(join(folder, 'one.onnx')))
})

test('weights that lie outside already are copied without being read whole', async () => {
  const source = readModel(readFileSync(join(folder, 'two.onnx')))
  const path = join(folder, 'three.onnx')
  expect(await saveModel(source, path, { sourceFolder: folder })).toEqual([path, `${path}.data`])
  const { graph } = await readExternalData(readModel(readFileSync(path)), folder)
  expect(graph.initializers).toEqual(model().graph.initializers)
  await expect(saveModel(source, join(folder, 'four.onnx'))).rejects.toMatchObject({ code: 'graph/external-data' })
})

test('an existing file is not overwritten', async () => {
  await expect(saveModel(model(), join(folder, 'one.onnx'))).rejects.toThrow(/EEXIST/)
})
