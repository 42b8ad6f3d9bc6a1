import { describe, expect, it } from 'vitest'
import { csvColumn, fixture, measured, metricOf } from './helpers.js'

type Expected = Record<string, { by_group: Record<string, Record<string, number>> } & Record<string, number>>
type Table = { group: string[]; label: number[]; prediction: number[]; values: Record<string, number>; selection_rate: Record<string, number> }

const close = (actual: number | null | undefined, expected: number) => expect(Math.abs((actual ?? NaN) - expected)).toBeLessThan(1e-12)

describe('the shared mortgage models, against Fairlearn on the same predictions', () => {
  const expected = fixture<Record<string, Expected>>('models/expected.json')
  const predictions = fixture<Record<string, string>>('fairness/predictions.json')
  const group = csvColumn('data/hmda-test.csv', 'black')
  const label = csvColumn('data/hmda-test.csv', 'denied')
  const cases = Object.keys(predictions).flatMap((model) => [1, 0].map((favorable) => ({ model, favorable })))

  it.each(cases)('$model, favorable = $favorable', ({ model, favorable }) => {
    const rows = { group, label, prediction: [...predictions[model]] }
    const truth = expected[model][`favorable=${favorable}`]
    const result = (name: string) => measured(name, rows, { favorable, positive: 1, minimumGroupSize: 30 })
    for (const name of ['demographic-parity-difference', 'demographic-parity-ratio', 'equalized-odds-difference', 'equal-opportunity-difference']) {
      close(result(name).value, truth[name.replaceAll('-', '_')])
    }
    const rates = { 'demographic-parity-difference': 'selection_rate', 'equal-opportunity-difference': 'true_positive_rate', 'false-positive-rate-difference': 'false_positive_rate', 'accuracy-difference': 'accuracy', 'selection-rate': 'selection_rate' }
    for (const [name, rate] of Object.entries(rates)) {
      const { groups = [] } = result(name)
      expect(groups.map(({ group: [{ column, value }] }) => `${column}=${value}`)).toEqual(['group=0', 'group=1'])
      for (const { group: [{ value }], value: rateOfGroup } of groups) close(rateOfGroup, truth.by_group[value][rate])
    }
    expect(expected[model]['rows'] as unknown as number).toBe(result('accuracy-difference').n)
  })

  it('counts every row once: used and excluded make the file', () => {
    const rows = { group, label, prediction: [...predictions['hmda-logistic']] }
    for (const name of ['equal-opportunity-difference', 'false-positive-rate-difference', 'predictive-parity-difference', 'equalized-odds-ratio', 'accuracy-difference']) {
      const { n, excluded = [] } = measured(name, rows, { favorable: 0 })
      expect(n + excluded.reduce((sum, { rows: count }) => sum + count, 0)).toBe(1190)
    }
  })
})

describe('random tables with 2 to 8 groups, some of one person, against Fairlearn', () => {
  const tables = fixture<Table[]>('fairness/fairlearn.json')
  it.each(tables.map((table, i) => ({ i, ...table })))('table $i', ({ values, selection_rate, ...rows }) => {
    for (const [name, expected] of Object.entries(values)) {
      const { value, intervalAt, decisionIntervalAt } = measured(name, rows, { favorable: 1 })
      close(value, expected)
      const shown = intervalAt?.(0.95)
      const judged = decisionIntervalAt?.(0.95)
      if (!shown || !judged) throw new Error(`${name} has no interval`)
      expect(shown.low).toBeLessThan(shown.high)
      expect(value).toBeGreaterThanOrEqual(shown.low)
      expect(value).toBeLessThanOrEqual(shown.high)
      expect(judged.low).toBeLessThanOrEqual(shown.low)
      expect(judged.high).toBeGreaterThanOrEqual(shown.high)
    }
    for (const { group: [{ value: name }], value } of measured('selection-rate', rows, { favorable: 1 }).groups ?? []) close(value, selection_rate[name])
  })
})

it('names every file after its metric and explains each one', () => {
  for (const name of ['selection-rate', ...Object.keys(fixture<Table[]>('fairness/fairlearn.json')[0].values)]) {
    const metric = metricOf(name)
    expect(metric.question).toMatch(/\?$/)
    expect(metric.references.length).toBeGreaterThan(0)
    expect(metric.limits.length).toBeGreaterThan(1)
  }
})
