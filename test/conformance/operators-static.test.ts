/** @file Every differentiable operator against finite differences and ONNX Runtime, where the graph states every size. */
import { expect, test } from 'vitest'
import { differentiableOps } from '../../src/autodiff/index.js'
import { cases, checkOperator } from './check-operator.js'

test.each(Object.entries(cases))('%s', (_, make) => checkOperator(make, 'static', 20))

/** Held to PyTorch instead: differences see a rounding as steps. */
const STRAIGHT_THROUGH = ['QuantizeLinear', 'DynamicQuantizeLinear', 'ConvInteger', 'MatMulInteger']

test('every differentiable operator has cases', () => {
  expect(differentiableOps.filter((op) => !STRAIGHT_THROUGH.includes(op) && !Object.keys(cases).some((name) => name === op || name.startsWith(`${op} `)))).toEqual([])
})
