import * as dfd from 'danfojs-node'
import { describe, expect, it } from 'vitest'
import { groupsToDataFrame, resultsToDataFrame } from '../../reports/data-frame.js'
import type { GroupResult, Report, Result } from '../../src/contracts/report.js'
import { goldenReport } from '../golden/make-report.js'
import { groupOf, newcombe } from '../golden/parts.js'

type Row = Readonly<Record<string, string | number | null>>

/** Rows of a frame by column name, as danfojs gives them. */
const rowsOf = (frame: dfd.DataFrame): Row[] => dfd.toJSON(frame) as Row[]

const report = goldenReport()
const rows = rowsOf(resultsToDataFrame(report, dfd))

describe('results as a DataFrame', () => {
  it('are one row each, in the order of the report', () => {
    expect(rows.map(({ key, status }) => [key, status])).toEqual(report.results.map(({ key, status }) => [key, status]))
  })

  it('have value, interval, limit and p as the report has them where nothing is suppressed', () => {
    const exact = report.results.map((result, index) => ({ result, row: rows[index]! })).filter(({ row }) => row.suppressed === null)
    expect(exact.length).toBeGreaterThan(3)
    for (const { result, row } of exact) {
      const orNaN = (value: number | null | undefined) => value ?? NaN
      expect([row.value, row.low, row.high, row.min, row.max], result.key).toEqual([orNaN(result.value), orNaN(result.interval?.low), orNaN(result.interval?.high), orNaN(result.threshold?.min), orNaN(result.threshold?.max)])
    }
    const judged = exact.find(({ result }) => result.decision?.p !== null && result.decision !== null)!
    expect(judged.row.p).toBe(judged.result.decision!.p)
  })

  it('can be asked as frames are: columns of numbers are numbers, and missing ones do not count', () => {
    const frame = resultsToDataFrame(report, dfd)
    const values = report.results.map(({ value }) => value)
    expect(frame.column('value').dtype).toBe('float32')
    expect(frame.column('status').dtype).toBe('string')
    expect(frame.column('value').isNa().values.filter(Boolean).length).toBeGreaterThanOrEqual(values.filter((value) => value === null).length)
    expect(frame.query(frame.column('status').eq('pass' as never)).shape[0]).toBe(report.results.filter(({ status }) => status === 'pass').length)
  })

  it('of a report without results are a frame with columns and no rows', () => {
    const empty = resultsToDataFrame({ ...report, results: [] }, dfd)
    expect(empty.shape[0]).toBe(0)
    expect(empty.columns.slice(0, 3)).toEqual(['key', 'status', 'value'])
  })
})

describe('groups as a DataFrame', () => {
  it('are one row each, series of the details included', () => {
    const groups = rowsOf(groupsToDataFrame(report, dfd, { showSmall: true }))
    const seriesOf = (result: Result): readonly GroupResult[] => result.details.flatMap((details) => (details.type === 'groups' ? details.series.flatMap((series) => series.groups) : []))
    const all = report.results.flatMap((result) => [...result.groups, ...seriesOf(result)])
    expect(groups.map(({ n, value }) => [n, value])).toEqual(all.map(({ n, value }) => [n, value ?? NaN]))
    expect(groups.some(({ series }) => series !== null)).toBe(true)
  })
})

describe('small cells', () => {
  const cells = [groupOf(['black'], { value: 'no', successes: 991, of: 1026, people: 1026 }), groupOf(['black'], { value: 'yes', successes: 4, of: 160, people: 160 }), groupOf(['black'], { value: 'other', successes: 2, of: 4, people: 4 })]
  const result: Result = {
    ...report.results.find(({ id }) => id === 'fairness/demographic-parity-difference')!, groups: cells, value: 991 / 1026 - 4 / 160, interval: newcombe(cells[0]!, cells[1]!),
    reason: 'The group other has 4 people.', details: [],
  }
  const small: Report = { ...report, results: [result] }

  it('are suppressed as in every format that is passed on, with all that could be worked out from them', () => {
    const [row] = rowsOf(resultsToDataFrame(small, dfd))
    expect(row!.value).toBeNaN()
    expect(row!.low).toBeNaN()
    expect(row!.p).toBeNaN()
    expect(row!.reason).not.toContain('4 people')
    expect(row!.suppressed).toMatch(/^(withheld|[\d.]+ to [\d.]+)$/)
    const groups = rowsOf(groupsToDataFrame(small, dfd))
    expect(groups.map(({ n }) => n)).not.toContain(4)
    expect(groups.find(({ group }) => group === 'yes')!.value).toBeNaN()
    expect(groups.every(({ suppressed }) => suppressed !== null)).toBe(true)
  })

  it('are shown when that is asked for', () => {
    const [row] = rowsOf(resultsToDataFrame(small, dfd, { showSmall: true }))
    expect(row!.value).toBe(result.value)
    expect(row!.suppressed).toBeNull()
    expect(rowsOf(groupsToDataFrame(small, dfd, { showSmall: true })).map(({ n }) => n)).toEqual([1026, 160, 4])
  })
})
