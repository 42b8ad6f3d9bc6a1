import { describe, expect, it } from 'vitest'
import { judge } from '../../src/audit/judge.js'
import { exitCode, verdictOf } from '../../src/audit/verdict.js'
import type { Check } from '../../src/audit/checks.js'
import type { Evaluated } from '../../src/audit/evaluate.js'
import type { Measurement } from '../../src/contracts/metric.js'
import type { Report, Result, Status, Threshold } from '../../src/contracts/report.js'
import { normalCdf, normalQuantile } from '../../src/statistics/normal.js'
import { metrics } from '../../metrics/index.js'

const view = { rows: 100, rowsInFile: 100 }
const metric = metrics[0]

const threshold = (limits: Partial<Threshold>): Threshold => ({ judge: 'evidence', onInsufficient: 'fail', setBy: 'not stated', on: 'not stated', reason: 'not stated', ...limits })
const checkOf = (key: string, limits: Threshold | null, check: Partial<Check> = {}): Check => ({ key, name: null, metric, options: {}, sensitive: null, threshold: limits, notApplicable: null, ...check })

/** An estimate with a normal standard error of 1, so that p-values are known in closed form. */
const normal = (value: number, more: Partial<Measurement> = {}): Measurement => ({
  value, n: 100,
  intervalAt: (confidence) => {
    const z = normalQuantile(0.5 + confidence / 2)
    return { low: value - z, high: value + z, confidence, method: 'normal' }
  },
  ...more,
})
const evaluated = (key: string, measurement: Measurement, limits: Threshold | null): Evaluated => ({ check: checkOf(key, limits), measurement })
const judgeOne = (measurement: Measurement, limits: Partial<Threshold>): Result => judge([evaluated('a', measurement, threshold(limits))], view)[0]

describe('one check', () => {
  it.each([
    [2.5, { max: 0 }, 'fail'], [-2.5, { max: 0 }, 'pass'], [1, { max: 0 }, 'insufficient'], [-1, { max: 0 }, 'insufficient'],
    [2.5, { min: 0 }, 'pass'], [-2.5, { min: 0 }, 'fail'],
  ] as const)('value %d with limit %j: %s', (value, limits, status) => {
    const { decision, ...result } = judgeOne(normal(value), limits)
    expect(result.status).toBe(status)
    const beyond = 'max' in limits ? 1 - normalCdf(value) : normalCdf(value)
    expect(Math.abs((decision?.p ?? NaN) - (beyond < 0.5 ? beyond : 1))).toBeLessThan(1e-9)
    expect(Math.abs((decision?.pPass ?? NaN) - (beyond > 0.5 ? 1 - beyond : 1))).toBeLessThan(1e-9)
    expect(decision?.familySize).toBe(1)
  })
  it('agrees with the interval shown: it fails and passes exactly where that clears the limit', () => {
    for (let value = -4; value <= 4; value += 0.07) {
      const { status, interval } = judgeOne(normal(value), { max: 0 })
      expect(status).toBe((interval?.low ?? NaN) > 0 ? 'fail' : (interval?.high ?? NaN) < 0 ? 'pass' : 'insufficient')
    }
  })
  it('with two limits passes only between both, and pays for two chances to fail', () => {
    expect(judgeOne(normal(0), { min: -3, max: 3 }).status).toBe('pass')
    expect(judgeOne(normal(0), { min: -3, max: 1 }).status).toBe('insufficient')
    expect(judgeOne(normal(6), { min: -3, max: 3 }).status).toBe('fail')
    const { status, decision } = judgeOne(normal(5.1), { min: -3, max: 3 })
    expect(status).toBe('insufficient')
    expect(decision?.p).toBeCloseTo(2 * (1 - normalCdf(2.1)), 8)
    expect(decision?.direction).toBe('from -3 to 3')
  })
  it('never passes where its check forbids it, and fails all the same', () => {
    const onlyThese = (value: number) => judge([{ check: checkOf('a', threshold({ max: 0 }), { cannotPass: 'rows influence each other' }), measurement: normal(value, { cannotPass: 'half are unknown' }) }], view)[0]
    expect(onlyThese(-4)).toMatchObject({ status: 'insufficient', reason: 'rows influence each other; half are unknown' })
    expect(onlyThese(4).status).toBe('fail')
  })
  it('is judged by the decision interval where there is one, and says so', () => {
    const wider: Partial<Measurement> = { decisionIntervalAt: (confidence) => ({ low: -2.2 - 2 * normalQuantile(0.5 + confidence / 2), high: -2.2 + 2 * normalQuantile(0.5 + confidence / 2), confidence, method: 'wider' }) }
    const { status, reason, interval } = judgeOne(normal(-2.2, wider), { max: 0 })
    expect(interval?.method).toBe('normal')
    expect(status).toBe('insufficient')
    expect(reason).toContain('the interval clears the limit, but not by enough for counts this small')
  })
  it('without an interval is insufficient', () => {
    const bare: Measurement = { value: 5, n: 10 }
    expect(judgeOne(bare, { max: 0 })).toMatchObject({ status: 'insufficient', interval: null, decision: { p: 1, pPass: 1 } })
    expect(judgeOne({ ...bare, intervalAt: () => null }, { max: 0 }).reason).toContain('no interval')
  })
})

