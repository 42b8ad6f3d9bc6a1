/** @file Random chains of three to six operators on images, tables and sequences, with values used more than once. */
import { describe, test } from 'vitest'
import { float } from '../../src/graph/index.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { checkGradient } from './check-gradient.js'
import { TestGraph } from './build-graph.js'
import { randomWeights, withObjective, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'

/** A value of the chain, with the sizes that it has in this run. */
type Value = { readonly name: string; readonly dims: readonly number[] }
/** Null where the operator does not fit the value. */
type Link = (g: TestGraph, x: Value, random: Random, earlier: readonly Value[]) => string | null

const weight = (g: TestGraph, random: Random, dims: readonly number[]) => g.weight(random.tensor(dims))
const unary = (op: string, attributes = {}): Link => (g, x) => g.add(op, [x.name], attributes)
/** Keeps exponentials and powers in a range where float32 still carries five digits. */
const tamed = (g: TestGraph, x: Value) => g.add('Tanh', [x.name])

const links: readonly Link[] = [
  unary('Relu'), unary('LeakyRelu', { alpha: float(0.1) }), unary('Sigmoid'), unary('Tanh'), unary('Neg'), unary('Identity'),
  (g, x) => g.add('Exp', [tamed(g, x)]),
  (g, x) => g.add('Log', [g.add('Add', [g.add('Sigmoid', [x.name]), g.constant(0.5, 'float32')])]),
  (g, x) => g.add('Sqrt', [g.add('Add', [g.add('Mul', [x.name, x.name]), g.constant(0.5, 'float32')])]),
  (g, x) => g.add('Pow', [tamed(g, x), g.constant(3, 'float32')]),
  (g, x) => g.add('Clip', [x.name, g.constant(-0.7123, 'float32'), g.constant(0.8456, 'float32')]),
  (g, x, random) => g.add(random.pick(['Add', 'Sub', 'Mul']), [x.name, weight(g, random, random.broadcastableTo(x.dims))]),
  (g, x, random) => g.add('Div', [x.name, g.weight(random.awayFromZero(random.broadcastableTo(x.dims)))]),
  (g, x, random, earlier) => {
    const same = earlier.filter((value) => value.dims.join() === x.dims.join())
    return same.length === 0 ? null : g.add(random.pick(['Add', 'Mul', 'Sub']), [x.name, random.pick(same).name])
  },
  (g, x, random) => (x.dims.length === 2 ? g.add('Gemm', [x.name, weight(g, random, [3, x.dims[1]]), weight(g, random, [3])], { transB: 1 }) : null),
  (g, x, random) => (x.dims.length >= 2 ? g.add('MatMul', [x.name, weight(g, random, [x.dims[x.dims.length - 1], 2])]) : null),
  (g, x, random) => (x.dims.length === 4 ? g.add('Conv', [x.name, weight(g, random, [2, x.dims[1], 2, 2]), weight(g, random, [2])], { pads: [1, 1, 0, 0], strides: [1, random.integer(1, 2)] }) : null),
  (g, x, random) => (x.dims.length === 4 ? g.add(random.pick(['MaxPool', 'AveragePool']), [x.name], { kernel_shape: [2, 2], pads: [1, 0, 0, 1] }) : null),
  (g, x) => (x.dims.length === 4 ? g.add('GlobalAveragePool', [x.name]) : null),
  (g, x, random) => {
    if (x.dims.length < 2) return null
    const perChannel = () => weight(g, random, [x.dims[1]])
    return g.add('BatchNormalization', [x.name, perChannel(), perChannel(), perChannel(), g.weight(random.between([x.dims[1]], 0.3, 2))])
  },
  (g, x, random) => (x.dims.length >= 1 ? g.add(random.pick(['Softmax', 'LogSoftmax']), [x.name], { axis: random.axis(x.dims.length) }) : null),
  (g, x, random) => g.add(random.pick(['ReduceMean', 'ReduceSum', 'ReduceMax']), [x.name, g.shape(random.axes(x.dims.length, 1))], { keepdims: x.dims.length < 2 ? 1 : random.integer(0, 1) }),
  (g, x, random) => g.add('Transpose', [x.name], { perm: random.order(x.dims.length) }),
  (g, x) => g.add('Flatten', [x.name]),
  (g, x) => g.add('Reshape', [x.name, g.shape([0, -1])]),
  (g, x, random) => g.add('Unsqueeze', [x.name, g.shape([random.integer(0, x.dims.length)])]),
  (g, x) => g.add('Squeeze', [g.add('Unsqueeze', [x.name, g.shape([0])]), g.shape([0])]),
  (g, x, random) => g.add('Concat', [x.name, g.add('Tanh', [x.name]), x.name], { axis: random.axis(x.dims.length) }),
  (g, x, random) => g.add('Slice', [x.name, g.shape([-1]), g.shape([-100]), g.shape([random.axis(x.dims.length)]), g.shape([-1])]),
  (g, x, random) => g.add('Gather', [x.name, g.shape([0, -1, 0])], { axis: random.axis(x.dims.length) }),
  (g, x) => g.add('Where', [g.add('Greater', [x.name, g.constant(0.1234, 'float32')]), x.name, g.add('Sigmoid', [x.name])]),
  (g, x) => g.add('Cast', [g.add('Cast', [x.name], { to: 11 })], { to: 1 }),
]

const LARGEST = 400

function grow(g: TestGraph, start: Value, random: Random): string {
  const values: Value[] = [start]
  const length = random.integer(3, 6)
  for (let tries = 0; values.length <= length && tries < 40; tries++) {
    const x = values[values.length - 1]
    const before = g.nodes.length
    const name = x.dims.length === 0 ? null : random.pick(links)(g, x, random, values)
    if (name === null) continue
    const dims = (interpret(g.build(), g.feeds, { fetch: [name] }).get(name) as RefTensor).dims
    if (dims.reduce((a, b) => a * b, 1) > LARGEST || dims.length > 5) g.nodes.length = before
    else values.push({ name, dims })
  }
  return values[values.length - 1].name
}

const starts = { image: (random: Random) => [random.integer(1, 2), random.integer(1, 2), random.integer(2, 4), random.integer(2, 4)], table: (random: Random) => [random.integer(1, 3), random.integer(1, 4)], sequence: (random: Random) => random.dims(3, 3) }

describe.each<Shapes>(['static', 'symbolic'])('random chains, %s shapes', (shapes) => {
  test.each(Object.entries(starts))('of an %s', async (_, dimsOf) => {
    await forAll(async (random) => {
      const g = new TestGraph(shapes)
      const x = random.tensor(dimsOf(random))
      // Batch and map sizes are open; exporters state channels and columns.
      const stated = x.dims.map((dim, axis) => (shapes === 'symbolic' && (axis === 0 || axis > 1) && !(x.dims.length === 3 && axis === 2) ? `x_${axis}` : dim))
      const output = grow(g, { name: g.feed('x', x, stated), dims: x.dims }, random)
      const { graph, feeds } = withObjective(g.finish(output), randomWeights(random), shapes)
      await checkGradient(graph, feeds, 'objective', ['x'])
    }, 25)
  })
})
