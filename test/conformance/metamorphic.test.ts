/** @file Laws that gradients obey whatever the operator: linearity, independence of rows, conservation over ties, and agreement of every way to ask. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { elementwise } from './cases/elementwise.js'
import { linear } from './cases/linear.js'
import { pooling } from './cases/pooling.js'
import { shaping } from './cases/shaping.js'
import { TestGraph } from './build-graph.js'
import { floatInputs, referenceGradients } from './check-gradient.js'
import { fed, fixed, forwardGraph, int64s, withObjective, type GraphAndFeeds, type OperatorCase } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'

const RUNS = 10
const sumOf = (tensor: RefTensor): number => tensor.data.reduce((total, value) => total + value, 0)
const combine = (a: number, x: RefTensor, b: number, y: RefTensor): RefTensor => refTensor(x.dims, x.data.map((value, i) => a * value + b * y.data[i]), x.dtype)

describe('linearity: the gradient for weights a·u + b·v is a·(that for u) + b·(that for v)', () => {
  test.each(Object.entries({ ...elementwise, ...linear, ...pooling, ...shaping }))('%s', async (_, make) => {
    await forAll((random) => {
      const one = make(random)
      const forward = forwardGraph(one)
      const results = [...interpret(forward.graph, forward.feeds).values()]
      const draw = () => results.map(({ dims, dtype }) => random.between(dims, -1, 1, dtype))
      const [u, v] = [draw(), draw()]
      const gradients = (weights: RefTensor[]) => {
        const { graph, feeds } = withObjective(forward, (_, i) => weights[i])
        return referenceGradients(graph, feeds, 'objective', floatInputs(forward.graph))
      }
      const [ofU, ofV, ofBoth] = [gradients(u), gradients(v), gradients(u.map((weight, i) => combine(2, weight, -3, v[i])))]
      for (const [name, both] of ofBoth) expect(largestError(both.data, combine(2, ofU.get(name) as RefTensor, -3, ofV.get(name) as RefTensor).data), name).toBeLessThan(1e-9)
    }, RUNS)
  })
})

/** A small classifier of images: convolution, normalization, pools, and two dense layers. */
function classifier(random: Random, x: RefTensor): GraphAndFeeds {
  const g = new TestGraph('symbolic')
  const w = (...dims: number[]) => g.weight(random.between(dims, -0.6, 0.6))
  const features = g.add('Relu', [g.add('Conv', [g.feed('x', x, ['batch', 1, 6, 6]), w(3, 1, 3, 3), w(3)], { pads: [1, 1, 1, 1] })])
  const normal = g.add('BatchNormalization', [features, w(3), w(3), w(3), g.weight(random.between([3], 0.3, 2))])
  const flat = g.add('Flatten', [g.add('AveragePool', [g.add('MaxPool', [normal], { kernel_shape: [2, 2], strides: [2, 2] })], { kernel_shape: [2, 2] })]) // [batch, 12]
  const hidden = g.add('Tanh', [g.add('Gemm', [flat, w(12, 4), w(4)])])
  return g.finishAs(g.add('Gemm', [hidden, w(4, 3), w(3)]), 'float32', ['batch', 3])
}

const rowsOf = (tensor: RefTensor, from: number, to: number): RefTensor => {
  const size = tensor.data.length / tensor.dims[0]
  return refTensor([to - from, ...tensor.dims.slice(1)], tensor.data.slice(from * size, to * size), tensor.dtype)
}

test('a batch of n gives the gradients of n batches of one', async () => {
  await forAll(async (random) => {
    const n = random.integer(2, 4)
    const x = random.tensor([n, 1, 6, 6])
    const { graph } = classifier(random, x)
    const gradient = differentiate(graph, { objective: { output: graph.outputs[0].name, loss: 'cross-entropy' }, withRespectTo: ['x'] })
    const name = gradient.gradients.get('x') as string
    const target = random.integers([n], 0, 2)
    const feedsOf = (from: number, to: number) => new Map([['x', rowsOf(x, from, to)], [gradient.target?.name ?? '', rowsOf(target, from, to)]])
    const whole = interpret(gradient, feedsOf(0, n)).get(name) as RefTensor
    const wholeOnRuntime = (await runOnnxRuntime(gradient, feedsOf(0, n))).get(name) as RefTensor
    expect(sumOf(refTensor(whole.dims, whole.data.map(Math.abs)))).toBeGreaterThan(1e-4)
    for (let row = 0; row < n; row++) {
      const alone = interpret(gradient, feedsOf(row, row + 1)).get(name) as RefTensor
      expect(largestError(rowsOf(whole, row, row + 1).data, alone.data)).toBeLessThan(1e-12)
      expect(largestError(rowsOf(wholeOnRuntime, row, row + 1).data, alone.data)).toBeLessThan(1e-4)
    }
  }, RUNS)
})