describe('a pass', () => {
  const unjudgedGroups = [{ group: 'x', people: 20, reason: 'few' }, { group: 'y', people: 18, reason: 'few' }]
  it('does not stand while groups could not be judged', () => {
    expect(judgeOne(normal(-5, { unjudgedGroups }), { max: 0 })).toMatchObject({ status: 'insufficient', reason: '2 groups, 38 people, could not be judged' })
  })
  it('does not stand where the measurement forbids it', () => {
    expect(judgeOne(normal(-5, { cannotPass: '6.0 % unknown' }), { max: 0 })).toMatchObject({ status: 'insufficient', reason: '6.0 % unknown' })
  })
  it('is all that they take away: a failure stays', () => {
    expect(judgeOne(normal(5, { unjudgedGroups, cannotPass: 'unknown' }), { max: 0 }).status).toBe('fail')
  })
})

describe('a family', () => {
  const family = (values: readonly number[]) => judge(values.map((value, i) => evaluated(`k${i}`, normal(value), threshold({ max: 0 }))), view)
  it('corrects failures by Holm, and leaves passes alone', () => {
    const results = family([2.2, 4, -2, -2.2])
    expect(results.map(({ status }) => status)).toEqual(['insufficient', 'fail', 'pass', 'pass'])
    expect(results[0].reason).toBe('beyond the limit on its own; not after correcting for 4 checks')
    expect(results[1].decision?.pAdjusted).toBeCloseTo(4 * (1 - normalCdf(4)), 9)
    expect(results[0].decision?.pAdjusted).toBeCloseTo(3 * (1 - normalCdf(2.2)), 7)
    expect(results.every(({ decision }) => decision?.familySize === 4)).toBe(true)
  })
  it('counts checks that gave no value, and none that have no limit or compare estimates', () => {
    const results = judge([
      evaluated('judged', normal(2.2), threshold({ max: 0 })),
      { check: checkOf('absent', threshold({ max: 0 })), notApplicable: '0/0' },
      { check: checkOf('broken', threshold({ max: 0 })), error: 'crashed' },
      evaluated('bare', normal(1), threshold({ max: 0, judge: 'estimate' })),
      evaluated('shown', normal(9), null),
    ], view)
    expect(results.map(({ status }) => status)).toEqual(['insufficient', 'not-applicable', 'error', 'fail', 'informative'])
    expect(results[0].decision?.familySize).toBe(3)
    expect(results[0].reason).toBe('beyond the limit on its own; not after correcting for 3 checks')
    expect(results[1]).toMatchObject({ value: null, interval: null, decision: null, reason: '0/0' })
  })
  it('keeps the chance of any false failure under 2.5 % when every check lies at its limit', () => {
    // Six estimates at their limits, at every point of a lattice over the uniform cube: the share of audits with a failure.
    let alarms = 0
    const audits = 2000
    for (let i = 1; i <= audits; i++) {
      const values = [2, 3, 5, 7, 11, 13].map((prime) => normalQuantile((i * Math.sqrt(prime)) % 1))
      if (family(values).some(({ status }) => status === 'fail')) alarms++
    }
    expect(alarms / audits).toBeLessThanOrEqual(0.03)
    expect(alarms / audits).toBeGreaterThan(0.015)
  })
})

