/**
 * @file What was decided before values were computed, kept per data file, and how it differs from the previous audit of the same data: a limit,
 * group or seed that is chosen after seeing a result is not the limit that the result was held against.
 */
import { artifactKey, type Workspace } from '../artifacts/index.js'
import type { ProbityConfig } from '../contracts/config.js'
import type { ChangedSincePreviousAudit, Threshold } from '../contracts/report.js'
import type { Check } from './checks.js'
import { DEFAULT_MINIMUM_GROUP_SIZE } from './evaluate.js'

/** Setting → value in words, as both are shown. */
type Words = Readonly<Record<string, string>>
type Settings = {
  readonly general: Words
  /** Judged checks by key: limit, how it is judged, parameters. */
  readonly judged: Readonly<Record<string, Words>>
}
type Entry = { readonly startedAt: string; readonly configSha256: string; readonly settings: Settings }
type Change = ChangedSincePreviousAudit['changes'][number]

/** Different settings that are remembered per data file, the latest last. */
const REMEMBERED = 100
const NONE = 'none'

export type Planned = { readonly config: ProbityConfig; readonly checks: readonly Check[]; readonly dataSha256: string; readonly configSha256: string; readonly startedAt: string }

/**
 * Writes down the settings of this audit, before anything is gathered, and compares them with those of the latest audit of the same data whose
 * settings were others: running a changed configuration twice does not make it the unchanged one.
 *
 * @returns null where nothing outlives the run, so that earlier audits cannot be known
 */
export async function recordSettings(store: Workspace['store'], planned: Planned): Promise<ChangedSincePreviousAudit | null> {
  if (!store.persistent) return null
  const name = artifactKey({ record: 'audited-settings', version: 1, data: planned.dataSha256 })
  const stored = await store.get(name)
  const entries = stored ? (JSON.parse(Buffer.from(stored).toString('utf8')) as readonly Entry[]) : []
  const settings = settingsOf(planned)
  const others = entries.filter((entry) => changesBetween(entry.settings, settings).length > 0)
  const { startedAt, configSha256 } = planned
  await store.put(name, Buffer.from(JSON.stringify([...others, { startedAt, configSha256, settings }].slice(-REMEMBERED))))
  const previous = others.at(-1) ?? entries.at(-1)
  return {
    previous: previous ? { startedAt: previous.startedAt, configSha256: previous.configSha256 } : null,
    changes: previous ? changesBetween(previous.settings, settings) : [],
  }
}

/** Everything by which a verdict can be steered, with defaults filled in, so that writing a default out is no change. */
function settingsOf({ config, checks }: Planned): Settings {
  const { data, decision, seed } = config
  const each = <T>(values: readonly T[] | undefined, words: (value: T) => string) => values?.map(words).sort().join('; ') || NONE
  return {
    general: {
      'sensitive columns': each(data.sensitive, String),
      'judged intersections': each(data.intersections, (columns) => [...columns].sort().join(' and ')),
      'excluded groups': each(data.exclude, ({ group }) => Object.entries(group).map(([column, value]) => `${column} = ${value}`).sort().join(' and ')),
      ...Object.fromEntries(Object.entries(data.bins ?? {}).map(([column, edges]) => [`bins of ${column}`, edges.join(', ')])),
      'smallest group that is judged': String(data.minimumGroupSize ?? DEFAULT_MINIMUM_GROUP_SIZE),
      'favorable outcome': String(data.favorable ?? NONE),
      rows: data.rows === undefined ? 'all' : typeof data.rows === 'string' ? data.rows : JSON.stringify(data.rows),
      'decision threshold': String(decision?.threshold ?? NONE),
      seed: String(seed ?? 0),
    },
    judged: Object.fromEntries(checks.flatMap(({ key, threshold, options }) => (threshold ? [[key, {
      limit: limitInWords(threshold),
      judgement: `${threshold.judge}; undecided ${threshold.onInsufficient === 'warn' ? 'is reported' : 'fails'}`,
      ...Object.fromEntries(Object.entries(options).map(([name, value]) => [name, JSON.stringify(value)])),
    }]] : []))),
  }
}

const limitInWords = ({ min, max }: Threshold): string =>
  [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])].join(' and ')

function changesBetween(previous: Settings, now: Settings): Change[] {
  const keys = [...new Set([...Object.keys(now.judged), ...Object.keys(previous.judged)])]
  return [
    ...keys.flatMap((key) => {
      const [before, after] = [ownOf(previous.judged, key), ownOf(now.judged, key)]
      // Of a check that came or went the limit says it all.
      if (!before || !after) return [{ setting: `limit of ${key}`, previous: before?.limit ?? NONE, now: after?.limit ?? NONE }]
      return differences(before, after).map((change) => ({ ...change, setting: `${change.setting} of ${key}` }))
    }),
    ...differences(previous.general, now.general),
  ]
}

const differences = (previous: Words, now: Words): Change[] =>
  [...new Set([...Object.keys(now), ...Object.keys(previous)])]
    .map((setting) => ({ setting, previous: ownOf(previous, setting) ?? NONE, now: ownOf(now, setting) ?? NONE }))
    .filter((change) => change.previous !== change.now)

const ownOf = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(record, key) ? record[key] : undefined)
