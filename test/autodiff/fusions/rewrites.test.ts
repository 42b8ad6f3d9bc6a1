import { describe, expect, test } from 'vitest'
import { differentiate } from '../../../src/autodiff/index.js'
import { float } from '../../../src/graph/index.js'
import { TestGraph } from '../../conformance/build-graph.js'
import type { Shapes } from '../../conformance/operator-case.js'
import { forAll } from '../../conformance/properties.js'
import type { Random } from '../../conformance/random.js'
import { interpret, refTensor } from '../../reference/index.js'
import { expectGradients, fuseAndCompare, opsOf } from './fused.js'

describe('layer normalization in pieces', () => {
  const write = (g: TestGraph, random: Random, { power = true, epsilonFirst = false, axis = -1 } = {}) => {
    const x = g.feed('x', random.tensor([2, 3, 4]))
    const mean = (of: string) => g.add('ReduceMean', [of, g.shape([axis])], { keepdims: 1 })
    const centred = g.add('Sub', [x, mean(x)])
    const variance = mean(power ? g.add('Pow', [centred, g.constant(2, 'float32')]) : g.add('Mul', [centred, centred]))
    const epsilon = g.constant(1e-5, 'float32')
    const deviation = g.add('Sqrt', [g.add('Add', epsilonFirst ? [epsilon, variance] : [variance, epsilon])])
    const scaled = g.add('Mul', [g.add('Div', [centred, deviation]), g.weight(random.between([4], 0.5, 1.5))])
    return { deviation, forward: g.finish(g.add('Add', [scaled, g.weight(random.between([4], -1, 1))])) }
  }
  test.each([['a power', {}], ['a product', { power: false }], ['epsilon first', { epsilonFirst: true }], ['the axis from the front', { axis: 2 }]])('with %s', async (_, how) => {
    await forAll(async (random) => {
      const { forward } = write(new TestGraph('static'), random, how)
      expect(opsOf(fuseAndCompare(forward))).toEqual(['LayerNormalization'])
      await expectGradients(forward, random)
    }, 3)
  })
  test('stays in pieces over another axis, or where a piece is wanted', async () => {
    await forAll((random) => {
      // Over axis 1 the vectors of size 4 scale other elements than those that share a mean.
      expect(opsOf(fuseAndCompare(write(new TestGraph('static'), random, { axis: 1 }).forward))).not.toContain('LayerNormalization')
      const { forward, deviation } = write(new TestGraph('static'), random)
      expect(opsOf(fuseAndCompare(forward, [deviation]))).not.toContain('LayerNormalization')
    }, 1)
  })
})

describe('batch normalization after a convolution', () => {
  const write = (g: TestGraph, random: Random, bias: boolean, attributes = {}) => {
    const weight = g.weight(random.between([4, 2, 3, 3], -1, 1))
    const conv = g.add('Conv', [g.feed('x', random.tensor([2, 2, 4, 4])), weight, ...(bias ? [g.weight(random.between([4], -1, 1))] : [])], { pads: [1, 1, 1, 1] })
    const each = () => g.weight(random.between([4], -1, 1))
    const scale = each()
    const normal = g.add('BatchNormalization', [conv, scale, each(), each(), g.weight(random.between([4], 0.3, 2))], { epsilon: float(1e-3), ...attributes })
    return { conv, scale, forward: g.finish(g.add('Tanh', [normal])) }
  }
  test.each([true, false])('goes into its weights, bias %s', async (bias) => {
    await forAll(async (random) => {
      const { forward } = write(new TestGraph('static'), random, bias)
      expect(opsOf(fuseAndCompare(forward))).not.toContain('BatchNormalization')
      await expectGradients(forward, random)
    }, 3)
  })
  test('stays where a gradient of its parameters or of the convolution is wanted, and has the right one', async () => {
    await forAll((random) => {
      for (const wanted of ['conv', 'scale'] as const) {
        const written = write(new TestGraph('static'), random, true)
        expect(opsOf(fuseAndCompare(written.forward, [written[wanted]]))).toContain('BatchNormalization')
      }
    }, 1)
  })
})

describe('transposes across reshapes', () => {
  const write = (shapes: Shapes, random: Random, middle: readonly number[], perm: readonly number[], last: readonly number[]) => {
    const g = new TestGraph(shapes)
    const x = g.feed('x', random.tensor([2, 3, 4, 2]), shapes === 'static' ? undefined : ['batch', 3, 4, 2])
    const y = g.add('Reshape', [g.add('Transpose', [g.add('Reshape', [g.add('Tanh', [x]), g.shape(middle)])], { perm }), g.shape(last)])
    return g.finish(y)
  }
  test.each<[string, Shapes, number[], number[], number[], boolean]>([
    ['leading axes joined', 'static', [-1, 4, 2], [0, 2, 1], [2, 3, 2, 4], true],
    ['leading axes joined, batch open', 'symbolic', [-1, 4, 2], [0, 2, 1], [-1, 3, 2, 4], true],
    ['two pairs exchanged', 'static', [6, 8], [1, 0], [4, 2, 2, 3], true],
    ['joined across the border', 'static', [2, 12, 2], [0, 2, 1], [2, 2, 3, 4], true],
    ['taken apart otherwise', 'static', [6, 8], [1, 0], [8, 3, 2], false],
    ['taken apart in another order', 'static', [-1, 4, 2], [0, 2, 1], [3, 2, 2, 4], false],
    ['joined over no border', 'static', [3, 2, 8], [1, 0, 2], [2, 3, 4, 2], false],
  ])('%s', async (_, shapes, middle, perm, last, isJoined) => {
    await forAll(async (random) => {
      const forward = write(shapes, random, middle, perm, last)
      expect(opsOf(fuseAndCompare(forward)).filter((op) => op === 'Reshape')).toHaveLength(isJoined ? 0 : 2)
      await expectGradients(forward, random, ['x'], shapes)
    }, 2)
  })
})

