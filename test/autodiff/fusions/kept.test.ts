/** @file Values inside a pattern that a gradient is wanted of: no rewrite goes past them, together with the pattern's input or alone. */
import { expect, test } from 'vitest'
import { differentiate } from '../../../src/autodiff/index.js'
import type { Tensor } from '../../../src/contracts/tensor.js'
import { toNumbers } from '../../../src/tensor/tensor.js'
import { TestGraph } from '../../conformance/build-graph.js'
import { checkGradient } from '../../conformance/check-gradient.js'
import { interpret, refTensor } from '../../reference/index.js'

const wave = (...dims: number[]) => refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + 0.3)))

/** Each names a value inside and gives the activation's output. */
const patterns: Readonly<Record<string, (g: TestGraph, x: string) => { inner: string; y: string }>> = {
  'the gate of Swish': (g, x) => {
    const inner = g.add('Sigmoid', [x])
    return { inner, y: g.add('Mul', [x, inner]) }
  },
  'what the gate of Swish is taken of': (g, x) => {
    const inner = g.add('Mul', [x, g.constant(1.702, 'float32', [])])
    return { inner, y: g.add('Mul', [x, g.add('Sigmoid', [inner])]) }
  },
  'the rate of Swish': (g, x) => {
    const inner = g.weight(refTensor([], [1.5]))
    return { inner, y: g.add('Mul', [x, g.add('Sigmoid', [g.add('Mul', [x, inner])])]) }
  },
  'what erf is taken of': (g, x) => {
    const inner = g.add('Div', [x, g.constant(Math.SQRT2, 'float32', [])])
    return { inner, y: g.add('Mul', [g.add('Mul', [x, g.add('Add', [g.add('Erf', [inner]), g.constant(1, 'float32', [])])]), g.constant(0.5, 'float32', [])]) }
  },
  'the half of Gelu': (g, x) => {
    const inner = g.weight(refTensor([], [0.5]))
    const erf = g.add('Erf', [g.add('Div', [x, g.constant(Math.SQRT2, 'float32', [])])])
    return { inner, y: g.add('Mul', [g.add('Mul', [x, g.add('Add', [erf, g.constant(1, 'float32', [])])]), inner]) }
  },
}

test.each(Object.entries(patterns))('%s', async (_, pattern) => {
  const g = new TestGraph('static')
  const h = g.add('Mul', [g.feed('x', wave(3, 4)), g.weight(wave(4))])
  const { inner, y } = pattern(g, h)
  const { graph, feeds } = g.finishAs(g.add('ReduceSum', [g.add('Mul', [y, g.weight(wave(3, 4))]), g.shape([1])], { keepdims: 0 }), 'float32', [3])
  const objective = { output: graph.outputs[0].name }
  const together = differentiate(graph, { objective, withRespectTo: ['x', inner] })
  const alone = differentiate(graph, { objective, withRespectTo: [inner] })
  const [both, one] = [together, alone].map((made) => interpret(made, feeds).get(made.gradients.get(inner)!)!)
  expect(Math.max(...both.data.map(Math.abs))).toBeGreaterThan(1e-3)
  both.data.forEach((value, i) => expect(Math.abs(value - one.data[i])).toBeLessThan(1e-12))
  await checkGradient(graph, feeds, objective.output, ['x'])
  if (!graph.initializers.has(inner)) return
  const [value] = toNumbers(graph.initializers.get(inner) as Tensor)
  const total = (at: number) => interpret(graph, new Map([...feeds, [inner, refTensor([], [at])]])).get(objective.output)!.data.reduce((a, b) => a + b)
  expect(Math.abs(both.data[0] - (total(value + 1e-5) - total(value - 1e-5)) / 2e-5)).toBeLessThan(1e-7)
})
