/** @file Laws that relate the gradients of two graphs that compute the same, or of a graph and its parts. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { extract, inferShapes, type Graph } from '../../src/graph/index.js'
import { broadcastDims } from '../../src/tensor/broadcast.js'
import { largestError } from '../reference/compare.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { TestGraph } from './build-graph.js'
import { referenceGradients, type Feeds } from './check-gradient.js'
import { randomWeights, withObjective } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'

const RUNS = 10

function expectSame(actual: ReadonlyMap<string, RefTensor>, expected: ReadonlyMap<string, RefTensor>): void {
  expect([...actual.keys()]).toEqual([...expected.keys()])
  for (const [name, gradient] of expected) {
    expect((actual.get(name) as RefTensor).dims, name).toEqual(gradient.dims)
    expect(largestError((actual.get(name) as RefTensor).data, gradient.data), name).toBeLessThan(1e-11)
  }
}

describe('broadcasting is an explicit Expand', () => {
  const positive = ['Pow', 'Div', 'Mod']
  test.each(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Mean', 'Sum', 'Where', 'PRelu'])('%s', async (op) => {
    await forAll((random) => {
      const whole = random.dims(1, 4)
      const part = random.broadcastableTo(whole)
      const values = (dims: number[]) => (positive.includes(op) ? random.between(dims, 0.4, 2) : random.tensor(dims))
      const [a, b, condition, seed] = [values(whole), values(part), random.booleans(whole), random.integer(0, 1000)]
      const gradients = (explicit: boolean) => {
        const g = new TestGraph('static')
        const x = g.feed('a', a)
        const given = g.feed('b', b)
        const y = explicit ? g.add('Expand', [given, g.shape(whole)]) : given
        const output = g.add(op, op === 'Where' ? [g.feed('condition', condition), y, x] : [x, y], op === 'Mod' ? { fmod: 1 } : {})
        const { graph, feeds } = withObjective(g.finish(output), ({ dims, data, dtype }) => ({ dims, dtype, data: data.map((_, i) => Math.sin(seed + i)) }))
        return referenceGradients(graph, feeds, 'objective', ['a', 'b'])
      }
      expect(broadcastDims(whole, part)).toEqual(whole)
      expectSame(gradients(false), gradients(true))
    }, RUNS)
  })
})

/** Values that are read more than once, a reduction, a product and a choice between them. */
function layered(random: Random): { graph: Graph; feeds: Feeds; inner: readonly string[] } {
  const g = new TestGraph(random.pick(['static', 'symbolic']))
  const x = g.feed('x', random.tensor([2, 3, 4]))
  const weight = g.weight(random.between([4, 4], -0.7, 0.7))
  const product = g.add('MatMul', [x, weight]) // [2, 3, 4]
  const normal = g.add('Sub', [product, g.add('ReduceMean', [product, g.shape([-1])])])
  const gate = g.add('Sigmoid', [normal])
  const attention = g.add('Softmax', [g.add('MatMul', [gate, g.add('Transpose', [normal], { perm: [0, 2, 1] })])], { axis: -1 }) // [2, 3, 3]
  const mixed = g.add('MatMul', [attention, g.add('Relu', [g.add('Mul', [gate, x])])])
  const forward = g.finish(g.add('Max', [mixed, normal]))
  return { ...withObjective(forward, randomWeights(random)), inner: [product, normal, gate, attention, mixed] }
}

test('the gradient of an internal value is that of the graph which is cut there', async () => {
  await forAll((random) => {
    const { graph, feeds, inner } = layered(random)
    const whole = referenceGradients(graph, feeds, 'objective', inner)
    const values = interpret(graph, feeds, { fetch: inner })
    for (const name of inner) {
      const rest = extract(inferShapes(graph), [name], ['objective'])
      const fed = new Map([...feeds, ...values].filter(([value]) => rest.inputs.some((info) => info.name === value)))
      expectSame(new Map([[name, whole.get(name) as RefTensor]]), referenceGradients(rest, fed, 'objective', [name]))
    }
  }, RUNS)
})

test('the gradient of a sum of objectives is the sum of their gradients', async () => {
  await forAll((random) => {
    const g = new TestGraph('static')
    const x = g.feed('x', random.tensor([3, 4]))
    const hidden = g.add('Tanh', [x])
    const parts = [g.add('ReduceSum', [g.add('Mul', [hidden, hidden]), g.shape([1])], { keepdims: 0 }), g.add('ReduceLogSumExp', [hidden, g.shape([1])], { keepdims: 0 }), g.add('ReduceMax', [x, g.shape([1])], { keepdims: 0 })]
    const sum = g.add('Sum', parts)
    const { graph, feeds } = g.finish(sum)
    const gradientOf = (output: string) => {
      const gradient = differentiate({ ...graph, outputs: [{ name: output, type: null }] }, { objective: { output }, withRespectTo: ['x'] })
      return interpret(gradient, feeds).get(gradient.gradients.get('x') as string) as RefTensor
    }
    const added = parts.map(gradientOf).reduce((a, b) => ({ ...a, data: a.data.map((value, i) => value + b.data[i]) }))
    expectSame(new Map([['x', gradientOf(sum)]]), new Map([['x', added]]))
  }, RUNS)
})
