/**
 * @file Branches that Where cut off. PyTorch answers NaN where the branch that was not taken has an infinite derivative (0 · ∞); here the
 * gradient is that of the branch that was taken, which is what the guard was written for.
 */
import { describe, expect, test } from 'vitest'
import { float } from '../../src/graph/index.js'
import { refTensor } from '../reference/index.js'
import { TestGraph } from './build-graph.js'
import { referenceGradients, runtimeGradients } from './check-gradient.js'
import { withObjective } from './operator-case.js'

type Guarded = { readonly values: readonly number[]; readonly branch: (g: TestGraph, x: string) => string; readonly slope: (x: number) => number }

/** Where(x > 0, branch(x), x): the branch must not speak at x ≤ 0. */
const guarded: Readonly<Record<string, Guarded>> = {
  'Sqrt at 0': { values: [-1, 0, 4], branch: (g, x) => g.add('Sqrt', [x]), slope: (x) => 0.5 / Math.sqrt(x) },
  'Log at 0': { values: [-1, 0, 4], branch: (g, x) => g.add('Log', [x]), slope: (x) => 1 / x },
  'Reciprocal at 0': { values: [-1, 0, 4], branch: (g, x) => g.add('Reciprocal', [x]), slope: (x) => -1 / x ** 2 },
  'Div by 0': { values: [-1, 0, 4], branch: (g, x) => g.add('Div', [g.constant(3, 'float32'), x]), slope: (x) => -3 / x ** 2 },
  'Pow at 0': { values: [-1, 0, 4], branch: (g, x) => g.add('Pow', [x, g.constant(0.5, 'float32')]), slope: (x) => 0.5 / Math.sqrt(x) },
  'Exp that overflows': { values: [-2000, 0, 1], branch: (g, x) => g.add('Exp', [g.add('Mul', [x, g.add('Sign', [x])])]), slope: Math.exp },
  'Sqrt of LeakyRelu at 0': { values: [-1, 0, 4], branch: (g, x) => g.add('Sqrt', [g.add('LeakyRelu', [x], { alpha: float(0) })]), slope: (x) => 0.5 / Math.sqrt(x) },
}

describe('Where(x > 0, f(x), x)', () => {
  test.each(Object.entries(guarded))('%s', async (_, { values, branch, slope }) => {
    const g = new TestGraph('static')
    const x = g.feed('x', refTensor([values.length], values))
    const forward = g.finish(g.add('Where', [g.add('Greater', [x, g.constant(0, 'float32')]), branch(g, x), x]))
    const { graph, feeds } = withObjective(forward, ({ dims }) => refTensor(dims, values.map(() => 1)))
    const expected = values.map((value) => (value > 0 ? slope(value) : 1))
    for (const gradients of [referenceGradients(graph, feeds, 'objective', ['x']), await runtimeGradients(graph, feeds, 'objective', ['x'])]) {
      const actual = Array.from(gradients.get('x')?.data ?? [])
      actual.forEach((value, i) => expect(value, `x = ${values[i]}`).toBeCloseTo(expected[i], 5))
      expect(actual).toHaveLength(values.length)
    }
  })
})
