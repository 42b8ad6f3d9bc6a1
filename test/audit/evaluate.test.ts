import { describe, expect, it } from 'vitest'
import type { Check } from '../../src/audit/checks.js'
import { evaluateCheck, type Gather } from '../../src/audit/evaluate.js'
import { excludedGroups, checkExclusions } from '../../src/audit/excluded-groups.js'
import type { ProbityConfig } from '../../src/contracts/config.js'
import type { SensitiveColumn } from '../../src/contracts/dataset.js'
import { defineMetric, notApplicable, type Measurement, type MetricContext, type NotApplicable } from '../../src/contracts/metric.js'
import { exampleView } from '../artifacts/example-view.js'

const VIEW = exampleView()
const [SEX, SEX_AND_LABEL] = VIEW.sensitive

function check(evaluate: (artifacts: Readonly<Record<string, unknown>>, context: MetricContext<object>) => Measurement | NotApplicable, more: Partial<Check> = {}): Check {
  const metric = defineMetric<{ rows?: number }, Readonly<Record<'explained' | 'predicted', { kind: 'attributions'; parameters: object }>>>({
    id: 'own/metric', title: '', question: '', formula: '', meaning: '', range: [0, 1], ideal: null, unit: '', direction: 'none', references: [], limits: [],
    per: 'audit', needsDirection: false, judged: true, parameters: {}, needs: [],
    requires: ({ rows }) => ({ explained: { kind: 'attributions', parameters: { rows } }, predicted: { kind: 'attributions', parameters: {} } }),
    evaluate,
  })
  return { key: 'own/metric', name: null, metric, options: { rows: 7 }, sensitive: null, threshold: null, notApplicable: null, ...more }
}
const echo: Gather = async (request) => ({ value: request })
const run = (checked: Check, gather: Gather = echo, data: Partial<ProbityConfig['data']> = {}, seed?: number) =>
  evaluateCheck(checked, gather, VIEW, { data: { path: 'd', ...data }, ...(seed !== undefined && { seed }) })

describe('evaluating a check', () => {
  it('hands the metric its artifacts by name and its context, defaults filled in', async () => {
    const checked = check((artifacts, { data, options, sensitive, minimumGroupSize, excludedGroups: excluded, seed }) => {
      expect(artifacts).toEqual({ explained: { kind: 'attributions', parameters: { rows: 7 } }, predicted: { kind: 'attributions', parameters: {} } })
      expect([data === VIEW, options, sensitive, minimumGroupSize, excluded.size, seed]).toEqual([true, { rows: 7 }, null, 30, 0, 0])
      return { value: 0.5, n: 3 }
    })
    expect(await run(checked)).toEqual({ check: checked, measurement: { value: 0.5, n: 3 } })
  })
  it('hands over what the configuration states', async () => {
    const checked = check((_, { minimumGroupSize, excludedGroups: excluded, seed }) => {
      expect([minimumGroupSize, [...excluded], seed]).toEqual([5, [[1, 'few']], 9])
      return { value: 1, n: 3 }
    }, { sensitive: SEX })
    expect(await run(checked, echo, { minimumGroupSize: 5, exclude: [{ group: { sex: 'm' }, reason: 'few' }] }, 9)).toHaveProperty('measurement')
  })
  it('gathers nothing for a check that cannot apply', async () => {
    const never: Gather = () => { throw new Error('gathered') }
    expect(await run(check(() => ({ value: 1, n: 1 }), { notApplicable: 'needs labels' }), never)).toMatchObject({ notApplicable: 'needs labels' })
  })
  it('is not applicable where an artifact cannot be had, or the metric says so', async () => {
    expect(await run(check(() => ({ value: 1, n: 1 })), async () => ({ unavailable: 'no gradient' }))).toMatchObject({ notApplicable: 'no gradient' })
    expect(await run(check(() => notApplicable('0/0')))).toMatchObject({ notApplicable: '0/0' })
  })
  it('is an error, never a value, when gathering or the metric throws', async () => {
    expect(await run(check(() => { throw new Error('bro\nken') }))).toMatchObject({ error: 'bro ken' })
    expect(await run(check(() => ({ value: 1, n: 1 })), async () => { throw new Error('job crashed') })).toMatchObject({ error: 'job crashed' })
    expect(await run(check(() => undefined as unknown as Measurement))).toHaveProperty('error')
  })
  it.each([NaN, Infinity, -Infinity, '1' as unknown as number])('refuses the value %s', async (value) => {
    expect(await run(check(() => ({ value, n: 1 })))).toMatchObject({ error: expect.stringContaining(`own/metric gave ${value}, which is not a finite number`) as unknown })
  })
})

describe('excluded groups', () => {
  const config = (...exclude: NonNullable<ProbityConfig['data']['exclude']>): ProbityConfig => ({ data: { path: 'd', exclude } })
  const black: SensitiveColumn = { ...SEX, name: 'black', columns: ['black'], categories: ['0.0', '1.0'], parts: [['0.0'], ['1.0']] }

  it('are those of a column by value, numbers by what they mean', () => {
    expect([...excludedGroups(black, config({ group: { black: 1 }, reason: 'why' }, { group: { black: '0' }, reason: 'also' }))]).toEqual([[1, 'why'], [0, 'also']])
    expect(excludedGroups(SEX, config({ group: { black: 1 }, reason: 'why' })).size).toBe(0)
  })
  it('of an intersection name every column, in any order', () => {
    expect([...excludedGroups(SEX_AND_LABEL, config({ group: { y: 'no', sex: 'm' }, reason: 'why' }))]).toEqual([[1, 'why']])
    expect(excludedGroups(SEX_AND_LABEL, config({ group: { sex: 'm' }, reason: 'why' })).size).toBe(0)
    expect(excludedGroups(SEX, config({ group: { sex: 'm', y: 'no' }, reason: 'why' })).size).toBe(0)
  })
  it('that nobody belongs to are refused, with the nearest', () => {
    expect(() => checkExclusions([SEX], config({ group: { sex: 'n' }, reason: 'why' }))).toThrow(/data\.exclude names the group sex = n, which no sensitive column has\. Did you mean sex = f\?/)
    expect(() => checkExclusions([SEX, SEX_AND_LABEL], config({ group: { sex: 'm', y: 'no' }, reason: 'why' }))).not.toThrow()
    expect(() => checkExclusions([], config({ group: { sex: 'm' }, reason: 'why' }))).toThrow(/which no sensitive column has/)
  })
})
