/** @file Remainders with the sign of the divisor, by infinite divisors: gradients as PyTorch 2.13 gives them for torch.remainder. ONNX Runtime has no such Mod of floats. */
import { expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { interpret, refTensor } from '../reference/index.js'
import { fed, forwardGraph, withObjective } from './operator-case.js'

test('an infinite divisor of the other sign is the result, and takes the gradient', () => {
  const inputs = [[-3, 3, -1, 1, 0], [Infinity, Infinity, -Infinity, -Infinity, Infinity]].map((values) => fed(refTensor([5], values)))
  const { graph, feeds } = withObjective(forwardGraph({ op: 'Mod', opset: 21, inputs }), () => refTensor([5], [1, 1, 1, 1, 1]))
  const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: ['x0', 'x1'] })
  const results = interpret(gradient, feeds)
  const of = (name: string) => Array.from(results.get(gradient.gradients.get(name) ?? '')?.data ?? [], (value) => value + 0)
  expect(of('x0')).toEqual([1, 1, 1, 1, 1])
  expect(of('x1')).toEqual([1, 0, 0, 1, 0])
})

test('where nothing flows back, a remainder that is NaN passes no NaN', () => {
  const inputs = [[Infinity, 1, 1], [2, 0, NaN]].map((values) => fed(refTensor([3], values)))
  const { graph, feeds } = withObjective(forwardGraph({ op: 'Mod', opset: 21, inputs }), () => refTensor([3], [0, 0, 0]))
  const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: ['x1'] })
  expect(Array.from(interpret(gradient, feeds).get(gradient.gradients.get('x1') ?? '')?.data ?? [], (value) => value + 0)).toEqual([0, 0, 0])
})
