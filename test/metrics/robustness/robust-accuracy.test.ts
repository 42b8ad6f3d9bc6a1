import { expect, it } from 'vitest'
import type { AdversarialExamples } from '../../../src/contracts/artifact.js'
import type { DatasetView } from '../../../src/contracts/dataset.js'
import { attackRequests, measureRobustAccuracy, type AttackOptions } from '../../../metrics/robustness/robust-accuracy.js'

const TRUTH = [0, 0, 0, 0, 0, 0, 1, 1]
const attacked = (input: AdversarialExamples['input']): AdversarialExamples => ({
  rows: Int32Array.from(TRUTH, (_, i) => i), classes: ['no', 'yes'],
  cleanPredicted: Int32Array.of(0, 0, 0, 0, 0, 1, 1, 0), adversarialPredicted: Int32Array.of(0, 0, 0, 1, 1, 1, 1, 0),
  distance: new Float64Array(8), zeroGradientShare: 0, input, mutableColumns: ['a'], frozenColumns: [], epsilon: 0.1, unit: input === 'table' ? 'sd' : 'raw', steps: 40, restarts: 1, bounds: '0 to 1',
})
function measure(input: AdversarialExamples['input'], labelMeaning: DatasetView['labelMeaning']) {
  const data = { rows: 8, label: { name: 'y', categories: ['no', 'yes'], codes: Int32Array.from(TRUTH) }, labelMeaning, sensitive: [] } as unknown as DatasetView
  const measured = measureRobustAccuracy({ attacked: attacked(input) }, { data, options: {} as AttackOptions, sensitive: null, minimumGroupSize: 30, excludedGroups: new Map(), seed: 0 }, 'PGD', () => 'PGD')
  if ('notApplicable' in measured) throw new Error(measured.notApplicable)
  return measured
}

it('has accuracy, balanced accuracy, the majority class and attack success beside it', () => {
  const { value, details } = measure('tensor', 'outcome')
  expect(value).toBe(4 / 8)
  const [facts] = details ?? []
  if (facts.type !== 'facts') throw new Error('facts come first')
  const of = (name: string) => facts.items.find((item) => item.name === name)?.value
  expect(of('Accuracy without attack')).toBe(6 / 8)
  expect(of('Balanced accuracy without attack')).toBeCloseTo((5 / 6 + 1 / 2) / 2, 12)
  expect(of('Accuracy of always answering the majority class')).toBe(6 / 8)
  expect(of('Attack success')).toBe(2 / 6)
})
it('is titled decision stability on tables, whose rows have no adversary, and not on images', () => {
  expect(measure('table', 'outcome').title).toBe('Decision stability under small changes (PGD)')
  expect(measure('tensor', 'outcome').title).toBeUndefined()
})
it('says when it compares the model with past decisions', () => {
  expect(measure('table', 'human-decision').notes).toContain('Compares the model with past decisions, which may themselves be unfair.')
  expect(measure('table', 'outcome').notes?.join(' ')).not.toMatch(/past decisions/)
})

it('asks for one attack per epsilon of the curve, with steps in proportion', () => {
  const epsilons = (options: AttackOptions) => Object.entries(attackRequests('pgd', options)).map(([name, { parameters }]) => [name, parameters.epsilon, parameters.stepSize])
  expect(epsilons({ norm: 'linf', epsilon: 0.25 })).toEqual([['attacked', 0.25, undefined], ['curve-0', 0.125, undefined], ['curve-1', 0.5, undefined], ['curve-2', 1, undefined]])
  expect(epsilons({ norm: 'linf', epsilon: 0.25, stepSize: 0.125, curve: [0.5, 0.25, 0.5] })).toEqual([['attacked', 0.25, 0.125], ['curve-0', 0.5, 0.25]])
  expect(attackRequests('fgsm', { norm: 'linf', epsilon: 0.25, rows: 7, curve: [] })).toEqual({ attacked: { kind: 'adversarial-examples', parameters: { attack: 'fgsm', norm: 'linf', epsilon: 0.25, rows: 7 } } })
})
