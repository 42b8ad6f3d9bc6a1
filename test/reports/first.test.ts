import { describe, expect, it } from 'vitest'
import { viewModel } from '../../reports/view-model.js'
import type { Report, Result } from '../../src/contracts/report.js'
import { goldenReport } from '../golden/make-report.js'
import { groupOf, limit, wilson } from '../golden/parts.js'

const base = goldenReport()
const [template] = base.results
const first = (results: readonly Result[], verdict: Report['verdict'] = 'insufficient', showSmall = true) => viewModel({ ...base, results, verdict }, { showSmall }).first

/** Two groups of one column, and the result that their rates give. */
function compared(id: string, cells: readonly (readonly [value: string, successes: number, of: number])[], more: Partial<Result> = {}): Result {
  const groups = cells.map(([value, successes, of]) => groupOf(['sex'], { value, successes, of, people: of }))
  const rates = groups.map(({ value }) => value ?? 0)
  const ratio = more.unit === 'ratio of shares'
  return {
    ...template, id, key: `${id}@sex`, sensitive: ['sex'], groups, notes: [], details: [], threshold: ratio ? limit({ min: 0.8 }) : limit({ max: 0.1 }), decision: null, interval: wilson(12, 100),
    status: 'insufficient', reason: '1 group, 12 people, could not be judged', value: ratio ? Math.min(...rates) / Math.max(...rates) : Math.max(...rates) - Math.min(...rates), ...more,
  }
}

describe('what to look at first', () => {
  it('names the worse group, both rates, the value, the limit and what is shown about it', () => {
    const items = first([compared('fairness/demographic-parity-ratio', [['f', 112, 164], ['m', 951, 1026]], { unit: 'ratio of shares' })])?.items
    expect(items?.[0]).toMatchObject({ about: 'sex', groups: 'sex = f: selection rate 68\u202f% against 93\u202f% of sex = m', reason: '1 group, 12 people, could not be judged.' })
    expect(items?.[0].outcome).toMatch(/^0\.74 \(.*\), limit at least 0\.8: not shown to hold$/)
  })
  it('takes the higher rate for the worse one where errors are counted', () => {
    expect(first([compared('fairness/false-negative-rate-difference', [['f', 60, 100], ['m', 40, 100]])])?.items[0].groups).toMatch(/^sex = f: false negative rate 60\u202f% against 40\u202f% of sex = m$/)
    expect(first([compared('fairness/false-positive-rate-difference', [['f', 60, 100], ['m', 40, 100]])])?.items[0].groups).toMatch(/^sex = m: /)
  })
  it('says nothing of groups whose rates do not give the value', () => {
    expect(first([compared('fairness/equalized-odds-difference', [['f', 60, 100], ['m', 40, 100]], { value: 0.31 })])?.items[0].groups).toBe('')
  })
  it('puts failures first, then what could not be computed, then what could not be decided; passes are not there', () => {
    const cells = [['f', 60, 100], ['m', 40, 100]] as const
    const statuses = (['pass', 'insufficient', 'not-applicable', 'error', 'fail'] as const).map((status, i) => compared(`fairness/a-${i}`, cells, { status }))
    expect(first(statuses)?.items.map(({ badge }) => badge.status)).toEqual(['fail', 'error', 'not-applicable', 'insufficient'])
    expect(first(statuses.slice(0, 1), 'pass')).toBeNull()
  })
  it('lists six at most, and says how many more there are', () => {
    const many = Array.from({ length: 9 }, (_, i) => compared(`fairness/a-${i}`, [['f', 60, 100], ['m', 40, 100]]))
    expect(first(many)).toMatchObject({ more: 3, items: { length: 6 } })
  })
  it('shows the largest gaps where nothing was judged, and says that none was', () => {
    const gaps = [['f', 60, 100], ['m', 55, 100]] as const
    const informative = { status: 'informative', threshold: null } as const
    const found = first([compared('fairness/a', gaps, informative), compared('fairness/b', [['f', 60, 100], ['m', 20, 100]], informative)], 'not-judged')
    expect(found?.title).toBe('Largest gaps between groups; none was judged')
    expect(found?.items.map(({ groups }) => groups)).toEqual(['sex = m: rate 20\u202f% against 60\u202f% of sex = f', 'sex = m: rate 55\u202f% against 60\u202f% of sex = f'])
  })
  it('says what would settle it where the data are consistent with both sides', () => {
    const reason = 'not shown to hold and not shown to be broken: the data are consistent with both sides of the limit (at most 0.1)'
    const decision = (ifPass: number | null, ifFail: number | null): Result['decision'] => ({ direction: 'at most 0.1', p: 0.3, pAdjusted: 1, familySize: 1, pPass: 1, explanation: reason, settle: { smallestDecidableGap: 0.1, rowsPerGroup: { ifPass, ifFail }, limitingCell: 'sex = f' } })
    const why = (ifPass: number | null, ifFail: number | null) => first([compared('fairness/a', [['f', 60, 100], ['m', 40, 100]], { reason, decision: decision(ifPass, ifFail) })])?.items[0].reason
    expect(why(2000, 1200.5)).toMatch(/a fresh sample of 1,201 to 2,000 rows per group would settle it/)
    expect(why(2000, null)).toMatch(/of 2,000 rows per group would settle it, one way only/)
    expect(why(null, null)).toMatch(/Not decidable at this limit/)
  })
  it('withholds what the tables withhold', () => {
    const small = compared('fairness/demographic-parity-difference', [['f', 4, 40], ['m', 60, 100]])
    expect(first([small], 'insufficient', false)?.items[0]).toMatchObject({ groups: expect.stringMatching(/^sex = f: selection rate at most 22\.5\u202f% against /) as string })
    const words = JSON.stringify(first([small], 'insufficient', false))
    for (const figure of ['10\u202f%', '10.0', '60\u202f%', '0.50', '0.5 ']) expect(words).not.toContain(figure)
  })
})
