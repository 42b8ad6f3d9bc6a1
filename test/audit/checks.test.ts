import { describe, expect, it } from 'vitest'
import { checkAudits, planChecks } from '../../src/audit/checks.js'
import { judge } from '../../src/audit/judge.js'
import { verdictOf } from '../../src/audit/verdict.js'
import type { ProbityConfig } from '../../src/contracts/config.js'
import type { DatasetView, SensitiveColumn } from '../../src/contracts/dataset.js'
import { metrics } from '../../metrics/index.js'

const column = (name: string, groups: number, judged: SensitiveColumn['judged'] = true): SensitiveColumn => {
  const categories = Array.from({ length: groups }, (_, i) => String(i))
  return { name, columns: name.split(' & '), categories, parts: categories.map((category) => name.split(' & ').map(() => category)), codes: new Int32Array(100), judged }
}
const sex = column('sex', 2)
const quartiles = column('age', 4, { reason: 'cut into quartiles automatically' })
const identifier = column('id', 51, { reason: '51 groups: it looks like an identifier' })
const joint = column('sex & age', 8, { reason: '"age": cut into quartiles automatically' })

/** Each column's limit, and the verdict when every check that is judged passes. */
function planned(sensitive: SensitiveColumn[], data: Partial<ProbityConfig['data']> = {}) {
  const config: ProbityConfig = { data: { path: 'd.csv', ...data }, audits: { 'fairness/demographic-parity-ratio': { min: 0.8 } } }
  const view = { sensitive, favorable: '1', positive: '1', label: null } as unknown as DatasetView
  const checks = planChecks(config, metrics, view, null)
  const results = judge(checks.map((check) => (check.sensitive && check.sensitive.categories.length > 50
    ? { check, notApplicable: 'looks like an identifier' }
    : { check, measurement: { value: 0.95, n: 100, intervalAt: (confidence: number) => ({ low: 0.94, high: 0.96, confidence, method: '' }) } })), { rows: 100, rowsInFile: 100 })
  return { results: results.map(({ status, threshold, decision }) => `${status}${threshold ? ', limit' : ''}${decision ? ` of ${decision.familySize}` : ''}`), verdict: verdictOf(results) }
}

describe('a limit on a column that cannot be judged', () => {
  it('leaves quartiles informative beside a judged column', () => {
    expect(planned([sex, quartiles, joint])).toEqual({ results: ['pass, limit of 1', 'informative', 'informative'], verdict: 'pass' })
  })
  it('makes the report incomplete where quartiles are all there is, and never "nothing was judged"', () => {
    expect(planned([quartiles])).toEqual({ results: ['informative, limit'], verdict: 'incomplete' })
  })
  it('makes the report incomplete on an identifier', () => {
    expect(planned([sex, identifier])).toEqual({ results: ['pass, limit of 1', 'not-applicable, limit'], verdict: 'incomplete' })
  })
  it('makes the report incomplete on an intersection that the config lists', () => {
    expect(planned([sex, quartiles, joint], { intersections: [['age', 'sex']] })).toEqual({ results: ['pass, limit of 1', 'informative', 'informative, limit'], verdict: 'incomplete' })
  })
})

describe('a reference value', () => {
  const entry = { 'fairness/demographic-parity-difference': { max: 0.1, reference: '1' } }
  const three = { ...column('age', 3), parts: [['young'], ['old'], ['other']] }
  const viewOf = (sensitive: SensitiveColumn[]) => ({ sensitive, favorable: '1', positive: '1', label: null }) as unknown as DatasetView
  const plan = (reference: string | number) => planChecks({ data: { path: 'd.csv' }, audits: { 'fairness/demographic-parity-difference': { max: 0.1, reference } } }, metrics, viewOf([sex, three]), null)

  it('is compared with in the columns that have it, and the others say so', () => {
    expect(plan(1).map(({ key, threshold, notApplicable }) => [key, threshold !== null, notApplicable])).toEqual([
      ['fairness/demographic-parity-difference@sex', true, null],
      ['fairness/demographic-parity-difference@age', false, 'the reference 1 is a group of sex, and this entry compares with it alone'],
    ])
    expect(plan('best').every(({ threshold }) => threshold !== null)).toBe(true)
  })
  it('that no column has is refused before anything is computed', () => {
    expect(() => plan('yung')).toThrow(/reference is yung, which is no group of a sensitive column\. Did you mean young\?/)
    expect(planChecks({ data: { path: 'd.csv' }, audits: entry }, metrics, viewOf([]), null)).toHaveLength(1)
  })
})

describe('entries, whatever the data', () => {
  const check = (audits: ProbityConfig['audits']) => () => checkAudits({ data: { path: 'd.csv' }, audits }, metrics)
  it.each([
    [{ 'fairness/demographic-parity-ratio': { min: 80 } }, /has the limit 80, and its values lie between 0 and 1 \(ratio of shares\)/],
    [{ 'fairness/demographic-parity-difference': { max: -0.1 } }, /has the limit -0\.1/],
    [{ 'fairness/demographic-parity-diference': true }, /is not a metric\. Did you mean fairness\/demographic-parity-difference\?/],
    [{ 'fairness/demographic-parity-difference': { maximum: 0.1 } }, /maximum is not a parameter/],
    [{ 'robustness/pgd': { epsilon: 0 } }, /robustness\/pgd\.epsilon must be > 0/],
    [{ 'transparency/completeness': { min: 0.9 } }, /informative/],
  ] as const)('%j is refused', (audits, message) => {
    expect(check(audits as unknown as ProbityConfig['audits'])).toThrow(message)
  })
  it('may lie at the ends of the range', () => {
    expect(check({ 'fairness/demographic-parity-ratio': { min: 0, max: 1 } })()).toHaveLength(1)
  })
})
