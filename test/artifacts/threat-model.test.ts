import { expect, it } from 'vitest'
import { adversarialExamplesGatherer } from '../../src/artifacts/kinds/adversarial-examples.js'
import type { PlanContext } from '../../src/artifacts/kind.js'
import type { AttackParameters, Predictions } from '../../src/contracts/artifact.js'
import type { FeatureKind } from '../../src/contracts/dataset.js'
import { exampleView } from './example-view.js'

function plan(parameters: Partial<AttackParameters>, kinds: readonly FeatureKind[], shape: readonly number[] = [2]) {
  const view = { ...exampleView(), complete: Uint8Array.of(1, 1, 1), matrix: Float64Array.of(1, 0, 2, 1, 4, 0), features: kinds.map((kind, i) => ({ name: 'ab'[i], source: 'ab'[i], kind })) }
  const context = { view, model: {}, inputs: [{ input: 'x', columns: [0, 1], shape, scale: 1 }], blockRows: 64, decision: { threshold: null }, seed: 0 } as unknown as PlanContext
  return adversarialExamplesGatherer.plan({ attack: 'pgd', norm: 'linf', epsilon: 0.1, ...parameters }, { predictions: { classes: ['no', 'yes'] } as unknown as Predictions }, context) as unknown as { concrete: { scale: number[]; unit: string } }
}

it('refuses one raw epsilon for several columns of a table, which measure different things', () => {
  expect(() => plan({ unit: 'raw' }, ['continuous', 'continuous'])).toThrow(/unit: raw gives 2 columns of a table one epsilon.*unit: sd or range/)
})
it('takes raw units where one column may change, and for tensors', () => {
  expect(plan({ unit: 'raw' }, ['continuous', 'binary']).concrete).toMatchObject({ unit: 'raw', scale: [1, 0] })
  expect(plan({ unit: 'raw', mutable: ['b'] }, ['continuous', 'continuous']).concrete.scale).toEqual([0, 1])
  expect(plan({}, ['continuous', 'continuous'], [1, 1, 2]).concrete).toMatchObject({ unit: 'raw', scale: [1, 1] })
})
it('uses standard deviations of each column by default, and freezes binary columns', () => {
  const { unit, scale } = plan({}, ['continuous', 'binary']).concrete
  expect(unit).toBe('sd')
  expect(scale[0]).toBeCloseTo(Math.sqrt(7 / 3), 12) // 1, 2, 4: mean 7/3, sample variance 7/3
  expect(scale[1]).toBe(0)
})
