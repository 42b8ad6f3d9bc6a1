import { describe, expect, it } from 'vitest'
import type { Check } from '../../src/audit/checks.js'
import { recordSettings, type Planned } from '../../src/audit/previous-audit.js'
import type { ProbityConfig } from '../../src/contracts/config.js'
import type { Threshold } from '../../src/contracts/report.js'
import { metrics } from '../../metrics/index.js'

const memoryStore = (persistent = true) => {
  const kept = new Map<string, Uint8Array>()
  return { persistent, kept, get: async (key: string) => kept.get(key) ?? null, put: async (key: string, content: Uint8Array) => void kept.set(key, content) }
}
const judged = (key: string, limits: Partial<Threshold> | null, options: Check['options'] = {}): Check => ({
  key, name: null, metric: metrics[0], options, sensitive: null, notApplicable: null,
  threshold: limits && { judge: 'evidence', onInsufficient: 'fail', setBy: '', on: '', reason: '', ...limits },
})
const CHECKS = [judged('fairness/demographic-parity-ratio@sex', { min: 0.8 }), judged('fairness/selection-rate@sex', null)]
const plan = (more: Partial<Planned> = {}, data: Partial<ProbityConfig['data']> = {}, config: Partial<ProbityConfig> = {}): Planned => ({
  config: { data: { path: 'd.csv', sensitive: ['sex'], ...data }, ...config },
  checks: CHECKS, dataSha256: 'd', configSha256: 'c', startedAt: '2026-01-01T00:00:00.000Z', ...more,
})

describe('settings of the previous audit of the same data', () => {
  it('are unknown at first, and unchanged when the same audit runs again, also with defaults written out', async () => {
    const store = memoryStore()
    expect(await recordSettings(store, plan())).toEqual({ previous: null, changes: [] })
    expect(await recordSettings(store, plan({ startedAt: '2026-01-02T00:00:00.000Z' }, { minimumGroupSize: 30 }, { seed: 0 }))).toEqual({
      previous: { startedAt: '2026-01-01T00:00:00.000Z', configSha256: 'c' }, changes: [],
    })
  })
  it.each<[string, Planned, { setting: string; previous: string; now: string }]>([
    ['a looser limit', plan({ checks: [judged('fairness/demographic-parity-ratio@sex', { min: 0.7 })] }), { setting: 'limit of fairness/demographic-parity-ratio@sex', previous: 'at least 0.8', now: 'at least 0.7' }],
    ['a limit that is gone', plan({ checks: [judged('fairness/demographic-parity-ratio@sex', null)] }), { setting: 'limit of fairness/demographic-parity-ratio@sex', previous: 'at least 0.8', now: 'none' }],
    ['a limit that is new', plan({ checks: [...CHECKS, judged('robustness/pgd', { min: 0.1 }, { epsilon: 0.01 })] }), { setting: 'limit of robustness/pgd', previous: 'none', now: 'at least 0.1' }],
    ['the bare estimate judged', plan({ checks: [judged('fairness/demographic-parity-ratio@sex', { min: 0.8, judge: 'estimate' })] }), { setting: 'judgement of fairness/demographic-parity-ratio@sex', previous: 'evidence; undecided fails', now: 'estimate; undecided fails' }],
    ['a parameter', plan({ checks: [judged('fairness/demographic-parity-ratio@sex', { min: 0.8 }, { reference: 'rest' })] }), { setting: 'reference of fairness/demographic-parity-ratio@sex', previous: 'none', now: '"rest"' }],
    ['other bins', plan({}, { bins: { age: [40] } }), { setting: 'bins of age', previous: 'none', now: '40' }],
    ['fewer groups', plan({}, { exclude: [{ group: { sex: 'x' }, reason: 'few' }] }), { setting: 'excluded groups', previous: 'none', now: 'sex = x' }],
    ['a larger minimum', plan({}, { minimumGroupSize: 100 }), { setting: 'smallest group that is judged', previous: '30', now: '100' }],
    ['another seed', plan({}, {}, { seed: 7 }), { setting: 'seed', previous: '0', now: '7' }],
    ['another decision threshold', plan({}, {}, { decision: { threshold: 0.3 } }), { setting: 'decision threshold', previous: 'none', now: '0.3' }],
  ])('%s is shown with both values, also when it runs again, and when it is taken back', async (_, changed, change) => {
    const store = memoryStore()
    await recordSettings(store, plan())
    expect((await recordSettings(store, changed))?.changes).toEqual([change])
    expect((await recordSettings(store, changed))?.changes).toEqual([change])
    expect((await recordSettings(store, plan()))?.changes).toEqual([{ setting: change.setting, previous: change.now, now: change.previous }])
  })
  it('are kept per data file', async () => {
    const store = memoryStore()
    await recordSettings(store, plan())
    expect(await recordSettings(store, plan({ dataSha256: 'other', checks: [] }))).toEqual({ previous: null, changes: [] })
  })
  it('are not known, and nothing is written, where nothing outlives the run', async () => {
    const store = memoryStore(false)
    expect(await recordSettings(store, plan())).toBeNull()
    expect(store.kept.size).toBe(0)
  })
  it('survive column names that objects inherit', async () => {
    const store = memoryStore()
    await recordSettings(store, plan())
    const changes = (await recordSettings(store, plan({ checks: [...CHECKS, judged('constructor', { max: 1 })] }, { bins: { toString: [1] } })))?.changes
    expect(changes).toEqual([{ setting: 'limit of constructor', previous: 'none', now: 'at most 1' }, { setting: 'bins of toString', previous: 'none', now: '1' }])
  })
})