describe('judge: estimate', () => {
  it('compares the bare value and says that errors are not controlled', () => {
    const result = judgeOne(normal(0.79), { min: 0.8, judge: 'estimate' })
    expect(result).toMatchObject({ status: 'fail', decision: { p: null, pAdjusted: null, pPass: null, familySize: 0 } })
    expect(result.decision?.explanation).toContain('no error control')
    expect(judgeOne(normal(0.8), { min: 0.8, judge: 'estimate' }).status).toBe('pass')
  })
  it('does not pass over people who could not be judged', () => {
    expect(judgeOne(normal(0.9, { unjudgedGroups: [{ group: 'x', people: 7, reason: 'few' }] }), { min: 0.8, judge: 'estimate' })).toMatchObject({ status: 'insufficient', reason: '1 group, 7 people, could not be judged' })
  })
})

describe('a result', () => {
  it('carries what was measured, and asks settle with the family', () => {
    const asked: object[] = []
    const settle: Measurement['settle'] = (question) => {
      asked.push(question)
      return { smallestDecidableGap: 0.1, rowsPerGroup: { ifPass: 10, ifFail: null }, limitingCell: 'x' }
    }
    const [result] = judge([{ check: checkOf('fairness/accuracy-difference#strict@sex', threshold({ max: 0.1 }), { name: 'strict', options: { reference: 'f' } }), measurement: normal(0, { settle, notes: ['a note'], excluded: [{ reason: 'no label', rows: 3 }] }) }], { rows: 90, rowsInFile: 100 })
    expect(asked).toEqual([{ max: 0.1, familySize: 1 }])
    expect(result).toMatchObject({ key: 'fairness/accuracy-difference#strict@sex', id: 'fairness/accuracy-difference', name: 'strict', category: 'fairness', parameters: { reference: 'f' }, notes: ['a note'], unit: 'difference of shares' })
    expect(result.decision?.settle?.limitingCell).toBe('x')
  })
  it('says why a column is not judged', () => {
    const sensitive = { name: 'age', columns: ['age'], categories: [], codes: new Int32Array(), parts: [], judged: { reason: 'cut into quartiles automatically' } }
    expect(judge([{ check: checkOf('a', null, { sensitive }), measurement: normal(0) }], view)[0]).toMatchObject({ status: 'informative', reason: 'cut into quartiles automatically', sensitive: ['age'] })
  })
})

describe('verdict and exit code', () => {
  const result = (status: Status, limits: Threshold | null = threshold({ max: 1 })): Result =>
    ({ ...judge([evaluated('a', normal(0), limits)], view)[0], status })
  const strict = threshold({ max: 1 })
  const lenient = threshold({ max: 1, onInsufficient: 'warn' })
  const cases: readonly (readonly [string, readonly Result[], Report['verdict'], number])[] = [
    ['all pass', [result('pass'), result('informative', null)], 'pass', 0],
    ['nothing judged', [result('informative', null), result('not-applicable', null)], 'not-judged', 0],
    ['no results', [], 'not-judged', 0],
    ['one fails', [result('pass'), result('insufficient'), result('fail')], 'fail', 1],
    ['one undecided', [result('pass'), result('insufficient', strict)], 'insufficient', 1],
    ['undecided, warn', [result('pass'), result('insufficient', lenient)], 'insufficient', 0],
    ['undecided, one of two warns', [result('insufficient', strict), result('insufficient', lenient)], 'insufficient', 1],
    ['a limit without a value', [result('fail'), result('not-applicable')], 'incomplete', 2],
    ['a crash with a limit', [result('fail'), result('error')], 'incomplete', 2],
    ['a crash without a limit', [result('pass'), result('error', null)], 'incomplete', 2],
  ]
  it.each(cases)('%s', (_name, results, verdict, code) => {
    expect(verdictOf(results)).toBe(verdict)
    expect(exitCode({ verdict, results })).toBe(code)
  })
})
