import { expect, it } from 'vitest'
import metric from '../../../metrics/transparency/completeness.js'
import { evaluate, explained, factsOf, measured } from './explained.js'

const ROWS = explained([[1, 0], [1, 0], [1, 0], [1, 0]], {
  completenessGap: Float64Array.of(0.01, -0.02, 0.5, 0), tolerance: Float64Array.of(0.01, 0.01, 1, 0), steps: Int32Array.of(64, 2048, 32, 32),
})

it('is the share of rows whose gap, of either sign, is within their own tolerance', () => {
  const result = measured(metric, ROWS, 6)
  expect(result).toMatchObject({ value: 3 / 4, n: 4, excluded: [{ rows: 2 }], notes: ['1 of 4 rows did not converge within their tolerance.'] })
  expect([...factsOf(result)]).toEqual([['Rows that did not converge', 1], ['Largest |gap|', 0.5], ['Steps, median', 64], ['Steps, most', 2048]])
})
it("has Wilson's interval", () => {
  // 3 of 4 at z = 1.959964: (0.75 + z²/8 ± z·√(0.75·0.25/4 + z²/64)) / (1 + z²/4)
  const z = 1.959963984540054
  const centre = (0.75 + (z * z) / 8) / (1 + (z * z) / 4)
  const half = (z * Math.sqrt(0.1875 / 4 + (z * z) / 64)) / (1 + (z * z) / 4)
  expect(measured(metric, ROWS).intervalAt?.(0.95)).toMatchObject({ low: expect.closeTo(centre - half, 10) as number, high: expect.closeTo(centre + half, 10) as number })
})
it('says nothing where every row converged', () => {
  expect(measured(metric, explained([[1, 2], [3, 4]]))).toMatchObject({ value: 1, notes: [], excluded: [] })
})
it('counts any number of rows', () => {
  const n = 300_000
  const many = { rows: new Int32Array(n), completenessGap: new Float64Array(n).fill(2), tolerance: new Float64Array(n), steps: new Int32Array(n).fill(4) }
  expect(factsOf(measured(metric, explained([], many))).get('Largest |gap|')).toBe(2)
})
it('is not applicable without rows', () => {
  expect(evaluate(metric, explained([]))).toEqual({ notApplicable: 'no row has every feature' })
})
