/** @file Every differentiable operator against finite differences and ONNX Runtime, with shapes that the graph states and shapes that it leaves open. */
import { describe, expect, test } from 'vitest'
import { differentiableOps } from '../../src/autodiff/index.js'
import { elementwise } from './cases/elementwise.js'
import { further } from './cases/further.js'
import { linear } from './cases/linear.js'
import { pooling } from './cases/pooling.js'
import { shaping } from './cases/shaping.js'
import { checkGradient } from './check-gradient.js'
import { forwardGraph, randomWeights, withObjective, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'

const RUNS = 20
const cases = { ...elementwise, ...linear, ...pooling, ...shaping, ...further }

describe.each<Shapes>(['static', 'symbolic'])('gradients, %s shapes', (shapes) => {
  test.each(Object.entries(cases))('%s', async (_, make) => {
    await forAll(async (random) => {
      const one = make(random)
      const { graph, feeds } = withObjective(forwardGraph(one, shapes), randomWeights(random), shapes)
      await checkGradient(graph, feeds, 'objective', one.inputs.flatMap((given, i) => (given === null || given.constant || !given.tensor.dtype.startsWith('float') ? [] : [`x${i}`])))
    }, RUNS)
  })
})

test('every differentiable operator has cases', () => {
  expect(differentiableOps.filter((op) => !Object.keys(cases).some((name) => name === op || name.startsWith(`${op} `)))).toEqual([])
})
