import { describe, expect, test } from 'vitest'
import { differentiate } from '../../../src/autodiff/index.js'
import { float } from '../../../src/graph/index.js'
import { TestGraph } from '../../conformance/build-graph.js'
import { forAll } from '../../conformance/properties.js'
import { erf } from '../../reference/erf.js'
import { interpret, refTensor } from '../../reference/index.js'
import { runOnnxRuntime } from '../../reference/onnxruntime.js'
import { expectGradients, fuseAndCompare, opsOf } from './fused.js'

type Write = (g: TestGraph, x: string) => string
const number = (g: TestGraph, value: number) => g.constant(Math.fround(value), 'float32')
const erfOf = (g: TestGraph, x: string) => g.add('Add', [g.add('Erf', [g.add('Div', [x, number(g, Math.SQRT2)])]), number(g, 1)])
const inner = (g: TestGraph, x: string, cube: string) => g.add('Mul', [number(g, Math.sqrt(2 / Math.PI)), g.add('Add', [x, g.add('Mul', [number(g, 0.044715), cube])])])
const tanhOf = (g: TestGraph, x: string, cube: string) => g.add('Add', [number(g, 1), g.add('Tanh', [inner(g, x, cube)])])

/** The forms that torch.onnx, onnxscript and tf2onnx write. */
const GELUS: Readonly<Record<string, Write>> = {
  'x · (½ · (1 + erf))': (g, x) => g.add('Mul', [x, g.add('Mul', [number(g, 0.5), erfOf(g, x)])]),
  '(x · (1 + erf)) · ½': (g, x) => g.add('Mul', [g.add('Mul', [x, erfOf(g, x)]), number(g, 0.5)]),
  '(½ · x) · (1 + erf), scaled by a product': (g, x) => g.add('Mul', [g.add('Mul', [number(g, 0.5), x]), g.add('Add', [number(g, 1), g.add('Erf', [g.add('Mul', [x, number(g, Math.SQRT1_2)])])])]),
  'tanh of a cube by Pow': (g, x) => g.add('Mul', [x, g.add('Mul', [number(g, 0.5), tanhOf(g, x, g.add('Pow', [x, number(g, 3)]))])]),
  'tanh of a cube by products': (g, x) => g.add('Mul', [g.add('Mul', [number(g, 0.5), x]), tanhOf(g, x, g.add('Mul', [g.add('Mul', [x, x]), x]))]),
}

describe('Gelu in pieces', () => {
  test.each(Object.entries(GELUS))('%s', async (_, write) => {
    await forAll(async (random) => {
      const g = new TestGraph('static')
      const fused = fuseAndCompare(g.finish(write(g, g.feed('x', random.tensor([2, 3])))))
      expect(opsOf(fused).filter((op) => op === 'Pow' || op === 'Div' || op === 'Tanh')).toEqual([])
      const again = new TestGraph('static')
      await expectGradients(again.finish(write(again, again.feed('x', random.tensor([2, 3])))), random)
    }, 5)
  })
})

describe('what only looks like Gelu keeps its own gradient', () => {
  const others: Readonly<Record<string, Write>> = {
    'another factor': (g, x) => g.add('Mul', [x, g.add('Mul', [number(g, 0.6), erfOf(g, x)])]),
    'erf of something else': (g, x) => g.add('Mul', [g.add('Neg', [x]), g.add('Mul', [number(g, 0.5), erfOf(g, x)])]),
    'another offset': (g, x) => g.add('Mul', [x, g.add('Mul', [number(g, 0.5), g.add('Add', [g.add('Erf', [g.add('Div', [x, number(g, Math.SQRT2)])]), number(g, 2)])])]),
    'another cube': (g, x) => g.add('Mul', [x, g.add('Mul', [number(g, 0.5), g.add('Add', [number(g, 1), g.add('Tanh', [g.add('Add', [x, g.add('Pow', [x, number(g, 3)])])])])])]),
    'a piece that is read elsewhere': (g, x) => {
      const gate = erfOf(g, x)
      return g.add('Add', [gate, g.add('Mul', [x, g.add('Mul', [number(g, 0.5), gate])])])
    },
  }
  test.each(Object.entries(others))('%s', async (_, write) => {
    await forAll(async (random) => {
      const g = new TestGraph('static')
      const forward = g.finish(write(g, g.feed('x', random.tensor([2, 3]))))
      expect(opsOf(fuseAndCompare(forward))).toEqual(opsOf(forward.graph))
      await expectGradients(forward, random)
    }, 3)
  })
})

