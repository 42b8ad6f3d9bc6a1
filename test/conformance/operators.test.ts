/** @file Every differentiable operator against finite differences and ONNX Runtime, with shapes that the graph states and shapes that it leaves open. */
import { describe, expect, test } from 'vitest'
import { differentiableOps, differentiate } from '../../src/autodiff/index.js'
import { elementwise } from './cases/elementwise.js'
import { further } from './cases/further.js'
import { linear } from './cases/linear.js'
import { pooling, poolingWithDroppedWindows } from './cases/pooling.js'
import { shaping } from './cases/shaping.js'
import { checkGradient } from './check-gradient.js'
import { forwardGraph, randomWeights, withObjective, type CaseMaker, type CaseTable, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'

const RUNS = 20
const cases: CaseTable = { ...elementwise, ...linear, ...pooling, ...shaping, ...further }

/** Their rules depend on the number of axes. */
const NEED_RANK = ['MatMul of matrices', 'MatMul with vectors', 'MatMul with batches', 'BatchNormalization', 'Gather']

const checkOperator = (make: CaseMaker, shapes: Shapes, runs = RUNS) =>
  forAll(async (random) => {
    const one = make(random)
    const { graph, feeds } = withObjective(forwardGraph(one, shapes), randomWeights(random), shapes)
    await checkGradient(graph, feeds, 'objective', one.inputs.flatMap((given, i) => (given === null || given.constant || !given.tensor.dtype.startsWith('float') ? [] : [`x${i}`])))
  }, runs)

test.each(Object.entries(cases))('%s, static shapes', (_, make) => checkOperator(make, 'static'))
test.each(Object.entries({ ...cases, ...poolingWithDroppedWindows }))('%s, symbolic shapes', (_, make) => checkOperator(make, 'symbolic'))

describe('unknown numbers of axes', () => {
  const entries = Object.entries(cases)
  test.each(entries.filter(([name]) => !NEED_RANK.includes(name)))('%s', (_, make) => checkOperator(make, 'unknown', 5))
  test.each(entries.filter(([name]) => NEED_RANK.includes(name)))('%s says so', async (_, make) => {
    await forAll((random) => {
      const { graph } = withObjective(forwardGraph(make(random), 'unknown'), randomWeights(random), 'unknown')
      expect(() => differentiate(graph, { objective: { output: 'objective' }, withRespectTo: ['x0'] })).toThrow(/the number of axes of "x0" is unknown/)
    }, 5)
  })
})

test('every differentiable operator has cases', () => {
  expect(differentiableOps.filter((op) => !Object.keys(cases).some((name) => name === op || name.startsWith(`${op} `)))).toEqual([])
})
