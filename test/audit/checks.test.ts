import { describe, expect, it } from 'vitest'
import { planChecks } from '../../src/audit/checks.js'
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
