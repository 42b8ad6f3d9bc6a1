/** @file Quantised networks: forward values of ONNX Runtime, gradients of PyTorch straight through every rounding. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import type { DType } from '../../src/contracts/tensor.js'
import { GraphBuilder, readModel, upgradeModel, type Graph } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'
import { largestError } from '../reference/compare.js'
import { refTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { TestGraph } from '../conformance/build-graph.js'

type Nested = number | readonly Nested[]
type Recorded = { x: Nested[]; logits: Nested[]; weights: Nested[]; gradient: Nested[] }
const folder = new URL('../fixtures/quantized/', import.meta.url)
const recorded = JSON.parse(readFileSync(new URL('quantized.json', folder), 'utf8')) as Record<string, Recorded>

const dimsOf = (value: Nested): number[] => (typeof value === 'number' ? [] : [value.length, ...dimsOf(value[0])])
const flat = (value: Nested): number[] => (typeof value === 'number' ? [value] : value.flatMap(flat))

/** The gradient of Σ weights · output, in the file's own float type on ONNX Runtime. */
async function gradientOf(graph: Graph, x: Nested, output: string, weights: Nested) {
  const builder = new GraphBuilder(graph)
  const weighted = builder.add('Mul', [output, builder.initializer(fromNumbers(flat(weights), dimsOf(weights), 'float32'))])
  const objective = builder.add('Reshape', [weighted, builder.shape([-1])])
  const result = differentiate(builder.build(), { objective: { output: objective }, withRespectTo: ['x'] })
  const values = await runOnnxRuntime({ ...result, outputs: [...result.outputs, { name: output, type: null }] }, new Map([['x', refTensor(dimsOf(x), flat(x))]]))
  return { forward: values.get(output)?.data ?? [], gradient: values.get(result.gradients.get('x') ?? '')?.data ?? [], approximations: result.approximations }
}

describe('networks that ONNX Runtime quantised', () => {
  it.each(Object.entries(recorded))('%s', async (name, { x, logits, weights, gradient }) => {
    const { graph } = upgradeModel(readModel(new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)))))
    const answer = await gradientOf(graph, x, 'logits', weights)
    expect(largestError(answer.forward, flat(logits))).toBeLessThanOrEqual(1e-5)
    expect(largestError(answer.gradient, flat(gradient))).toBeLessThanOrEqual(1e-5)
    expect(answer.approximations.join()).toMatch(/straight through its rounding/)
  })
})

describe('single operators', () => {
  const operators = JSON.parse(readFileSync(new URL('operators.json', folder), 'utf8')) as Record<string, Recorded & { model: string }>

  it.each(Object.entries(operators))('%s', async (_, { model, x, logits, weights, gradient }) => {
    const { graph } = upgradeModel(readModel(new Uint8Array(Buffer.from(model, 'base64'))))
    const answer = await gradientOf(graph, x, 'logits', weights)
    expect(largestError(answer.forward, flat(logits))).toBeLessThanOrEqual(1e-5)
    expect(largestError(answer.gradient, flat(gradient))).toBeLessThanOrEqual(1e-5)
    expect(answer.approximations.join()).toMatch(/straight through its rounding/)
  })
})

/** x → Quantize → (something in integers) → Dequantize, by hand: scale 0.5, zero point 10 of uint8, which saturates below −5 and above 122.5. */
function byHand(between: (graph: TestGraph, q: string) => string, values: readonly number[], dtype: DType = 'uint8'): TestGraph & { y: string } {
  const graph = new TestGraph('static', 21)
  const x = graph.feed('x', refTensor([values.length], values))
  const [scale, zero] = [graph.constant(0.5, 'float32'), graph.constant(10, dtype)]
  const y = graph.add('DequantizeLinear', [between(graph, graph.add('QuantizeLinear', [x, scale, zero])), scale, zero])
  return Object.assign(graph, { y })
}

const gradientByHand = async (graph: TestGraph & { y: string }, weights: readonly number[]) => {
  const { graph: built, feeds } = graph.finish(graph.y)
  return gradientOf(built, Array.from(feeds.get('x')?.data ?? []), graph.y, [...weights])
}

