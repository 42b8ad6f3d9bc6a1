import { describe, expect, test } from 'vitest'
import { differentiate, pathGradient, type PathGraph } from '../../src/autodiff/index.js'
import type { Graph } from '../../src/graph/index.js'
import { TestGraph } from '../conformance/build-graph.js'
import { forAll } from '../conformance/properties.js'
import type { Random } from '../conformance/random.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

const PATHS = 2
const NODES = [0.1, 0.4, 0.95]
const WEIGHTS = [0.5, 0.3, 0.2]

type Case = { readonly graph: Graph; readonly along: Readonly<Record<string, RefTensor>>; readonly perRow?: Readonly<Record<string, RefTensor>>; readonly shared?: Readonly<Record<string, RefTensor>> }

const rowOf = ({ dims, data, dtype }: RefTensor, row: number): RefTensor => {
  const size = data.length / dims[0]
  return refTensor([1, ...dims.slice(1)], data.slice(row * size, (row + 1) * size), dtype)
}
const join = (rows: readonly RefTensor[]): RefTensor => refTensor([rows.length, ...rows[0].dims.slice(1)], rows.flatMap(({ data }) => Array.from(data)), rows[0].dtype)
/** Every row as often as there are points. */
const repeated = (tensor: RefTensor): RefTensor => join(Array.from({ length: tensor.dims[0] * NODES.length }, (_, i) => rowOf(tensor, Math.floor(i / NODES.length))))

/** Σ weight · gradient, point by point. */
function byPoints({ graph, along, perRow = {}, shared = {} }: Case, starts: Readonly<Record<string, RefTensor>>): Record<string, number[]> {
  const names = Object.keys(along)
  const gradient = differentiate(graph, { objective: { output: 'score' }, withRespectTo: names })
  const sums = Object.fromEntries(names.map((name) => [name, new Array<number>(along[name].data.length).fill(0)]))
  NODES.forEach((node, k) => {
    const points = names.map((name) => [name, refTensor(along[name].dims, Array.from(along[name].data, (end, i) => starts[name].data[i] + node * (end - starts[name].data[i])))] as const)
    const results = interpret(gradient, new Map([...points, ...Object.entries(perRow), ...Object.entries(shared)]))
    for (const name of names) results.get(gradient.gradients.get(name) ?? '')?.data.forEach((value, i) => (sums[name][i] += WEIGHTS[k] * value))
  })
  return sums
}

async function expectSame(random: Random, one: Case): Promise<PathGraph> {
  const starts = Object.fromEntries(Object.entries(one.along).map(([name, { dims }]) => [name, random.between(dims, -1, 1)]))
  const expected = byPoints(one, starts)
  const paths = pathGradient(one.graph, { objective: { output: 'score' }, along: Object.keys(one.along), perRow: [...Object.keys(one.along), ...Object.keys(one.perRow ?? {})] })
  const feeds = new Map<string, RefTensor>([
    ...[...paths.ends].flatMap(([name, { start, end }]) => [[start, starts[name]] as const, [end, one.along[name]] as const]),
    ...Object.entries(one.perRow ?? {}).map(([name, tensor]) => [name, repeated(tensor)] as const),
    ...Object.entries(one.shared ?? {}),
    [paths.positions, refTensor([NODES.length], NODES)], [paths.weights, refTensor([NODES.length], WEIGHTS)],
  ])
  const [exact, onRuntime] = [interpret(paths, feeds), await runOnnxRuntime(paths, feeds)]
  for (const [name, sum] of Object.entries(expected)) {
    const output = paths.gradients.get(name) ?? ''
    expect(exact.get(output)?.dims, name).toEqual(one.along[name].dims)
    expect(largestError(exact.get(output)?.data ?? [], sum), `${name} in float64`).toBeLessThan(1e-9)
    expect(largestError(onRuntime.get(output)?.data ?? [], sum), `${name} on ONNX Runtime`).toBeLessThan(1e-5)
  }
  return paths
}

const WIDE = 80
const scoreOf = (g: TestGraph, y: string): Graph => {
  g.nodes.push({ name: 'score', opType: 'ReduceSum', domain: '', inputs: [y, g.shape([1])], outputs: ['score'], attributes: new Map([['keepdims', { type: 'int', value: 0n }]]) })
  g.output({ name: 'score', type: { kind: 'tensor', dtype: 'float32', dims: ['batch'] } })
  return g.build()
}
/** How many rows a product sees: those of the paths, or those of all points. */
const readsEnds = (paths: PathGraph, opType: string): boolean => paths.nodes.some((node) => node.opType === opType && [...paths.ends.values()].some(({ start }) => reaches(paths, start, node.inputs[0])))
const reaches = (graph: Graph, from: string, to: string): boolean => from === to || graph.nodes.some((node) => node.outputs.includes(to) && node.inputs.length > 0 && node.opType !== 'Concat' && reaches(graph, from, node.inputs[0]))

