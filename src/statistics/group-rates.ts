/** @file A rate per group of a sensitive column, every row of the view accounted for. */
import type { Predictions } from '../contracts/artifact.js'
import type { DatasetView, ExcludedRows, SensitiveColumn } from '../contracts/dataset.js'
import { indexOfLabel } from '../contracts/labels.js'
import { notApplicable, type MetricContext, type NotApplicable } from '../contracts/metric.js'
import type { GroupKey, GroupResult } from '../contracts/report.js'
import { wilsonInterval, type Proportion } from './proportions.js'
import { RATES, type Outcome, type Rate, type RateName } from './rates.js'

export type GroupRate = Proportion & {
  readonly key: GroupKey
  /** "black = 1", "black = 1 & single = 0" */
  readonly name: string
  readonly people: number
  readonly role: GroupResult['role']
  readonly reason?: string
}

export type RateTable = {
  readonly rate: Rate
  /** In the order of the categories; `unknown` last, where there are rows without a value. */
  readonly groups: readonly GroupRate[]
  /** Denominators of the compared groups together. */
  readonly n: number
  readonly excluded: readonly ExcludedRows[]
  readonly unknownShare: number
}

/** Over this many, a column looks like an identifier. */
export const MOST_GROUPS = 50
const SHOWN_CONFIDENCE = 0.95

/** The outcome a person wants, or what stands in for it. */
export const favorableOf = ({ favorable, positive }: DatasetView): string | null => favorable ?? positive

/**
 * Counts one rate per group. Groups whose denominator is under `minimum` are `too-small`; rows without a sensitive value form `unknown`.
 * Not applicable without a favorable outcome (accuracy needs none), without labels where the rate needs them, and over 50 groups.
 */
export function groupRates(name: RateName, predictions: Predictions, context: Pick<MetricContext<unknown>, 'data' | 'sensitive' | 'excludedGroups'>, minimum: number): RateTable | NotApplicable {
  const { data, sensitive, excludedGroups } = context
  const rate = RATES[name]
  if (!sensitive) return notApplicable('needs data.sensitive, the columns whose groups are compared')
  if (sensitive.categories.length > MOST_GROUPS) return notApplicable(`${sensitive.name} has ${sensitive.categories.length} groups, more than ${MOST_GROUPS}: it looks like an identifier`)
  const readOutcome = outcomeReader(name, predictions, data)
  if (typeof readOutcome !== 'function') return readOutcome

  const unknown = sensitive.categories.length
  const people = new Float64Array(unknown + 1), trials = people.slice(), successes = people.slice()
  let unpredicted = 0, unlabelled = 0, outside = 0
  for (let row = 0; row < data.rows; row++) {
    const group = sensitive.codes[row] < 0 ? unknown : sensitive.codes[row]
    people[group]++
    const outcome = readOutcome(row)
    if (outcome === 'no prediction') unpredicted++
    else if (outcome === 'no label') unlabelled++
    else {
      const counted = rate.counts(outcome)
      if (counted === null) outside++
      else trials[group]++
      if (counted) successes[group]++
    }
  }

  const groups = Array.from(people, (count, i): GroupRate | null => {
    if (count === 0) return null
    const key = keyOf(sensitive, i)
    const excluded = excludedGroups.get(i)
    const role = i === unknown ? 'unknown' : excluded !== undefined ? 'excluded' : trials[i] < Math.max(1, minimum) ? 'too-small' : 'compared'
    const reason = { unknown: `no value of ${sensitive.columns.join(' or ')}`, excluded, 'too-small': `fewer than ${Math.max(1, minimum)} rows ${rate.denominator}`, compared: undefined }[role]
    return { key, name: nameOf(key), people: count, trials: trials[i], successes: successes[i], role, ...(reason !== undefined && { reason }) }
  }).filter((group) => group !== null)

  const rowsOf = (role: GroupRate['role']) => groups.reduce((sum, group) => sum + (group.role === role ? group.trials : 0), 0)
  return {
    rate,
    groups,
    n: rowsOf('compared'),
    excluded: [
      { reason: 'no prediction', rows: unpredicted },
      { reason: 'no label', rows: unlabelled },
      { reason: `not among the rows ${rate.denominator}`, rows: outside },
      { reason: `no value of ${sensitive.columns.join(' or ')}`, rows: rowsOf('unknown') },
      { reason: 'group excluded by the configuration', rows: rowsOf('excluded') },
      { reason: `group with fewer than ${Math.max(1, minimum)} rows ${rate.denominator}`, rows: rowsOf('too-small') },
    ].filter(({ rows }) => rows > 0),
    unknownShare: people[unknown] / data.rows,
  }
}

/** How a row is read, or why no row can be. */
function outcomeReader(name: RateName, { classes, predicted }: Predictions, data: DatasetView): NotApplicable | ((row: number) => Outcome | 'no prediction' | 'no label') {
  const { label } = data
  const { needsLabel } = RATES[name]
  if (needsLabel && !label) return notApplicable('needs data.label, the column with the true classes')
  const favorable = favorableOf(data)
  if (favorable === null && name !== 'accuracy') return notApplicable('needs data.favorable or data.positive: which class counts as selected')
  const selectedClass = favorable === null ? -1 : indexOfLabel(classes, favorable)
  if (selectedClass < 0 && name !== 'accuracy') return notApplicable(`the favorable outcome ${favorable} is not among the predicted classes ${classes.join(', ')}`)
  const classOfLabel = label?.categories.map((category) => indexOfLabel(classes, category)) ?? []
  return (row) => {
    if (predicted[row] < 0) return 'no prediction'
    const code = label?.codes[row] ?? -1
    if (needsLabel && code < 0) return 'no label'
    return { selected: predicted[row] === selectedClass, wanted: classOfLabel[code] === selectedClass, right: classOfLabel[code] === predicted[row] }
  }
}

/** The table as reports show it. */
export const groupResults = ({ groups }: RateTable): GroupResult[] =>
  groups.map(({ key, people, trials, successes, role, reason }) => ({
    group: key,
    n: people,
    denominator: trials,
    value: trials === 0 ? null : successes / trials,
    interval: wilsonInterval({ successes, trials }, SHOWN_CONFIDENCE),
    role,
    ...(reason !== undefined && { reason }),
  }))

const keyOf = ({ columns, parts }: SensitiveColumn, category: number): GroupKey => columns.map((column, i) => ({ column, value: parts[category]?.[i] ?? 'unknown' }))
const nameOf = (key: GroupKey): string => key.map(({ column, value }) => `${column} = ${value}`).join(' & ')
