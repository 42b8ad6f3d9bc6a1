import { describe, expect, it } from 'vitest'
import metric from '../../../metrics/transparency/integrated-gradients.js'
import { rankColumns } from '../../../metrics/transparency/column-importance.js'
import { evaluate, explained, factsOf, measured } from './explained.js'

const ROWS = explained([[3, -1], [-1, -1], [1, 4], [3, 0]])

describe('importance', () => {
  it('is the mean absolute attribution of the top column', () => {
    expect(measured(metric, ROWS)).toMatchObject({ value: 2, n: 4, excluded: [] }) // a: (3 + 1 + 1 + 3) / 4; b: 6 / 4
  })
  it('ranks columns, and equal ones by name', () => {
    expect(rankColumns(ROWS).map(({ name, mean, importance }) => [name, mean, importance])).toEqual([['a', 1.5, 2], ['b', 0.5, 1.5]])
    expect(rankColumns(explained([[1, -1]], { columns: ['z', 'y'] })).map(({ name }) => name)).toEqual(['y', 'z'])
  })
  it("has Student's interval over rows", () => {
    // |a| = 3, 1, 1, 3: mean 2, s² = 4/3, t(0.975, 3) = 3.182446305
    const half = (3.182446305284263 * Math.sqrt(4 / 3)) / 2
    expect(measured(metric, ROWS).intervalAt?.(0.95)).toEqual({ low: expect.closeTo(2 - half, 8) as number, high: expect.closeTo(2 + half, 8) as number, confidence: 0.95, method: 'Student t' })
    expect(measured(metric, explained([[1, 0]])).intervalAt?.(0.95)).toBeNull()
  })
  it('has a bar per column, the longest first', () => {
    const bars = measured(metric, ROWS).details?.find(({ type }) => type === 'bars')
    expect(bars?.type === 'bars' && bars.bars.map(({ name, value }) => [name, value])).toEqual([['a', 2], ['b', 1.5]])
  })
})

describe('beside it', () => {
  it('stand what was explained, against what, and where F lies', () => {
    const result = measured(metric, ROWS)
    expect(result.notes).toContain('Explained: log-odds of y = 1. Reference: the reference.')
    const facts = factsOf(result)
    expect([facts.get('Reference'), facts.get('Mean F at the reference'), facts.get('Mean F over the explained rows')]).toEqual(['the reference', -1, 1])
    expect(facts.size).toBe(3)
  })
  it('stands the share of rows whose top column a second reference shares', () => {
    // Top columns: a, a (first of equals), b, a.
    const facts = factsOf(measured(metric, { ...ROWS, secondTopColumn: Int32Array.of(0, 1, 1, 0), secondBaseline: 'the mean' }))
    expect(facts.get('Rows whose top column is the same with the mean as reference')).toBe(3 / 4)
  })
  it('stand warnings: clipped log-odds, rows that do not add up', () => {
    expect(measured(metric, ROWS).notes).toHaveLength(2)
    expect(measured(metric, { ...ROWS, clipped: true }).notes?.join(' ')).toMatch(/log-odds was clipped near 0 and 1/)
    expect(measured(metric, { ...ROWS, completenessGap: Float64Array.of(0.5, 0, -0.5, 0.01) }).notes?.join(' ')).toMatch(/For 2 of 4 rows the attributions do not add up/)
  })
  it('stand the rows that were not explained', () => {
    expect(measured(metric, ROWS, 10).excluded).toEqual([{ reason: 'not in the seeded sample of explained rows, or with a missing feature', rows: 6 }])
  })
})

it('is not applicable without rows', () => {
  expect(evaluate(metric, explained([]))).toEqual({ notApplicable: 'no row has every feature' })
})

it('lists the pixels that count most where the columns are boxes of them', () => {
  const importance = Float64Array.of(0, 3, 1, 0, 0, 6)
  const { details } = measured(metric, explained([[1, 2], [3, 4]], { elements: [{ array: 'image', shape: [1, 2, 3], importance }] }))
  const table = details?.find((detail) => detail.title === 'Elements of image that count most')
  expect(table).toMatchObject({ type: 'table', caption: 'The 6 largest of 6, counted from 0 along each axis of [1, 2, 3].' })
  expect(table?.type === 'table' && table.rows.slice(0, 3)).toEqual([
    { element: 'image[0, 1, 2]', importance: 6, share: 0.6 }, { element: 'image[0, 0, 1]', importance: 3, share: 0.3 }, { element: 'image[0, 0, 2]', importance: 1, share: 0.1 },
  ])
})