describe('the same sum as point by point', () => {
  const dense = (random: Random, write: (g: TestGraph, x: string, w: (...dims: number[]) => string) => string, width = WIDE): Case => {
    const g = new TestGraph('symbolic')
    const x = random.between([PATHS, width], -1, 1)
    const w = (...dims: number[]) => g.weight(random.between(dims, -0.3, 0.3))
    return { graph: scoreOf(g, write(g, g.feed('x', x, ['batch', width]), w)), along: { x } }
  }

  test('a dense layer first: it is computed at the ends', async () => {
    await forAll(async (random) => {
      const paths = await expectSame(random, dense(random, (g, x, w) => g.add('MatMul', [g.add('Tanh', [g.add('Gemm', [g.add('Div', [g.add('Sub', [x, w(WIDE)]), g.constant(2, 'float32')]), w(3, WIDE), w(3)], { transB: 1 })]), w(3, 2)])))
      expect(readsEnds(paths, 'Gemm')).toBe(true)
    }, 5)
  })
  test('a narrow layer first: the inputs are mixed', async () => {
    await forAll(async (random) => {
      await expectSame(random, dense(random, (g, x, w) => g.add('Tanh', [g.add('MatMul', [x, w(4, 3)])]), 4))
    }, 3)
  })
  test('an input that is read before and behind the layer', async () => {
    await forAll(async (random) => {
      await expectSame(random, dense(random, (g, x, w) => g.add('Add', [g.add('Sin', [x]), g.add('Exp', [g.add('MatMul', [x, w(WIDE, WIDE)])])])))
    }, 3)
  })
  test('two layers, the second not behind anything bent', async () => {
    await forAll(async (random) => {
      await expectSame(random, dense(random, (g, x, w) => {
        const z = g.add('MatMul', [x, w(WIDE, 5)])
        return g.add('Mul', [g.add('Tanh', [z]), g.add('MatMul', [z, w(5, 5)])])
      }))
    }, 3)
  })
  test('an objective that is affine as a whole', async () => {
    await forAll(async (random) => {
      await expectSame(random, dense(random, (g, x, w) => g.add('MatMul', [x, w(WIDE, 2)])))
    }, 3)
  })
  test('a shape that is read of the input, rows included', async () => {
    await forAll(async (random) => {
      await expectSame(random, dense(random, (g, x, w) => {
        const z = g.add('Tanh', [g.add('MatMul', [x, w(WIDE, 6)])])
        const rows = g.add('Slice', [g.add('Shape', [x]), g.shape([0]), g.shape([1])])
        return g.add('ReduceMax', [g.add('Reshape', [z, g.add('Concat', [rows, g.shape([2, 3])], { axis: 0 })]), g.shape([1])], { keepdims: 0 })
      }))
    }, 3)
  })
  test('a convolution with large windows', async () => {
    await forAll(async (random) => {
      const g = new TestGraph('symbolic')
      const image = random.between([PATHS, 4, 6, 6], -1, 1)
      const conv = g.add('Conv', [g.feed('image', image, ['batch', 4, 6, 6]), g.weight(random.between([2, 4, 5, 5], -0.2, 0.2)), g.weight(random.between([2], -1, 1))], { pads: [2, 2, 2, 2], strides: [2, 2] })
      const paths = await expectSame(random, { graph: scoreOf(g, g.add('Flatten', [g.add('Sigmoid', [conv])])), along: { image } })
      expect(readsEnds(paths, 'Conv')).toBe(true)
    }, 3)
  })
  test('other inputs, per row and for all rows, and two paths at once', async () => {
    await forAll(async (random) => {
      const g = new TestGraph('symbolic')
      const [a, b, fixed, shared] = [random.between([PATHS, WIDE], -1, 1), random.between([PATHS, 3], -1, 1), random.between([PATHS, 3], -1, 1), random.between([3], -1, 1)]
      const z = g.add('MatMul', [g.feed('a', a, ['batch', WIDE]), g.weight(random.between([WIDE, 3], -0.3, 0.3))])
      const mixed = g.add('Mul', [g.add('Add', [z, g.feed('fixed', fixed, ['batch', 3])]), g.feed('b', b, ['batch', 3])])
      await expectSame(random, { graph: scoreOf(g, g.add('Sin', [g.add('Add', [mixed, g.feed('shared', shared, [3])])])), along: { a, b }, perRow: { fixed }, shared: { shared } })
    }, 3)
  })
})
