import { describe, expect, test } from 'vitest'
import { differentiate } from '../../../src/autodiff/index.js'
import { inferShapes, type Graph } from '../../../src/graph/index.js'
import { TestGraph } from '../../conformance/build-graph.js'
import type { GraphAndFeeds, Shapes } from '../../conformance/operator-case.js'
import { forAll } from '../../conformance/properties.js'
import type { Random } from '../../conformance/random.js'
import { expectGradients, fuseAndCompare } from './fused.js'

const WIDTH = 4
const TOKENS = 5

/** A block of attention over tokens and a dense layer, of which one token is read. x [batch, tokens, width] */
function block(random: Random, shapes: Shapes, read: (g: TestGraph, y: string) => string): GraphAndFeeds {
  const g = new TestGraph(shapes)
  const w = (...dims: number[]) => g.weight(random.between(dims, -0.7, 0.7))
  const x = g.feed('x', random.tensor([2, TOKENS, WIDTH]), shapes === 'static' ? undefined : ['batch', TOKENS, WIDTH])
  const heads = (from: string, perm: number[]) => g.add('Transpose', [g.add('Reshape', [g.add('Add', [g.add('MatMul', [from, w(WIDTH, WIDTH)]), w(WIDTH)]), g.shape([-1, TOKENS, 2, 2])])], { perm })
  const normal = g.add('LayerNormalization', [x, w(WIDTH), w(WIDTH)])
  const scores = g.add('MatMul', [heads(normal, [0, 2, 1, 3]), heads(normal, [0, 2, 3, 1])]) // [batch, 2, tokens, tokens]
  const mixed = g.add('MatMul', [g.add('Softmax', [scores], { axis: -1 }), heads(normal, [0, 2, 1, 3])])
  const joined = g.add('Reshape', [g.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }), g.shape([-1, TOKENS, WIDTH])])
  const residual = g.add('Add', [x, g.add('MatMul', [joined, w(WIDTH, WIDTH)])])
  const dense = g.add('MatMul', [g.add('Tanh', [g.add('MatMul', [residual, w(WIDTH, 6)])]), w(6, WIDTH)])
  return g.finish(read(g, g.add('Add', [residual, dense])))
}

const pick = (index: number) => (g: TestGraph, y: string) => g.add('Gather', [y, g.constant(index, 'int64')], { axis: 1 })
const slice = (start: number, end: number) => (g: TestGraph, y: string) => g.add('Slice', [y, g.shape([start]), g.shape([end]), g.shape([1])])
/** Sizes along the tokens' axis of what the products make. */
const rowsOf = (graph: Graph): unknown[] => {
  const { valueInfo } = inferShapes(graph)
  return graph.nodes.filter(({ opType }) => opType === 'MatMul').map(({ outputs }) => {
    const type = valueInfo.get(outputs[0])?.type
    return type?.kind === 'tensor' ? type.dims?.at(-2) : null
  })
}

describe.each<Shapes>(['static', 'symbolic'])('what is not read is not computed, %s shapes', (shapes) => {
  test.each([['first', pick(0), 1], ['last', pick(-1), 1], ['third', pick(2), 1], ['first two', slice(0, 2), 2], ['all but one', slice(1, 2 ** 40), 4]] as const)('%s token', async (_, read, rows) => {
    await forAll(async (random) => {
      const forward = block(random, shapes, read)
      const fused = fuseAndCompare(forward)
      // Of the query only what is read; of the keys (transposed) and values all tokens.
      expect(rowsOf(fused).filter((size) => size === rows)).toHaveLength(6)
      await expectGradients(forward, random, ['x'], shapes)
    }, 4)
  })
})

test('an index that other readers do not share leaves the value whole', async () => {
  await forAll((random) => {
    const forward = block(random, 'static', (g, y) => g.add('Concat', [g.add('Unsqueeze', [pick(0)(g, y), g.shape([1])]), g.add('ReduceMean', [y, g.shape([1])])], { axis: 1 }))
    expect(rowsOf(fuseAndCompare(forward)).every((size) => size === TOKENS || size === 2)).toBe(true)
  }, 2)
})

test('a value that a gradient is wanted of stays whole', async () => {
  await forAll((random) => {
    const g = new TestGraph('static')
    const hidden = g.add('Tanh', [g.add('MatMul', [g.feed('x', random.tensor([2, 3, WIDTH])), g.weight(random.tensor([WIDTH, WIDTH]))])])
    const { graph } = g.finish(g.add('ReduceSum', [pick(1)(g, g.add('Exp', [hidden])), g.shape([1])], { keepdims: 0 }))
    const { gradients, valueInfo } = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: [hidden] })
    const type = valueInfo.get(gradients.get(hidden) ?? '')?.type
    expect(type?.kind === 'tensor' && type.dims).toEqual([2, 3, WIDTH])
  }, 1)
})

test('a range of a size that only shows at run time is not believed', async () => {
  await forAll(async (random) => {
    const g = new TestGraph('symbolic')
    const x = g.feed('x', random.tensor([2, 3, WIDTH]))
    const y = g.add('Reshape', [g.add('Tanh', [x]), g.shape([0, 0, 2, 2])])
    await expectGradients(g.finish(slice(0, 50)(g, y)), random, ['x'], 'symbolic')
  }, 3)
})