describe('what comes in at ties goes out again, whole', () => {
  const coarse = (random: Random, dims: number[]) => fed(refTensor(dims, random.integers(dims, -1, 1).data))
  const cases: Record<string, (random: Random) => OperatorCase> = {
    'MaxPool': (random) => ({ op: 'MaxPool', opset: 18, attributes: { kernel_shape: [2, 2], strides: [1, 2], pads: [1, 0, 0, 1] }, inputs: [coarse(random, [2, 2, 5, 4])] }),
    'ReduceMax': (random) => ({ op: 'ReduceMax', opset: 18, inputs: [coarse(random, [3, 4, 2]), int64s([random.integer(0, 2)])] }),
    'ReduceMin': (random) => ({ op: 'ReduceMin', opset: 18, inputs: [coarse(random, [3, 4, 2]), int64s([random.integer(0, 2)])] }),
    'Max': (random) => ({ op: 'Max', opset: 18, inputs: [coarse(random, [3, 4]), coarse(random, [4]), coarse(random, [3, 1])] }),
    'Min': (random) => ({ op: 'Min', opset: 18, inputs: [coarse(random, [3, 4]), coarse(random, [4]), coarse(random, [3, 1])] }),
    'GlobalMaxPool': (random) => ({ op: 'GlobalMaxPool', opset: 18, inputs: [coarse(random, [2, 2, 3, 4])] }),
    'TopK': (random) => ({ op: 'TopK', opset: 18, attributes: { axis: 1 }, inputs: [coarse(random, [3, 5]), int64s([3])], outputs: 2 }),
    'ScatterElements max': (random) => ({ op: 'ScatterElements', opset: 18, attributes: { axis: 1, reduction: 'max' }, inputs: [coarse(random, [3, 4]), fixed(random.integers([3, 6], 0, 3)), coarse(random, [3, 6])] }),
    'ScatterND min': (random) => ({ op: 'ScatterND', opset: 18, attributes: { reduction: 'min' }, inputs: [coarse(random, [4, 2]), fixed(random.integers([5, 1], 0, 3)), coarse(random, [5, 2])] }),
  }
  test.each(Object.entries(cases))('%s', async (_, make) => {
    await forAll((random) => {
      const forward = forwardGraph(make(random))
      let incoming = 0
      const { graph, feeds } = withObjective(forward, ({ dims, dtype }) => {
        const weight = random.between(dims, 0.5, 1.5, dtype)
        incoming = sumOf(weight)
        return weight
      })
      const gradients = referenceGradients(graph, feeds, 'objective', floatInputs(forward.graph))
      expect([...gradients.values()].reduce((total, gradient) => total + sumOf(gradient), 0)).toBeCloseTo(incoming, 9)
    }, RUNS)
  })
})

describe('the gradient of a value does not depend on what else is asked for', () => {
  const chain = (random: Random) => {
    const g = new TestGraph('static')
    const weight = random.tensor([3, 4])
    const x = g.feed('x', random.tensor([2, 3]))
    g.initializers.set('weight', { data: Float32Array.from(weight.data), dims: weight.dims, dtype: 'float32' })
    const hidden = g.add('Tanh', [g.add('MatMul', [x, 'weight'])])
    const forward = g.finish(g.add('Mul', [hidden, g.add('Sigmoid', [hidden])]))
    return { hidden, weight, ...withObjective(forward, ({ dims }) => random.between(dims, -1, 1)) }
  }

  test('inputs, initializers and internal values, alone or together', async () => {
    await forAll((random) => {
      const { graph, feeds, hidden } = chain(random)
      const together = referenceGradients(graph, feeds, 'objective', ['x', 'weight', hidden])
      for (const [name, gradient] of together) {
        const alone = referenceGradients(graph, feeds, 'objective', [name]).get(name) as RefTensor
        expect(Array.from(alone.data)).toEqual(Array.from(gradient.data))
      }
    }, RUNS)
  })

  test('an initializer has the gradient that it would have as an input', async () => {
    await forAll((random) => {
      const { graph, feeds, weight } = chain(random)
      const initializers = new Map(graph.initializers)
      initializers.delete('weight')
      const asInput = { ...graph, initializers, inputs: [...graph.inputs, { name: 'weight', type: { kind: 'tensor' as const, dtype: 'float32' as const, dims: weight.dims } }] }
      const expected = referenceGradients(asInput, new Map([...feeds, ['weight', weight]]), 'objective', ['weight']).get('weight') as RefTensor
      expect(Array.from((referenceGradients(graph, feeds, 'objective', ['weight']).get('weight') as RefTensor).data)).toEqual(Array.from(expected.data))
    }, RUNS)
  })

  test('an internal value has the gradient of the graph that starts there', async () => {
    await forAll((random) => {
      const { graph, feeds, hidden } = chain(random)
      const value = interpret(graph, feeds, { fetch: [hidden] }).get(hidden) as RefTensor
      const nodes = graph.nodes.filter(({ outputs }) => !outputs.includes(hidden))
      const fromThere = { ...graph, nodes, inputs: [...graph.inputs, { name: hidden, type: { kind: 'tensor' as const, dtype: 'float32' as const, dims: value.dims } }] }
      const expected = referenceGradients(fromThere, new Map([...feeds, [hidden, value]]), 'objective', [hidden]).get(hidden) as RefTensor
      expect(largestError((referenceGradients(graph, feeds, 'objective', [hidden]).get(hidden) as RefTensor).data, expected.data)).toBeLessThan(1e-12)
    }, RUNS)
  })

  test('a value that the objective does not depend on has zeros', async () => {
    await forAll((random) => {
      const g = new TestGraph('static')
      const used = g.feed('x', random.tensor([2, 3]))
      g.feed('unused', random.tensor([3]))
      const throughInteger = g.feed('rounded', random.tensor([2, 3]))
      const { graph, feeds } = withObjective(g.finish(g.add('Add', [used, g.add('Round', [throughInteger])])), ({ dims }) => random.between(dims, -1, 1))
      const gradients = referenceGradients(graph, feeds, 'objective', ['x', 'unused', 'rounded'])
      expect(gradients.get('unused')).toEqual(refTensor([3], [0, 0, 0]))
      expect(gradients.get('rounded')).toEqual(refTensor([2, 3], [0, 0, 0, 0, 0, 0]))
    }, RUNS)
  })
})
