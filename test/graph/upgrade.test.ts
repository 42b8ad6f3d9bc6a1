import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { toAttributes, type Attributes } from '../../src/graph/builder.js'
import { float, upgradeModel, upgradeOpset, writeModel, type Graph, type Initializer, type Node, type OnnxModel, type ValueInfo } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'

const node = (opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({ name: opType, opType, domain: '', inputs, outputs, attributes: toAttributes(attributes) })
const input = (dims: (number | null)[]): ValueInfo => ({ name: 'x', type: { kind: 'tensor', dtype: 'float32', dims } })

function graphOf(opset: number, nodes: Node[], dims: (number | null)[], initializers: Record<string, Initializer> = {}): Graph {
  const outputs = nodes.at(-1)?.outputs.filter((name) => name !== '').map((name): ValueInfo => ({ name, type: null })) ?? []
  return { name: 'g', inputs: [input(dims)], overridable: [], outputs, nodes, initializers: new Map(Object.entries(initializers)), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', opset]]) }
}
const modelOf = (graph: Graph): OnnxModel => ({ irVersion: 8, producerName: '', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, graph, functions: [] })

async function run(model: OnnxModel, dims: number[]): Promise<{ dims: readonly number[]; data: number[] }[]> {
  const session = await InferenceSession.create(writeModel(model))
  const size = dims.reduce((a, b) => a * b, 1)
  const x = Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7) * 3)
  const outputs = await session.run({ x: new OrtTensor('float32', x, dims) })
  await session.release()
  return session.outputNames.map((name) => ({ dims: outputs[name].dims, data: Array.from(outputs[name].data as ArrayLike<number | bigint>, Number) }))
}

const vector = (...values: number[]) => fromNumbers(values, [values.length], 'float32')
const i64 = (...values: number[]) => fromNumbers(values, [values.length], 'int64')
type Case = [name: string, opset: number, nodes: Node[], dims: number[], initializers?: Record<string, Initializer>]
const one = (opset: number, opType: string, attributes: Attributes = {}, dims = [2, 3, 4], outputs = ['y']): Case => [`${opType}-${opset} ${JSON.stringify(Object.keys(attributes))}`, opset, [node(opType, ['x'], outputs, attributes)], dims]

