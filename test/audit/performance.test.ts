import { expect, it } from 'vitest'
import { performanceFindings } from '../../src/audit/performance.js'
import type { Predictions } from '../../src/contracts/artifact.js'
import type { DatasetView } from '../../src/contracts/dataset.js'
import { measurePerformance } from '../../src/statistics/performance.js'

const TRUTH = Int32Array.from({ length: 40 }, (_, i) => Number(i % 4 === 0))
const VIEW = { rows: 40, label: { name: 'y', categories: ['0', '1'], codes: TRUTH }, positive: '1' } as unknown as DatasetView
const CLASSES = ['0', '1']

function findings(predicted: Int32Array, score: Float64Array | null, view = VIEW) {
  const predictions = { classes: CLASSES, predicted, score } as unknown as Predictions
  return performanceFindings(measurePerformance(view, predictions), view, predictions)
}
const reversed = TRUTH.map((truth) => 1 - truth)

it('says that the classes may be reversed where answers are worse than none', () => {
  expect(findings(reversed, Float64Array.from(reversed))).toEqual([{
    id: 'class-order', severity: 'warning', details: { balancedAccuracy: 0, auc: 0 },
    message: 'Balanced accuracy is 0.000, AUC is 0.000: class order may be reversed. Check model.output.classes and data.positive.',
  }])
})
it('looks at the order of scores too, which a constant answer hides', () => {
  const constant = new Int32Array(40)
  const [finding] = findings(constant, Float64Array.from(reversed))
  expect(finding.message).toMatch(/^AUC is 0\.000: /)
  expect(findings(constant, null)).toEqual([])
})
it('says nothing of good answers, of too few rows, or without labels', () => {
  expect(findings(TRUTH, Float64Array.from(TRUTH))).toEqual([])
  expect(findings(reversed, null, { ...VIEW, rows: 29 })).toEqual([])
  expect(findings(reversed, null, { ...VIEW, rows: 30 })).toHaveLength(1)
  expect(findings(reversed, null, { ...VIEW, label: null })).toEqual([])
})
it('does not warn at the border itself', () => {
  // 12 of 30 rows of class 0 and 4 of 10 of class 1: both recalls are 0.4.
  let zeros = 0, ones = 0
  const border = TRUTH.map((truth) => (truth === 1 ? (ones++ < 4 ? 1 : 0) : zeros++ < 12 ? 0 : 1))
  expect(findings(border, null)).toEqual([])
})

it('expects less of many classes than of two', () => {
  const performance = { accuracy: 0.3, balancedAccuracy: 0.3, majorityClassAccuracy: 0.2, majorityClass: '0', n: 1000 }
  const among = (classes: number) => performanceFindings(performance, VIEW, { classes: Array.from({ length: classes }, (_, i) => String(i)), predicted: new Int32Array(40), probabilities: null, score: null, decisionRule: '' })
  expect(among(2)).toHaveLength(1)
  expect(among(10)).toEqual([])
})