describe('worked by hand', () => {
  it('passes inside the range and stops where it saturates, the ends included', async () => {
    // q = 10 + round(2x): −1 and 256 saturate, 0 and 255 do not; halves round to even.
    const { forward, gradient } = await gradientByHand(byHand((_, q) => q, [-5.5, -5.3, -5, 0.2, 0.25, 0.75, 122.5, 122.8, 200]), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(Array.from(forward)).toEqual([-5, -5, -5, 0, 0, 1, 122.5, 122.5, 122.5])
    expect(Array.from(gradient)).toEqual([0, 0, 3, 4, 5, 6, 7, 0, 0])
  })

  it.each([
    // The largest numbers are 448, 240, 57344 and 57344, times the scale of 0.5; halfway between two steps the even one is taken.
    ['float8e4m3fn', 17, [0.3125, -3, 96, -224, 224, -224], [1, 2, 3, 4, 0, 0]],
    ['float8e4m3fnuz', 18, [0.3125, -3, 96, -120, 120, -120], [1, 2, 3, 0, 0, 0]],
    ['float8e5m2', 19, [0.3125, -3, 96, -224, 320, -28672], [1, 2, 3, 4, 5, 0]],
    ['float8e5m2fnuz', 20, [0.3125, -3, 96, -224, 320, -28672], [1, 2, 3, 4, 5, 0]],
  ] as const)('rounds to %s and stops where it saturates', async (_, dtype, rounded, passed) => {
    const graph = new TestGraph('static', 21)
    const x = graph.feed('x', refTensor([6], [0.3, -3, 100, -223, 300, -60000]))
    const scale = graph.constant(0.5, 'float32')
    const y = graph.add('DequantizeLinear', [graph.add('QuantizeLinear', [x, scale], { output_dtype: dtype }), scale])
    const { forward, gradient } = await gradientByHand(Object.assign(graph, { y }), [1, 2, 3, 4, 5, 6])
    expect(Array.from(forward)).toEqual(rounded)
    expect(Array.from(gradient).map(Math.abs)).toEqual(passed)
  })

  it('follows what is moved and chosen in integers', async () => {
    const graph = byHand((g, q) => {
      const [first, last] = g.addMany('Split', [q], 2, { axis: 0, num_outputs: 2 })
      return g.add('Max', [g.add('Transpose', [g.add('Reshape', [last, g.shape([1, 2])])]), g.add('Reshape', [first, g.shape([2, 1])])])
    }, [1, 5, 3, 2])
    const { forward, gradient } = await gradientByHand(graph, [[10], [20]] as unknown as number[])
    expect(Array.from(forward)).toEqual([3, 5])
    expect(Array.from(gradient)).toEqual([0, 20, 10, 0])
  })

  it('refuses integers that are computed with in another way', () => {
    const graph = byHand((g, q) => g.add('BitShift', [q, g.constant([1, 1], 'uint8')], { direction: 'LEFT' }), [1, 2])
    const { graph: built } = graph.finishAs(graph.y, 'float32', [2])
    const result = () => differentiate(built, { objective: { output: graph.y }, withRespectTo: ['x'] })
    expect(result).toThrow(expect.objectContaining({ code: 'graph/no-gradient' }))
  })

  it('gives scales the gradient of learned step sizes', async () => {
    // Esser et al. 2020: (round(x/s) − x/s) inside, the end of the range outside.
    const graph = new TestGraph('static', 21)
    const x = graph.feed('x', refTensor([3], [0.7, -0.4, 200]))
    const s = graph.feed('s', refTensor([], [0.5]))
    const zero = graph.constant(0, 'int8')
    const y = graph.add('DequantizeLinear', [graph.add('QuantizeLinear', [x, s, zero]), s, zero])
    const { graph: built, feeds } = graph.finishAs(y, 'float32', [3])
    const result = differentiate(built, { objective: { output: y }, withRespectTo: ['s'] })
    const values = await runOnnxRuntime(result, feeds)
    expect(values.get(result.gradients.get('s') ?? '')?.data[0]).toBeCloseTo(1 - 1.4 + (-1 + 0.8) + 127, 4)
  })

  it.each([
    ['along an axis', [3], { axis: 1 }, [0.5, 1, 2]],
    ['in blocks', [2, 2], { axis: 1, block_size: 2 }, [0.5, 1, 2, 4]],
  ] as const)('quantises %s', async (_, dims, attributes, scales) => {
    const graph = new TestGraph('static', 21)
    const x = graph.feed('x', refTensor([2, 3], [1, -70, 300, 3, 1, -250]))
    const scale = graph.initializer(fromNumbers(scales, dims, 'float32'))
    const zero = graph.initializer(fromNumbers(scales.map(() => 0), dims, 'int8'))
    const y = graph.add('DequantizeLinear', [graph.add('QuantizeLinear', [x, scale, zero], attributes), scale, zero], attributes)
    const { graph: built } = graph.finish(y)
    const { forward, gradient } = await gradientOf(built, [[1, -70, 300], [3, 1, -250]], y, [[1, 2, 3], [4, 5, 6]])
    // By axis the limits are ±64, ±127, ±254; in blocks 63.5, 63.5, 127 and 254, 254, 508.
    expect(Array.from(gradient)).toEqual(dims.length === 1 ? [1, 2, 0, 4, 5, 6] : [1, 0, 0, 4, 5, 6])
    expect(Array.from(forward)).toEqual(dims.length === 1 ? [1, -70, 254, 3, 1, -250] : [1, -64, 127, 4, 0, -248])
  })
})
