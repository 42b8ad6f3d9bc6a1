import { expect, it } from 'vitest'
import { adversarialExamplesGatherer } from '../../src/artifacts/kinds/adversarial-examples.js'
import type { PlanContext } from '../../src/artifacts/kind.js'
import type { AttackParameters, Predictions } from '../../src/contracts/artifact.js'
import type { FeatureKind, InputPlan } from '../../src/contracts/dataset.js'
import { exampleView } from './example-view.js'

function plan(parameters: Partial<AttackParameters>, kinds: readonly FeatureKind[], shape: readonly number[] = [2], inputs: readonly InputPlan[] = [{ input: 'x', columns: [0, 1], shape, scale: 1 }]) {
  const view = { ...exampleView(), complete: Uint8Array.of(1, 1, 1), matrix: Float64Array.of(1, 0, 2, 1, 4, 0), features: kinds.map((kind, i) => ({ name: 'ab'[i], source: 'ab'[i], kind })) }
  const context = { view, model: {}, inputs, blockRows: 64, decision: { threshold: null }, seed: 0 } as unknown as PlanContext
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
it('steps far enough to cross the ball in any number of steps, and refuses steps that cannot', () => {
  const step = (parameters: Partial<AttackParameters>) => (plan(parameters, ['continuous', 'continuous']).concrete as unknown as { stepSize: number }).stepSize
  expect(step({})).toBeCloseTo(0.01, 15)
  expect(step({ steps: 5 })).toBeCloseTo(0.05, 15)
  expect(step({ attack: 'fgsm' })).toBe(0.1)
  expect(() => step({ steps: 10, stepSize: 0.009 })).toThrow(/steps × stepSize is 0\.09, less than epsilon 0\.1: .*Raise steps or stepSize/)
})
it('names the column whose bounds do not hold the data', () => {
  expect(() => plan({ bounds: { a: [0, 3] } }, ['continuous', 'continuous'])).toThrow(/bounds of a are 0 to 3, and its values in the data lie between 1 and 4/)
  expect(plan({ bounds: { b: [0, 0.5] } }, ['continuous', 'binary']).concrete.scale[1]).toBe(0)
})
it('attacks the only float input, and freezes what feeds others', () => {
  const inputs = [{ input: 'x', columns: [0], shape: [1], scale: 1 }, { input: 'ids', columns: [1], shape: [1], scale: 1, dtype: 'int64' }] as const
  expect(plan({}, ['continuous', 'continuous'], [1], inputs).concrete).toMatchObject({ input: 'x', frozen: [{ column: 'b', reason: 'feeds an input that holds no floats' }] })
  const two = plan({}, ['continuous', 'continuous'], [1], [inputs[0], { ...inputs[1], dtype: 'float64' }])
  expect(two).toEqual({ unavailable: 'attacks change one float input, and the model has 2 (x, ids)' })
})
