/** @file The gradient of every operator's gradient against finite differences of the first, and ONNX Runtime's answer against the reference's. */
import { describe, test } from 'vitest'
import { batchFirstCases, recurrentCases } from './cases/recurrent.js'
import { checkGradient } from './check-gradient.js'
import { cases } from './check-operator.js'
import { forwardGraph, randomWeights, withObjective, type CaseMaker } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'
import { gradientsAsObjective } from './second-derivative.js'

/** Second derivatives by the inputs and by the incoming gradient. */
const checkSecond = (make: CaseMaker, runs: number): Promise<void> =>
  forAll(async (random: Random) => {
    const one = make(random)
    const wanted = one.inputs.flatMap((given, i) => (given === null || given.constant || !given.tensor.dtype.startsWith('float') ? [] : [`x${i}`]))
    const first = withObjective(forwardGraph(one), randomWeights(random))
    const { graph, feeds } = gradientsAsObjective(first, wanted, random)
    const upstream = first.graph.inputs.flatMap(({ name }) => (name.startsWith('w') ? [name] : []))
    await checkGradient(graph, feeds, 'second', [...wanted, ...upstream])
  }, runs)

describe('gradients of gradients', () => {
  test.each(Object.entries({ ...cases, ...recurrentCases, ...batchFirstCases }))('%s', (_, make) => checkSecond(make, 2), 60_000)
})