describe('max pooling after Relu', () => {
  const graphOf = (data: readonly number[], kernel: number, kept = false) => {
    const g = new TestGraph('static')
    const active = g.add('Relu', [g.feed('x', refTensor([1, 1, 4, 4], data))])
    const y = g.add('MaxPool', [active], { kernel_shape: [kernel, kernel], strides: [2, 2], pads: [1, 1, 1, 1] })
    return { active: kept ? [active] : [], ...g.finish(g.add('Reshape', [y, g.shape([-1])])) }
  }
  test('is done before it', async () => {
    await forAll(async (random) => {
      const forward = graphOf(random.tensor([16]).data as unknown as number[], random.integer(2, 3))
      expect(opsOf(fuseAndCompare(forward))).toEqual(['MaxPool', 'Relu', 'Reshape'])
      expect(opsOf(fuseAndCompare(forward, [forward.graph.nodes[0].outputs[0]]))).toEqual(['Relu', 'MaxPool', 'Reshape'])
      await expectGradients(forward, random)
    }, 4)
  })
  test('gives ties the gradient that they have after it', async () => {
    await forAll((random) => {
      const { graph, feeds } = graphOf(random.integers([16], -1, 2).data as unknown as number[], random.integer(2, 3))
      const gradientOf = (active: string[]) => {
        const gradient = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: ['x', ...active] })
        return interpret(gradient, feeds).get(gradient.gradients.get('x') ?? '')?.data
      }
      // Where the gradient of Relu's output is wanted too, the order stays.
      expect(gradientOf([])).toEqual(gradientOf([graph.nodes[0].outputs[0]]))
    }, 30)
  })
})

describe('a number behind a dense layer', () => {
  type Layer = (g: TestGraph, x: string, random: Random) => string
  const weight = (g: TestGraph, random: Random, ...dims: number[]) => g.weight(random.between(dims, -1, 1))
  const layers: Readonly<Record<string, Layer>> = {
    'MatMul': (g, x, random) => g.add('MatMul', [x, weight(g, random, 4, 6)]),
    'MatMul and bias': (g, x, random) => g.add('Add', [weight(g, random, 6), g.add('MatMul', [x, weight(g, random, 4, 6)])]),
    'Gemm': (g, x, random) => g.add('Gemm', [x, weight(g, random, 6, 4), weight(g, random, 6)], { transB: 1, alpha: float(0.5), beta: float(2) }),
  }
  const moved = (g: TestGraph, y: string) => g.add('Transpose', [g.add('Reshape', [y, g.shape([3, 2, 3])])], { perm: [1, 0, 2] })
  test.each(Object.entries(layers))('%s takes it into its weights', async (_, layer) => {
    await forAll(async (random) => {
      const g = new TestGraph('static')
      const y = moved(g, layer(g, g.feed('x', random.tensor([3, 4])), random))
      const forward = g.finish(g.add('Tanh', [random.boolean() ? g.add('Mul', [g.constant(0.3, 'float32'), y]) : g.add('Div', [y, g.constant([4], 'float32')])]))
      const fused = fuseAndCompare(forward)
      expect(fused.nodes.filter(({ opType, inputs }) => (opType === 'Mul' || opType === 'Div') && inputs.some((name) => !fused.initializers.has(name)))).toEqual([])
      await expectGradients(forward, random)
    }, 4)
  })
  test('stays where the layer is read elsewhere too, or its weights are asked for', async () => {
    await forAll(async (random) => {
      const g = new TestGraph('static')
      const y = layers['MatMul and bias'](g, g.feed('x', random.tensor([3, 4])), random)
      const forward = g.finish(g.add('Add', [y, g.add('Mul', [y, g.constant(0.3, 'float32')])]))
      expect(opsOf(fuseAndCompare(forward))).toEqual(opsOf(forward.graph))
      const other = new TestGraph('static')
      const scaled = other.add('Mul', [layers.MatMul(other, other.feed('x', random.tensor([3, 4])), random), other.constant(0.3, 'float32')])
      const one = other.finish(scaled)
      expect(opsOf(fuseAndCompare(one, [one.graph.nodes[0].inputs[1]]))).toEqual(['MatMul', 'Mul'])
      await expectGradients(forward, random)
    }, 2)
  })
  test('more axes from the number than the layer has are not lost', async () => {
    await forAll(async (random) => {
      const g = new TestGraph('static')
      const y = layers.MatMul(g, g.feed('x', random.tensor([3, 4])), random)
      await expectGradients(g.finish(g.add('Mul', [y, g.constant([0.3], 'float32', [1, 1, 1])])), random)
    }, 1)
  })
})
