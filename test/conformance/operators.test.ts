/** @file Every differentiable operator against finite differences and ONNX Runtime, with shapes that the graph states and shapes that it leaves open. */
import { expect, test } from 'vitest'
import { differentiableOps } from '../../src/autodiff/index.js'
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

const checkOperator = (make: CaseMaker, shapes: Shapes) =>
  forAll(async (random) => {
    const one = make(random)
    const { graph, feeds } = withObjective(forwardGraph(one, shapes), randomWeights(random), shapes)
    await checkGradient(graph, feeds, 'objective', one.inputs.flatMap((given, i) => (given === null || given.constant || !given.tensor.dtype.startsWith('float') ? [] : [`x${i}`])))
  }, RUNS)

test.each(Object.entries(cases))('%s, static shapes', (_, make) => checkOperator(make, 'static'))
test.each(Object.entries({ ...cases, ...poolingWithDroppedWindows }))('%s, symbolic shapes', (_, make) => checkOperator(make, 'symbolic'))

test('every differentiable operator has cases', () => {
  expect(differentiableOps.filter((op) => !Object.keys(cases).some((name) => name === op || name.startsWith(`${op} `)))).toEqual([])
})
