/** @file The largest gap or the smallest ratio of rates between groups: the body of the group fairness metrics. */
import type { Predictions } from '../contracts/artifact.js'
import { notApplicable, type IntervalAt, type Measurement, type MetricContext, type NotApplicable } from '../contracts/metric.js'
import type { Details } from '../contracts/report.js'
import { comparisonsOf, decisionLimits, shownLimits, UNCORRECTED_SHARE, type Scale } from './extremes.js'
import { favorableOf, groupRates, groupResults, type RateTable } from './group-rates.js'
import { settle, type SettleInput } from './power.js'
import { levelOf, type Limits } from './proportions.js'
import { adverseRatio, comparisonNotes } from './rate-notes.js'
import { gapOf, ratePairs, ratioOf, type RatePair } from './rate-pairs.js'
import type { RateName } from './rates.js'

export type ComparisonOptions = {
  /** A value of the sensitive column, 'best' or 'rest'. Default: all pairs. */
  readonly reference?: string | number | boolean
  /** Overrides the audit's minimum for this metric. */
  readonly minimumGroupSize?: number
}

const LARGEST_UNKNOWN_SHARE = 0.05
const LEVEL = 0.025

/**
 * Compares one or several rates between the groups of a sensitive column: value, intervals, group table, who could not be judged.
 * Several rates (equalized odds) enter one maximum; each must have two groups to compare.
 */
export function compareRates(scale: Scale, names: readonly RateName[], predictions: Predictions, context: MetricContext<ComparisonOptions>): Measurement | NotApplicable {
  const minimum = context.options.minimumGroupSize ?? context.minimumGroupSize
  const reference = context.options.reference === undefined ? undefined : String(context.options.reference)
  const tables: RateTable[] = []
  const pairs: RatePair[] = []
  for (const name of names) {
    const table = groupRates(name, predictions, context, minimum)
    if ('notApplicable' in table) return table
    const own = ratePairs(table, reference)
    if (own === null) return notApplicable(`the reference group ${reference} is excluded or has fewer than ${minimum} rows ${table.rate.denominator}`)
    if (own.length === 0) return notApplicable(`fewer than two groups have ${minimum} rows ${table.rate.denominator}, so no ${table.rate.title} can be compared`)
    if (scale === 'ratio' && own.every((pair) => Number.isNaN(ratioOf(pair)))) return notApplicable(`the ${table.rate.title} is 0 in every compared group: the ratio is 0/0`)
    tables.push(table)
    pairs.push(...own)
  }

  const worst = worstPair(scale, pairs)
  const shown = tables.find(({ rate }) => rate === worst.rate) ?? tables[0]
  const intervalFrom = (limitsOf: typeof shownLimits, kind: string): IntervalAt => (confidence) => ({ ...limitsOf(scale, pairs, levelOf(confidence)), confidence, method: `${kind}, ${comparisonsOf(pairs)} ordered comparisons` })
  const method = scale === 'difference' ? 'Newcombe' : 'MOVER-R'
  const [{ unknownShare }] = tables
  return {
    value: valueOf(scale, worst),
    n: tables.reduce((sum, { n }) => sum + n, 0),
    intervalAt: intervalFrom(shownLimits, method),
    decisionIntervalAt: intervalFrom((...of): Limits => decisionLimits(...of), `${method} with Clopper–Pearson limits`),
    groups: groupResults(shown),
    excluded: excludedRows(tables),
    unjudgedGroups: unjudgedGroups(tables),
    ...(unknownShare > LARGEST_UNKNOWN_SHARE && { cannotPass: `${(100 * unknownShare).toFixed(1)} % of the rows have no value of ${context.sensitive?.columns.join(' or ')}, over the ${100 * LARGEST_UNKNOWN_SHARE} % that a pass allows` }),
    settle: ({ familySize = 1, ...limits }) => settle(settleInput(scale, tables, pairs, limits, familySize), limits),
    notes: comparisonNotes({ scale, worst, pairs, tables, reference, data: context.data, direction: favorableOf(context.data) }),
    details: detailsOf(scale, tables, pairs),
  }
}

