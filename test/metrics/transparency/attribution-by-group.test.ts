import { expect, it } from 'vitest'
import type { Attributions } from '../../../src/contracts/artifact.js'
import type { DatasetView } from '../../../src/contracts/dataset.js'
import type { Measurement, MetricContext, NotApplicable } from '../../../src/contracts/metric.js'
import metric from '../../../metrics/transparency/attribution-by-group.js'

// Groups f (2 rows), m (2), x (2), and one row without a group; the view has an eighth row that was not explained.
const GROUPS = Int32Array.of(0, 0, 1, 1, 2, 2, -1, 0)
const AGE = [1, 3, -1, 1, 90, 110, 5]
const INCOME = [0, 0.5, 0, 0, 0, 0, 0]
const explained = {
  rows: Int32Array.from(AGE, (_, i) => i), columns: ['age', 'income'], values: Float64Array.from(AGE.flatMap((age, i) => [age, INCOME[i]])), explained: 'log-odds of y = 1',
} as unknown as Attributions
const sensitive = { name: 'sex', columns: ['sex'], categories: ['f', 'm', 'x'], parts: [['f'], ['m'], ['x']], codes: GROUPS, judged: true } as const
const data = { rows: 8, features: ['age', 'income'].map((name) => ({ name, source: name, kind: 'continuous' })), matrix: Float64Array.from({ length: 16 }, (_, i) => i) } as unknown as DatasetView

function measure(excluded: ReadonlyMap<number, string>, minimumGroupSize = 1): Measurement | NotApplicable {
  const evaluate = metric.evaluate as unknown as (artifacts: { explained: Attributions }, context: MetricContext<object>) => Measurement | NotApplicable
  return evaluate({ explained }, { data, options: {}, sensitive, minimumGroupSize, excludedGroups: excluded, seed: 0 })
}
const measured = (...of: Parameters<typeof measure>): Measurement => {
  const result = measure(...of)
  if ('notApplicable' in result) throw new Error(result.notApplicable)
  return result
}

it('is the largest gap of group means over columns, and names the groups in its table', () => {
  const { value, groups, details } = measured(new Map())
  expect(value).toBe(100) // x: (90 + 110) / 2, m: 0
  expect(groups?.map((group) => group.value)).toEqual([2, 0, 100])
  const [table] = details ?? []
  expect(table.type === 'table' && table.columns.map(({ title }) => title).slice(0, 3)).toEqual(['Column', 'sex = f: attribution', 'sex = f: mean value'])
  expect(table.type === 'table' && table.caption).toMatch(/^Differences may come from different applicants, not different treatment/)
})
it('leaves excluded groups out of the comparison, with the stated reason, and accounts for every row', () => {
  const { value, groups, excluded, n } = measured(new Map([[2, 'another office']]))
  expect(value).toBe(2)
  expect(groups?.[2]).toMatchObject({ role: 'excluded', reason: 'another office', value: 100 })
  expect(n).toBe(6)
  expect(excluded).toEqual([{ reason: 'not in the seeded sample of explained rows, or with a missing feature', rows: 1 }, { reason: 'no value of sex', rows: 1 }])
})
it('is not applicable where fewer than two groups can be compared', () => {
  expect(measure(new Map(), 3)).toEqual({ notApplicable: 'fewer than two groups have 3 explained rows' })
})
it('has an interval that resamples within groups, and the mean of each column beside its attribution', () => {
  const { intervalAt, details, notes } = measured(new Map())
  const interval = intervalAt?.(0.95)
  expect(interval && interval.low <= 100 && interval.high >= 100).toBe(true)
  // Groups of two values each: resampled means of x lie in [90, 110], of m in [−1, 1].
  expect(interval && interval.low >= 89 && interval.high <= 111).toBe(true)
  expect(intervalAt?.(0.95)).toEqual(interval)
  expect(notes?.[0]).toMatch(/^The value and the groups are of age,/)
  const [table] = details ?? []
  // Column age holds 0, 2, 4, … by row.
  expect(table.type === 'table' && table.rows[0]).toMatchObject({ column: 'age', gap: 100, 'attribution-0': 2, 'value-0': 1, 'value-1': 5, 'value-2': 9 })
})
it('keeps groups with too few rows in the table, outside the comparison', () => {
  const small = measure(new Map(), 2)
  expect('groups' in small && small.groups?.map(({ role }) => role)).toEqual(['compared', 'compared', 'compared'])
})