describe('gates by sigmoid', () => {
  const gates: Readonly<Record<string, Write>> = {
    'x · σ(x)': (g, x) => g.add('Mul', [x, g.add('Sigmoid', [x])]),
    'σ(1.702 · x) · x': (g, x) => g.add('Mul', [g.add('Sigmoid', [g.add('Mul', [number(g, 1.702), x])]), x]),
    'a gate that is read elsewhere': (g, x) => {
      const gate = g.add('Sigmoid', [x])
      return g.add('Add', [gate, g.add('Mul', [x, gate])])
    },
    'x · σ(z), z another input': (g, x) => g.add('Mul', [x, g.add('Sigmoid', [g.add('Add', [x, number(g, 1)])])]),
  }
  test.each(Object.entries(gates))('%s', async (_, write) => {
    await forAll(async (random) => {
      const g = new TestGraph('static')
      await expectGradients(g.finish(write(g, g.feed('x', random.tensor([2, 3])))), random)
    }, 5)
  })
})

describe('far from zero', () => {
  const far = [-1e30, -1e6, -300, -40, -12, -8, -6.5, 0, 6.5, 8, 12, 40, 300, 1e6, 1e30]
  const phi = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2))
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  const steps: Readonly<Record<string, readonly [Write, (x: number) => number]>> = {
    'Gelu by erf': [GELUS['x · (½ · (1 + erf))'], (x) => phi(x) + (Math.abs(x) > 100 ? 0 : x * density(x))],
    'Gelu by tanh': [GELUS['tanh of a cube by products'], (x) => {
      if (Math.abs(x) > 20) return x > 0 ? 1 : 0
      const scale = Math.sqrt(2 / Math.PI)
      const t = Math.tanh(scale * (x + 0.044715 * x ** 3))
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x)
    }],
  }
  test.each(Object.entries(steps))('%s is a step', async (_, [write, slope]) => {
    const g = new TestGraph('static')
    const x = refTensor([far.length], far)
    const { graph, feeds } = g.finish(write(g, g.feed('x', x)))
    const gradient = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: ['x'] })
    const name = gradient.gradients.get('x') ?? ''
    const exact = interpret(gradient, feeds).get(name)?.data ?? []
    const narrow = (await runOnnxRuntime(gradient, feeds)).get(name)?.data ?? []
    far.forEach((at, i) => {
      expect(Math.abs(exact[i] - slope(at)), `in float64 at ${at}`).toBeLessThan(1e-6)
      // Runtimes stop short of 0 and 1 in their sigmoid, by 1e-7 at most, which large x multiplies.
      expect(Math.abs(narrow[i] - slope(at)), `in float32 at ${at}`).toBeLessThan(Math.abs(at) > 300 ? Infinity : 1e-4)
    })
  })
})

test('the operator of opset 20 is written in the same pieces', async () => {
  for (const approximate of ['none', 'tanh']) {
    await forAll(async (random) => {
      const g = new TestGraph('static', 20)
      const forward = g.finish(g.add('Gelu', [g.add('LeakyRelu', [g.feed('x', random.tensor([2, 4]))], { alpha: float(0.5) })], { approximate }))
      expect(opsOf(fuseAndCompare(forward))).not.toContain('Gelu')
      await expectGradients(forward, random)
    }, 3)
  }
})