const valueOf = (scale: Scale, pair: RatePair): number => (scale === 'difference' ? gapOf(pair) : ratioOf(pair))

/** The pair that gives the value; the first of equals. */
function worstPair(scale: Scale, pairs: readonly RatePair[]): RatePair {
  const badness = (pair: RatePair) => (scale === 'difference' ? gapOf(pair) : Number.isNaN(ratioOf(pair)) ? -Infinity : -ratioOf(pair))
  return pairs.reduce((worst, pair) => (badness(pair) > badness(worst) ? pair : worst))
}

function detailsOf(scale: Scale, tables: readonly RateTable[], pairs: readonly RatePair[]): Details[] {
  const title = 'Rates per group'
  const both: Details[] = tables.length > 1 ? [{ type: 'groups', title, caption: 'Wilson intervals, 95 %.', unit: 'share', series: tables.map((table) => ({ name: table.rate.title, groups: groupResults(table) })) }] : []
  if (scale === 'difference') return both
  const note = 'the same groups, counted in the opposite outcome; the four-fifths rule of thumb speaks of selections'
  return [...both, { type: 'facts', title: 'Counted the other way', items: [{ name: 'Adverse ratio', value: adverseRatio(pairs), note }] }]
}

/** With several rates, a row outside one denominator may be inside the other: only what no rate uses is excluded. */
function excludedRows(tables: readonly RateTable[]) {
  if (tables.length === 1) return tables[0].excluded
  const rows = new Map<string, number>()
  tables.forEach(({ excluded, rate }, i) => {
    for (const { reason, rows: count } of excluded) {
      if (reason === `not among the rows ${rate.denominator}`) continue
      // Rows without label or prediction are the same ones in every table; the others belong to one denominator each.
      const shared = reason === 'no prediction' || reason === 'no label'
      if (!shared || i === 0) rows.set(reason, (rows.get(reason) ?? 0) + count)
    }
  })
  return [...rows].map(([reason, count]) => ({ reason, rows: count }))
}

function unjudgedGroups(tables: readonly RateTable[]) {
  const found = new Map<string, { group: string; people: number; reason: string }>()
  for (const { groups } of tables) {
    for (const { name, people, role, reason = '' } of groups) {
      if (role !== 'too-small') continue
      const before = found.get(name)
      found.set(name, { group: name, people, reason: before ? `${before.reason}; ${reason}` : reason })
    }
  }
  return [...found.values()]
}

/** The pair with the fewest rows limits what can be decided. */
function settleInput(scale: Scale, tables: readonly RateTable[], pairs: readonly RatePair[], limits: { min?: number; max?: number }, familySize: number): SettleInput {
  const spread = ({ first, second }: RatePair) => 1 / first.trials + 1 / second.trials
  const scarcest = pairs.reduce((worst, pair) => (spread(pair) > spread(worst) ? pair : worst))
  const [small, large] = [scarcest.first, scarcest.second].sort((a, b) => a.trials - b.trials)
  const compared = tables.flatMap((table) => (table.rate === scarcest.rate ? table.groups.filter(({ role }) => role === 'compared') : []))
  // One success and one failure more keep a rate of 0 or 1 from looking certain.
  const rate = compared.reduce((sum, { successes, trials }) => sum + (successes + 1) / (trials + 2), 0) / compared.length
  const people = compared.find(({ name }) => name === small.name)?.people ?? small.trials
  const corrected = LEVEL / comparisonsOf(pairs)
  const uncorrected = LEVEL * UNCORRECTED_SHARE
  const failIsCorrected = (scale === 'difference') === (limits.max !== undefined)
  return {
    scale,
    rate,
    trials: [small.trials, large.trials],
    peoplePerTrial: people / small.trials,
    limitingCell: `${small.name}, rows ${scarcest.rate.denominator}`,
    levels: { fail: (failIsCorrected ? corrected : uncorrected) / familySize, pass: failIsCorrected ? uncorrected : corrected },
  }
}