const CASES: Case[] = [
  ...['Softmax', 'LogSoftmax', 'Hardmax'].flatMap((op) => [one(9, op), one(11, op, { axis: -2 }), one(12, op, { axis: 2 }), one(7, op, { axis: 0 }), one(11, op, {}, [3, 5])]),
  one(11, 'Squeeze', { axes: [1] }, [2, 1, 3]), one(11, 'Squeeze', {}, [2, 1, 3, 1]), one(12, 'Unsqueeze', { axes: [0, 2] }),
  one(11, 'ReduceSum', { axes: [-1], keepdims: 0 }), one(8, 'ReduceSum', { keepdims: 0 }),
  ...['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].flatMap((op) => [one(17, op, { axes: [0, 2], keepdims: 0 }), one(13, op)]),
  one(10, 'Clip', { min: float(-0.5), max: float(1) }), one(7, 'Clip', { max: float(1) }), one(10, 'Clip'),
  one(9, 'Slice', { starts: [1, 0], ends: [3, 2 ** 31], axes: [1, 2] }), one(9, 'Slice', { starts: [0, -2], ends: [1, 3] }),
  one(10, 'Pad', { pads: [0, 1, 0, 0, 0, 2], value: float(7) }), one(9, 'Pad', { pads: [0, 1, 1, 0, 0, 2], mode: 'edge' }),
  one(11, 'Dropout', { ratio: float(0.5) }), one(7, 'Dropout', { ratio: float(0.5) }),
  one(9, 'TopK', { k: 2, axis: 1 }, [2, 3, 4], ['y', 'i']),
  one(11, 'Split', { axis: 1, split: [1, 2] }, [2, 3, 4], ['y', 'z']), one(12, 'Split', { axis: 2 }, [2, 3, 4], ['y', 'z']), one(13, 'Split', { axis: 2 }, [2, 3, 4], ['y', 'z']),
  ['Split-13 with sizes', 13, [node('Split', ['x', 's'], ['y', 'z'], { axis: 1 })], [2, 3, 4], { s: i64(2, 1) }],
  ['BatchNormalization-8', 8, [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], { spatial: 1, epsilon: float(0.01), momentum: float(0.8) })], [2, 3, 4], { s: vector(1, 2, 3), b: vector(0.1, 0.2, 0.3), m: vector(0.5, 0, -0.5), v: vector(1, 2, 0.5) }],
  ['Upsample-9', 9, [node('Upsample', ['x', 's'], ['y'], { mode: 'linear' })], [1, 1, 3, 5], { s: vector(1, 1, 2, 1.5) }],
  ['Upsample-7', 7, [node('Upsample', ['x'], ['y'], { mode: 'nearest', scales: { type: 'floats', value: [1, 1, 2, 1.5] } })], [1, 1, 3, 5]],
  ['tf_half_pixel_for_nn', 11, [node('Resize', ['x', 's', 's'], ['y'], { mode: 'nearest', coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' })], [1, 1, 3, 5], { s: vector(1, 1, 2, 1.5) }],
  ['Resize-10', 10, [node('Resize', ['x', 's'], ['y'], { mode: 'nearest' })], [1, 1, 3, 5], { s: vector(1, 1, 2, 1.5) }],
  ['Scatter-10', 10, [node('Scatter', ['x', 'i', 'u'], ['y'], { axis: 1 })], [2, 3], { i: fromNumbers([0, 2], [2, 1], 'int64'), u: fromNumbers([9, 8], [2, 1], 'float32') }],
  ['a chain', 9, [node('Slice', ['x'], ['a'], { starts: [0], ends: [2], axes: [1] }), node('Softmax', ['a'], ['b']), node('ReduceMean', ['b'], ['y'], { axes: [2] })], [2, 3, 4]],
]

describe('upgraded graphs compute the same', () => {
  it.each(CASES)('%s', async (_, opset, nodes, dims, initializers) => {
    const model = modelOf(graphOf(opset, nodes, dims, initializers))
    const upgraded = upgradeModel(model)
    expect(upgraded.graph.opsets.get('')).toBe(18)
    expect(await run(upgraded, dims)).toEqual(await run(model, dims))
  })
  it('where the rank is not known', async () => {
    const graph = { ...graphOf(11, [node('Softmax', ['x'], ['y'])], []), inputs: [{ name: 'x', type: { kind: 'tensor' as const, dtype: 'float32' as const, dims: null } }] }
    expect(await run(upgradeModel(modelOf(graph)), [2, 3, 4])).toEqual(await run(modelOf(graph), [2, 3, 4]))
  })
})

describe('subgraphs', () => {
  const branch = (opType: string): Graph => ({ ...graphOf(11, [node(opType, ['x'], [`${opType}_out`], { axes: [1] })], []), inputs: [] })
  const choice: Node = { ...node('If', ['c'], ['y']), attributes: new Map([['then_branch', { type: 'graph', value: branch('ReduceSum') }], ['else_branch', { type: 'graph', value: branch('ReduceMean') }]]) }
  const graph = graphOf(11, [choice], [2, 3], { c: { data: new Uint8Array([1]), dims: [], dtype: 'bool' } })

  it('are upgraded, under names that hide nothing', async () => {
    expect(await run(upgradeModel(modelOf(graph)), [2, 3])).toEqual(await run(modelOf(graph), [2, 3]))
    const bodies = [...upgradeOpset(graph).nodes[0].attributes.values()].flatMap((attribute) => (attribute.type === 'graph' ? [attribute.value] : []))
    expect(bodies.map(({ nodes }) => nodes[0].attributes.size)).toEqual([0, 0])
    expect(new Set(bodies.flatMap(({ initializers }) => [...initializers.keys()])).size).toBe(2)
  })
})

describe('what cannot be said in opset 18', () => {
  it.each<[string, number, Node]>([
    ['spatial', 8, node('BatchNormalization', ['x', 's', 's', 's', 's'], ['y'], { spatial: 0 })],
    ['training', 12, node('BatchNormalization', ['x', 's', 's', 's', 's'], ['y', 'mean'])],
    ['mask', 9, node('Dropout', ['x'], ['y', 'mask'])],
    ['tf_half_pixel_for_nn', 11, node('Resize', ['x', 's', 's'], ['y'], { coordinate_transformation_mode: 'tf_half_pixel_for_nn' })],
  ])('%s is refused, naming the node', (_, opset, what) => {
    expect(() => upgradeOpset(graphOf(opset, [what], [2, 3]))).toThrow(expect.objectContaining({ code: 'graph/opset', message: expect.stringContaining(`"${what.opType}"`) }))
  })
  it('opsets before 7 are refused', () => expect(() => upgradeOpset(graphOf(6, [node('Relu', ['x'], ['y'])], [2]))).toThrow(/opset 6/))
})

it('leaves graphs at 18 and above alone', () => {
  const graph = graphOf(21, [node('Relu', ['x'], ['y'])], [2])
  expect(upgradeOpset(graph)).toBe(graph)
})
it('gives graphs of other domains alone the internal opset to build on', () => {
  const graph: Graph = { ...graphOf(18, [{ ...node('Scaler', ['x'], ['y']), domain: 'ai.onnx.ml' }], [2]), opsets: new Map([['ai.onnx.ml', 1]]) }
  expect([...upgradeOpset(graph).opsets]).toEqual([['ai.onnx.ml', 1], ['', 18]])
})
