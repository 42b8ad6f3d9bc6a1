import { describe, expect, it } from 'vitest'
import { checkAudits, planChecks } from '../../src/audit/checks.js'
import { judge } from '../../src/audit/judge.js'
import { verdictOf } from '../../src/audit/verdict.js'
import type { ProbityConfig } from '../../src/contracts/config.js'
import type { DatasetView, SensitiveColumn } from '../../src/contracts/dataset.js'
import type { ModelSummary } from '../../src/contracts/model.js'
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

describe('a plan', () => {
  const label = { name: 'y', categories: ['0', '1'], codes: new Int32Array(100) }
  const viewOf = (view: Partial<DatasetView>) => ({ sensitive: [sex], favorable: '1', positive: '1', label, ...view }) as unknown as DatasetView
  const model = (more: object = {}) => ({ capabilities: { gradient: { available: true } }, rowIndependent: true, prediction: { kind: 'logits', output: 'z' }, ...more }) as unknown as ModelSummary
  const plan = (audits: ProbityConfig['audits'] | null, { view = {}, summary = model(), data = {} }: { view?: Partial<DatasetView>; summary?: ModelSummary | null; data?: Partial<ProbityConfig['data']> } = {}) =>
    planChecks({ data: { path: 'd.csv', ...data }, ...(audits && { audits }) }, metrics, viewOf(view), summary)
  const obstacle = (id: string, options: Parameters<typeof plan>[1]) => plan({ [id]: true }, options).map(({ notApplicable }) => notApplicable)

  it('without audits is every metric with its defaults, nothing judged', () => {
    const checks = plan(null)
    expect(checks.map(({ metric }) => metric.id)).toEqual(metrics.map(({ id }) => id))
    expect(checks.every(({ threshold, name, notApplicable }) => threshold === null && name === null && notApplicable === null)).toBe(true)
    expect(checks.find(({ metric }) => metric.id === 'robustness/pgd')?.options).toEqual({ epsilon: 0.1, norm: 'linf', rows: 500, steps: 40, restarts: 1, randomStart: true })
  })
  it('names checks by metric, entry and columns', () => {
    const keys = plan({ 'fairness/selection-rate': true, 'robustness/pgd': [{ name: 'small', epsilon: 0.05 }, { name: 'large', epsilon: 0.2 }] }, { view: { sensitive: [sex, quartiles, joint] } }).map(({ key }) => key)
    expect(keys).toEqual(['fairness/selection-rate@sex', 'fairness/selection-rate@age', 'fairness/selection-rate@sex&age', 'robustness/pgd#small', 'robustness/pgd#large'])
  })
  it('has one check without groups where no column is sensitive', () => {
    expect(plan({ 'fairness/selection-rate': true }, { view: { sensitive: [] } })).toMatchObject([{ key: 'fairness/selection-rate', sensitive: null, notApplicable: 'needs data.sensitive, the columns whose groups are compared' }])
  })
  it('keeps the parameters that are stated, apart from the common fields', () => {
    const [small] = plan({ 'robustness/pgd': [{ name: 'small', min: 0.5, setBy: 'board', on: '2025-01-01', reason: 'policy', judge: 'estimate', onInsufficient: 'warn', epsilon: 0.05, steps: 5 }] })
    expect(small).toMatchObject({
      name: 'small', options: { epsilon: 0.05, steps: 5, rows: 500, norm: 'linf' },
      threshold: { min: 0.5, judge: 'estimate', onInsufficient: 'warn', setBy: 'board', on: '2025-01-01', reason: 'policy' },
    })
    expect(Object.keys(small.options)).not.toContain('min')
    expect(plan({ 'robustness/pgd': { min: 0.5 } })[0].threshold).toEqual({ min: 0.5, judge: 'evidence', onInsufficient: 'fail', setBy: 'not stated', on: 'not stated', reason: 'not stated' })
  })
  it('does not share defaults between entries', () => {
    const [a, b] = plan({ 'robustness/pgd': [{ name: 'a' }, { name: 'b', epsilon: 0.2 }] })
    expect([a.options['epsilon'], b.options['epsilon']]).toEqual([0.1, 0.2])
  })

  it.each([
    [{ 'fairness/demographic-parity-ratio': { min: 0.8 } }, { view: { favorable: null } }, /audits\.fairness\/demographic-parity-ratio has a limit.*state data\.favorable/],
    [{ 'robustness/pgd': [{ epsilon: 0.1 }, { epsilon: 0.2 }] }, {}, /robustness\/pgd is asked for twice\. Give each entry its own name/],
    [{ 'robustness/pgd': [{ name: 'a' }, { name: 'a' }] }, {}, /robustness\/pgd#a is asked for twice/],
    [{ 'robustness/pgd': { min: 0.9, max: 0.1 } }, {}, /min 0\.9 is above max 0\.1/],
    [{ 'robustness/pgd': { unit: 'feet' } }, {}, /robustness\/pgd\.unit must be equal to one of the allowed values: sd, range, raw/],
    [{ 'robustness/pgd': { mutable: [] } }, {}, /robustness\/pgd\.mutable must NOT have fewer than 1 items/],
    [{ 'robustness/pgd': { __proto__: null, constructor: 1 } }, {}, /robustness\/pgd\.constructor is not a parameter/],
    [{ constructor: true }, {}, /audits\.constructor is not a metric/],
    [{ 'robustness/pgd': true }, { data: { exclude: [{ group: { sex: '7' }, reason: 'few' }] } }, /data\.exclude names the group sex = 7/],
  ] as [ProbityConfig['audits'], Parameters<typeof plan>[1], RegExp][])('%j is refused', (audits, options, message) => {
    expect(() => plan(audits, options)).toThrow(message)
  })
  it('needs no direction where nothing is judged, and none for differences of both rates', () => {
    expect(plan({ 'fairness/demographic-parity-ratio': true }, { view: { favorable: null } })).toHaveLength(1)
    expect(plan({ 'fairness/accuracy-difference': { max: 0.1 } }, { view: { favorable: null } })[0].threshold).not.toBeNull()
  })

  it.each([
    ['fairness/accuracy-difference', { view: { label: null } }, 'needs data.label, the column with the true classes'],
    ['robustness/pgd', { summary: null }, 'needs a model; this audit has stored predictions only'],
    ['robustness/pgd', { summary: model({ capabilities: { gradient: { available: false, reason: 'node 7 (TreeEnsemble) has no gradient' } } }) }, 'node 7 (TreeEnsemble) has no gradient'],
    ['transparency/integrated-gradients', { summary: model({ rowIndependent: false }) }, "the model's answer for a row depends on the other rows of the block, so nothing can be said per row"],
    ['transparency/completeness', { summary: model({ prediction: { kind: 'label', output: null } }) }, 'needs probabilities, logits or a score; the model gives labels only'],
    ['fairness/selection-rate', { summary: null }, null],
  ] as [string, Parameters<typeof plan>[1], string | null][])('of %s with %j says what is missing', (id, options, reason) => {
    expect(obstacle(id, options)).toEqual([reason])
  })
  it('keeps a limit on what cannot apply, so that the report is incomplete', () => {
    const [{ threshold, notApplicable }] = plan({ 'robustness/pgd': { min: 0.5 } }, { summary: null })
    expect([threshold?.min, notApplicable]).toEqual([0.5, 'needs a model; this audit has stored predictions only'])
  })
})
