/** @file The gradient of every operator's gradient against finite differences of the first, and ONNX Runtime's answer against the reference's. */
import { expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { batchFirstCases, recurrentCases } from './cases/recurrent.js'
import { checkGradient } from './check-gradient.js'
import { cases } from './check-operator.js'
import { forwardGraph, randomWeights, withObjective, type CaseMaker, type GraphAndFeeds, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'
import { gradientsAsObjective } from './second-derivative.js'

/** The gradient of their weights may be a convolution with dY as its kernel, whose size must then be a number. */
const NEED_SIZES = /^Conv(?!Integer)|^CausalConv/

function gradientsOf(make: CaseMaker, shapes: Shapes, random: Random): GraphAndFeeds & { readonly sources: readonly string[] } {
  const one = make(random)
  const wanted = one.inputs.flatMap((given, i) => (given === null || given.constant || !given.tensor.dtype.startsWith('float') ? [] : [`x${i}`]))
  const first = withObjective(forwardGraph(one, shapes), randomWeights(random), shapes)
  const upstream = first.graph.inputs.flatMap(({ name }) => (name.startsWith('w') ? [name] : []))
  return { ...gradientsAsObjective(first, wanted, random), sources: [...wanted, ...upstream] }
}

const table = { ...cases, ...recurrentCases, ...batchFirstCases }

test.each(Object.entries(table))('%s, by its inputs and by the incoming gradient', (name, make) =>
  forAll(async (random) => {
    const { graph, feeds, sources } = gradientsOf(make, NEED_SIZES.test(name) ? 'static' : random.pick(['static', 'symbolic']), random)
    await checkGradient(graph, feeds, 'second', sources)
  }, 2), 60_000)

test.each(Object.entries(table).filter(([name]) => name.startsWith('ConvTranspose')))('%s says that it needs sizes', async (_, make) => {
  const answers: string[] = []
  await forAll((random) => {
    const { graph, sources } = gradientsOf(make, 'symbolic', random)
    try {
      differentiate(graph, { objective: { output: 'second' }, withRespectTo: sources })
    } catch (error) {
      answers.push(String(error))
    }
  }, 8)
  // Where a draw has constant weights nothing is missing.
  expect(answers.length).toBeGreaterThan(0)
  for (const answer of answers) expect(answer).toMatch(/\(Conv\): the size of its kernel is unknown/)
})
