/** @file Every differentiable operator against finite differences and ONNX Runtime, where the graph states every size. */
import { expect, test } from 'vitest'
import { differentiableOps } from '../../src/autodiff/index.js'
import { cases, checkOperator } from './check-operator.js'

test.each(Object.entries(cases))('%s', (_, make) => checkOperator(make, 'static', 20))

/** Held to PyTorch instead: differences see a rounding as steps. */
const STRAIGHT_THROUGH = ['QuantizeLinear', 'DynamicQuantizeLinear', 'ConvInteger', 'MatMulInteger']
/** Their bodies are graphs, which test/autodiff/control-flow.test.ts writes and recurrent.test.ts draws. */
const WITH_BODIES = ['If', 'Loop']

test('every differentiable operator has cases', () => {
  const elsewhere = [...STRAIGHT_THROUGH, ...WITH_BODIES]
  expect(differentiableOps.filter((op) => !elsewhere.includes(op) && !Object.keys(cases).some((name) => name === op || name.startsWith(`${op} `)))).toEqual([])
})
