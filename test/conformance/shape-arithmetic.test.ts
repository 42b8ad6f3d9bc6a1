/** @file Graphs in which exporters compute shapes with integers: Shape, Gather, Concat, Mul, Cast and the like beside the float path. */
import { describe, test } from 'vitest'
import { tensorValue } from '../../src/graph/index.js'
import { checkGradient } from './check-gradient.js'
import { TestGraph } from './build-graph.js'
import { randomWeights, withObjective, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'

type Body = (g: TestGraph, x: string, random: Random) => string

const INT64 = 7
const FLOAT32 = 1
const shapeOf = (g: TestGraph, x: string) => g.add('Shape', [x])
const dim = (g: TestGraph, x: string, axis: number) => g.add('Gather', [shapeOf(g, x), g.constant(axis, 'int64')]) // []
const asVector = (g: TestGraph, scalar: string) => g.add('Unsqueeze', [scalar, g.shape([0])]) // [1]

/** Each takes x [a, b, c]. */
const bodies: Readonly<Record<string, Body>> = {
  'view(x.size(0), -1)': (g, x) => g.add('Reshape', [x, g.add('Concat', [asVector(g, dim(g, x, 0)), g.shape([-1])], { axis: 0 })]),
  'view(a · b, c) by multiplying sizes': (g, x) => g.add('Reshape', [x, g.add('Concat', [asVector(g, g.add('Mul', [dim(g, x, 0), dim(g, x, 1)])), asVector(g, dim(g, x, 2))], { axis: 0 })]),
  'a mean by hand, with the size cast to float': (g, x) => g.add('Div', [g.add('ReduceSum', [x, g.shape([1])]), g.add('Cast', [dim(g, x, 1)], { to: FLOAT32 })]),
  'attention scale, 1 / √c': (g, x) => g.add('Mul', [x, g.add('Reciprocal', [g.add('Sqrt', [g.add('Cast', [dim(g, x, 2)], { to: FLOAT32 })])])]),
  'expand to the shape of another value': (g, x) => g.add('Mul', [x, g.add('Expand', [g.add('ReduceMean', [x, g.shape([0, 2])]), shapeOf(g, x)])]),
  'a slice to half of the axis': (g, x) => g.add('Slice', [x, g.shape([0]), asVector(g, g.add('Div', [g.add('Add', [dim(g, x, 2), g.constant(1, 'int64')]), g.constant(2, 'int64')])), g.shape([2]), g.shape([1])]),
  'the last position by size − 1': (g, x) => g.add('Gather', [x, g.add('Sub', [dim(g, x, 1), g.constant(1, 'int64')])], { axis: 1 }),
  'positions from Range': (g, x) => g.add('Gather', [x, g.add('Range', [g.constant(0, 'int64'), dim(g, x, 1), g.constant(1, 'int64')])], { axis: 1 }),
  'ones of the shape, then subtracted': (g, x) => g.add('Sub', [g.add('Cast', [g.add('ConstantOfShape', [shapeOf(g, x)])], { to: FLOAT32 }), x]),
  'a rank-dependent reshape through Size': (g, x) => g.add('Reshape', [x, asVector(g, g.add('Size', [x]))]),
  'a causal mask from Trilu': (g, x) => {
    const square = g.add('MatMul', [x, g.add('Transpose', [x], { perm: [0, 2, 1] })]) // [a, b, b]
    const keep = g.add('Trilu', [g.add('ConstantOfShape', [g.add('Shape', [square], { start: 1 })])], { upper: 0 }) // zeros [b, b]
    const lower = g.add('Trilu', [g.add('Add', [keep, g.constant(1, 'float32')])], { upper: 0 }) // [b, b]
    return g.add('Softmax', [g.add('Where', [g.add('Cast', [lower], { to: 9 }), square, g.constant(-1e9, 'float32')])], { axis: -1 })
  },
  'a float that passes through an integer': (g, x) => g.add('Mul', [x, g.add('Cast', [g.add('Cast', [x], { to: INT64 })], { to: FLOAT32 })]),
  'a Constant node': (g, x) => g.add('Mul', [x, g.add('Constant', [], { value: tensorValue({ data: Float32Array.of(-1.5), dims: [1, 1, 1], dtype: 'float32' }) })]),
  'a float that is compared': (g, x) => g.add('Mul', [x, g.add('Cast', [g.add('Greater', [x, g.constant(0.5, 'float32')])], { to: FLOAT32 })]),
  'an index that argmax chose': (g, x) => g.add('GatherElements', [x, g.add('ArgMax', [x], { axis: 1 })], { axis: 1 }),
}

describe.each<Shapes>(['static', 'symbolic'])('integer arithmetic on shapes, %s shapes', (shapes) => {
  test.each(Object.entries(bodies))('%s', async (_, body) => {
    await forAll(async (random) => {
      const g = new TestGraph(shapes)
      const output = body(g, g.feed('x', random.tensor(random.dims(3, 3))), random)
      const { graph, feeds } = withObjective(g.finish(output), randomWeights(random), shapes)
      await checkGradient(graph, feeds, 'objective', ['x'])
    }, 10)
  })
})
