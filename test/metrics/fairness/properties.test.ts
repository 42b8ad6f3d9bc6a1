import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromCounts, measure, measured } from './helpers.js'

const NAMES = [
  'accuracy-difference', 'demographic-parity-difference', 'demographic-parity-ratio', 'equal-opportunity-difference', 'equalized-odds-difference',
  'equalized-odds-ratio', 'false-negative-rate-difference', 'false-positive-rate-difference', 'predictive-parity-difference', 'selection-rate',
]

/** Up to 120 rows of up to four groups and two or three classes, with missing values everywhere. */
const table = (classes: readonly string[]) => fc.array(fc.tuple(
  fc.constantFrom('a', 'b', 'c', 'd', null), fc.constantFrom(...classes, null), fc.constantFrom(...classes, null),
), { minLength: 20, maxLength: 120 }).map((rows) => ({
  // One row of every class, so that each is known.
  group: [...classes.map(() => 'a'), ...rows.map(([group]) => group)],
  label: [...classes, ...rows.map(([, label]) => label)],
  prediction: [...classes, ...rows.map(([, , prediction]) => prediction)],
}))
type Table = { group: (string | null)[]; label: (string | null)[]; prediction: (string | null)[] }

const setting = { favorable: '1', positive: '1', minimumGroupSize: 3 }
const valueOf = (name: string, rows: Table, more: object = {}) => {
  const result = measure(name, rows, { ...setting, ...more })
  return 'notApplicable' in result ? null : result.value
}

describe.each(NAMES)('%s', (name) => {
  it('accounts for every row, and lies within its interval', () => {
    fc.assert(fc.property(fc.oneof(table(['0', '1']), table(['0', '1', '2'])), (rows) => {
      const result = measure(name, rows, setting)
      if ('notApplicable' in result) return
      const total = (result.excluded ?? []).reduce((sum, { rows: count }) => sum + count, result.n)
      expect(total).toBe(rows.group.length)
      const interval = result.intervalAt?.(0.95)
      expect(interval?.low).toBeLessThanOrEqual(result.value)
      expect(interval?.high).toBeGreaterThanOrEqual(result.value)
    }), { numRuns: 40 })
  })
  it('does not depend on the order of rows or the names of groups', () => {
    fc.assert(fc.property(table(['0', '1']), (rows) => {
      const reversed: Table = { group: rows.group.toReversed().map((group) => group && `z${group}`), label: rows.label.toReversed(), prediction: rows.prediction.toReversed() }
      expect(valueOf(name, reversed)).toBe(valueOf(name, rows))
    }), { numRuns: 20 })
  })
})

it('seen from the other outcome, parity and equalized odds differ by the same, and error rates change places', () => {
  fc.assert(fc.property(table(['0', '1']), (rows) => {
    const other = { favorable: '0' }
    const close = (a: number | null, b: number | null) => (a === null || b === null ? expect(a).toBe(b) : expect(a).toBeCloseTo(b, 13))
    close(valueOf('demographic-parity-difference', rows, other), valueOf('demographic-parity-difference', rows))
    close(valueOf('equalized-odds-difference', rows, other), valueOf('equalized-odds-difference', rows))
    close(valueOf('false-positive-rate-difference', rows, other), valueOf('false-negative-rate-difference', rows))
    close(valueOf('equal-opportunity-difference', rows), valueOf('false-negative-rate-difference', rows))
  }), { numRuns: 40 })
})

describe('labels and references', () => {
  const rows = fromCounts({ '1.0': [['1', '1', 40], ['0', '0', 20]], '2.0': [['1', '1', 20], ['0', '0', 40]] })
  it('match by number where the text differs', () => {
    expect(measured('demographic-parity-difference', { ...rows, prediction: rows.prediction.map((value) => `${value}.0`) }, { favorable: '1' }).value).toBeCloseTo(1 / 3, 15)
    expect(measured('accuracy-difference', { ...rows, prediction: rows.prediction.map((value) => `${value}.0`) }, { favorable: '1' }).value).toBe(0)
    expect(measured('demographic-parity-difference', rows, { favorable: '1', options: { reference: 1 } }).notes).toContain('Compared with the reference group 1.')
  })
  it('refuse a reference group that is not compared', () => {
    expect(measure('demographic-parity-difference', rows, { favorable: '1', options: { reference: '1.0' }, exclude: [[0, 'test']] })).toEqual({ notApplicable: 'the reference group 1.0 is excluded or has fewer than 1 rows with a prediction' })
  })
})
