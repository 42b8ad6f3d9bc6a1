import { describe, expect, it } from 'vitest'
import { performanceFindings } from '../../src/audit/performance.js'
import type { Predictions } from '../../src/contracts/artifact.js'
import type { DatasetView } from '../../src/contracts/dataset.js'
import { areaUnderCurve, measurePerformance } from '../../src/statistics/performance.js'

const ROWS = 400
const truth = Int32Array.from({ length: ROWS }, (_, i) => (i % 7 === 0 ? -1 : i % 5 === 0 ? 1 : 0))
// Coarse, so that ties are many.
const score = Float64Array.from(truth, (label, i) => (i % 11 === 0 ? NaN : Math.round(10 * ((label === 1 ? 0.3 : 0) + (0.7 * ((i * 7919) % 101)) / 101)) / 10))
const view = { rows: ROWS, label: { name: 'y', categories: ['no', 'yes'], codes: truth }, positive: 'yes' } as unknown as DatasetView
const predictions = (values: Float64Array, threshold: number): Predictions => ({ classes: ['no', 'yes'], predicted: Int32Array.from(values, (value) => (Number.isNaN(value) ? -1 : Number(value >= threshold))), probabilities: null, score: values, decisionRule: '' })

/** The definition: every positive row against every other one. */
function slowAuc(values: Float64Array): number {
  let sum = 0, pairs = 0
  for (let i = 0; i < ROWS; i++) {
    for (let j = 0; j < ROWS; j++) {
      if (truth[i] !== 1 || truth[j] !== 0 || Number.isNaN(values[i]) || Number.isNaN(values[j])) continue
      pairs++
      sum += values[i] > values[j] ? 1 : values[i] === values[j] ? 0.5 : 0
    }
  }
  return sum / pairs
}

describe('performance', () => {
  it('AUC is the share of pairs in order, ties counting half', () => {
    expect(areaUnderCurve(view, predictions(score, 0.5))).toBeCloseTo(slowAuc(score), 12)
    expect(slowAuc(score)).toBeGreaterThan(0.6)
    expect(areaUnderCurve({ ...view, positive: null }, predictions(score, 0.5))).toBeNull()
    expect(areaUnderCurve(view, { ...predictions(score, 0.5), score: null })).toBeNull()
  })
  it('a reversed order of classes is found by AUC where one class is always answered, and by balanced accuracy', () => {
    const reversed = score.map((value) => 1 - value)
    const found = (values: Float64Array, threshold: number) => performanceFindings(measurePerformance(view, predictions(values, threshold)), view, predictions(values, threshold))
    expect(found(score, 0.5)).toEqual([])
    const [always] = found(reversed, 2)
    expect(always).toMatchObject({ id: 'class-order', severity: 'warning' })
    expect(always.message).toMatch(/^AUC is 0\.\d+: class order may be reversed/)
    expect(found(reversed, 0.7)[0].message).toMatch(/^Balanced accuracy is 0\.[0-3]\d+, AUC is 0\.[0-3]\d+: class order may be reversed/)
  })
})
