import { describe, expect, it } from 'vitest'
import { assembleReport, type Assembly } from '../../src/audit/assemble.js'
import type { Predictions } from '../../src/contracts/artifact.js'
import type { Result, Status } from '../../src/contracts/report.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { metrics } from '../../metrics/index.js'
import { exampleView } from '../artifacts/example-view.js'

const FOLDER = '/home/ada/project'
const VIEW = { ...exampleView(), path: `${FOLDER}/data/d.csv`, positive: 'yes', favorable: 'yes', findings: [] }
const PREDICTIONS: Predictions = { classes: ['no', 'yes'], predicted: Int32Array.of(1, -1, 0), probabilities: null, score: null, decisionRule: 'most likely class (assumed)' }
const RESULT: Result = {
  key: 'fairness/selection-rate@sex', id: 'fairness/selection-rate', category: 'fairness', sensitive: ['sex'], parameters: {}, status: 'informative', value: 0.5, unit: 'share', interval: null, n: 2,
  excluded: [], groups: [], threshold: null, decision: null, notes: [], details: [],
}
const LIMIT = { max: 0.1, judge: 'evidence', onInsufficient: 'fail', setBy: 'not stated', on: 'not stated', reason: 'not stated' } as const
const judged = (status: Status, key: string): Result => ({ ...RESULT, key, status, threshold: LIMIT, ...(status === 'not-applicable' && { value: null, reason: 'needs labels' }) })

function assemble(results: readonly Result[], verdict: Assembly['verdict'], more: Partial<Assembly> = {}) {
  return assembleReport({
    config: { data: { path: `${FOLDER}/data/d.csv`, label: 'y', sensitive: ['sex'] } }, folder: FOLDER, results, verdict, metrics, predictions: PREDICTIONS, version: '1.2.3', model: null,
    data: { original: `${FOLDER}/data/d.csv`, staged: '/private/x', sha256: 'd'.repeat(64), bytes: 7, view: VIEW, inputs: [], viewSha256: '', model: null } as unknown as Assembly['data'],
    run: { startedAt: '2025-01-01T00:00:00.000Z', durationMs: 1, host: { os: 'linux', arch: 'x64', cpu: 'c', node: 'v20' }, isolated: true, command: 'probity audit', artifacts: { computed: 0, reused: 0 }, warnings: [], changedSincePreviousAudit: null },
    ...more,
  })
}
const summary = (...of: Parameters<typeof assemble>): string => assemble(...of).summary

describe('the report', () => {
  it('is valid, and names no path from the root', () => {
    const report = assemble([RESULT], 'not-judged')
    expect(() => validateReport(JSON.parse(JSON.stringify(report)))).not.toThrow()
    expect(JSON.stringify(report)).not.toMatch(/"\/|\/home|\/private/)
    expect(report.data.path).toBe('data/d.csv')
    expect(report.engine).toEqual({ name: 'none', version: '', provider: 'stored predictions' })
  })
  it('describes people by group: how many, how many labelled favorable, how many unknown', () => {
    const { sensitive } = assemble([RESULT], 'not-judged').data
    // Row 0 is f with label yes, row 1 is m with label no, row 2 has neither; intersections are not described.
    expect(sensitive).toEqual([{
      columns: ['sex'], unknown: 1,
      groups: [{ group: [{ column: 'sex', value: 'f' }], n: 1, favorableRate: 1 }, { group: [{ column: 'sex', value: 'm' }], n: 1, favorableRate: 0 }],
    }])
  })
  it('prints why a group is excluded', () => {
    const { data } = assemble([RESULT], 'not-judged', { config: { data: { path: 'd', exclude: [{ group: { sex: 'm' }, reason: 'another office' }] } } })
    expect(data.sensitive[0].groups.map(({ excluded }) => excluded)).toEqual([undefined, 'another office'])
  })
  it('has no favorable rate where nobody said what is favorable', () => {
    const view = { ...VIEW, positive: null, favorable: null }
    const { data } = assemble([RESULT], 'not-judged', { data: { original: 'd', sha256: '', bytes: 0, view } as unknown as Assembly['data'] })
    expect(data.sensitive[0].groups.every(({ favorableRate }) => favorableRate === null)).toBe(true)
  })
  it('measures performance on the rows that have both', () => {
    expect(assemble([RESULT], 'not-judged').performance).toMatchObject({ n: 1, accuracy: 1, majorityClass: 'yes' })
  })
  it('carries the cards of the metrics that have results, with open ends as null', () => {
    const { metrics: cards } = assemble([RESULT, { ...RESULT, key: 'x', id: 'transparency/integrated-gradients' }], 'not-judged')
    expect(Object.keys(cards)).toEqual(['fairness/selection-rate', 'transparency/integrated-gradients'])
    expect(cards['transparency/integrated-gradients'].range).toEqual([0, null])
  })
})

describe('the first sentence', () => {
  it('says what was measured where nothing was judged', () => {
    expect(summary([RESULT, { ...RESULT, key: 'b', value: null }], 'not-judged')).toBe(
      'On 3 rows of data/d.csv, stored predictions, decision rule assumed: most likely class: nothing was judged, since the configuration states no limits; 1 value was measured.')
  })
  it('counts what failed, what could not be decided, and what has no answer', () => {
    const results = [judged('fail', 'a'), judged('pass', 'b'), judged('insufficient', 'c'), judged('not-applicable', 'd'), RESULT]
    expect(summary(results, 'incomplete')).toMatch(/: 1 of 4 checks failed, 1 could not be decided, 1 could not be computed or judged\.$/)
    expect(summary([judged('pass', 'a')], 'pass')).toMatch(/: 0 of 1 check failed\.$/)
  })
  it('counts what crashed without a limit, and speaks of no checks then', () => {
    expect(summary([{ ...RESULT, status: 'error', value: null, reason: 'x' }], 'incomplete')).toMatch(/most likely class: 1 could not be computed or judged\.$/)
  })
  it('states a decision rule that was stated', () => {
    expect(summary([RESULT], 'not-judged', { predictions: { ...PREDICTIONS, decisionRule: 'score of yes ≥ 0.3' } })).toContain(', decision rule: score of yes ≥ 0.3: ')
  })
})

describe('what was not tested', () => {
  it('is what had no answer, what nobody asked for, and what no audit covers', () => {
    const { notTested } = assemble([judged('not-applicable', 'fairness/selection-rate@sex')], 'incomplete')
    expect(notTested[0]).toEqual({ what: 'fairness/selection-rate@sex', reason: 'needs labels' })
    expect(notTested).toContainEqual({ what: 'robustness/pgd', reason: 'not asked for in the configuration' })
    expect(notTested.map(({ what }) => what)).not.toContain('fairness/selection-rate')
    expect(notTested.at(-1)?.what).toMatch(/^privacy/)
  })
  it('is a column that a limit could not be applied to beside others where it was', () => {
    const left = { ...RESULT, key: 'fairness/selection-rate@age', sensitive: ['age'], reason: 'cut into quartiles automatically' }
    expect(assemble([judged('pass', 'fairness/selection-rate@sex'), left], 'pass').notTested).toContainEqual({ what: 'fairness/selection-rate@age against its limit', reason: 'cut into quartiles automatically' })
  })
})
