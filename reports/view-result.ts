/** @file One result as display text: value, interval, limit, judgement, groups, details. */
import type { ExcludedRows } from '../src/contracts/dataset.js'
import type { MetricCard, Report, Result } from '../src/contracts/report.js'
import { UNDER, isSmall } from './cells.js'
import type { Shown } from './cells.js'
import type { Mark } from './charts.js'
import { linearScale } from './charts.js'
import { confidenceWords, decimalsFor, format, formatCount, formatInterval, formatShown } from './numbers.js'
import type { ShownResult } from './suppression.js'
import type { DetailsView } from './view-details.js'
import { detailsView } from './view-details.js'
import type { AxisView, GroupTableView } from './view-groups.js'
import { axisView, groupTable, groupUnit, markOf } from './view-groups.js'
import type { Badge, TextGuard } from './words.js'
import { decisionWords, guardText, judgeWords, limitWords, orNotStated, originWords, pValueWords, sentence, statusBadge, unitWords } from './words.js'

export type GaugeView = {
  readonly axis: AxisView
  readonly mark: Mark
  /** The side of the limit where it holds. */
  readonly holds: { readonly x: number; readonly width: number }
  readonly limits: readonly number[]
  readonly description: string
}

export type LimitView = { readonly words: string; readonly judge: string; readonly onInsufficient: string; readonly setBy: string; readonly on: string; readonly reason: string; readonly origin: string }

export type ResultView = {
  readonly anchor: string
  readonly key: string
  readonly badge: Badge
  readonly metric: string
  readonly category: string
  /** What it compares or what the entry is called: "black", "black and single", "small", "all rows". */
  readonly about: string
  readonly value: string | null
  /** What the number is, where the check's name does not say it. */
  readonly unit: string
  readonly interval: string | null
  readonly intervalTitle: string
  readonly intervalMethod: string
  readonly rows: string | null
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  readonly reason: string | null
  readonly limit: LimitView | null
  readonly decision: string
  readonly judgement: readonly string[]
  readonly settle: readonly { readonly name: string; readonly value: string }[]
  readonly notes: readonly string[]
  readonly gauge: GaugeView | null
  readonly groups: GroupTableView | null
  /** Tables of groups are folded away for intersections that were not judged: there are many of them, and they are secondary. */
  readonly folded: boolean
  readonly details: readonly DetailsView[]
  readonly guarded: boolean
}


export function aboutWords(result: Result): string {
  const columns = result.sensitive.join(' and ')
  const parts = [columns, result.name ?? ''].filter((part) => part !== '')
  return parts.join(', ') || 'all rows'
}

function gauge(result: Result, shown: ShownResult, card: MetricCard | null, text: string): GaugeView | null {
  const { threshold, unit } = result
  const limits = [threshold?.min, threshold?.max].filter((each) => each !== undefined)
  // Without a limit there is nothing to hold the value against; the groups have a chart of their own.
  if (shown.value === null || shown.value === 'withheld' || limits.length === 0) return null
  const values = typeof shown.value === 'number' ? [shown.value] : [shown.value.low, shown.value.high]
  const ends = [...values, ...(shown.interval ? [shown.interval.low, shown.interval.high] : []), ...limits]
  // Zero and the ideal anchor the picture, unless they would squeeze everything else into a corner.
  const width = Math.max(...ends) - Math.min(...ends)
  const anchors = [card?.ideal ?? null].filter((each) => each !== null && ends.every((end) => Math.abs(end - each) <= 3 * width)).map(Number)
  const beyond = [threshold?.min === undefined ? [] : [threshold.min + width / 4], threshold?.max === undefined ? [] : [threshold.max - width / 4]].flat()
  const scale = linearScale([...ends, ...anchors, ...beyond], { within: card?.range ?? [null, null], ticks: 5, pad: 4 })
  const mark = markOf(scale, shown.value, shown.interval)
  if (!mark) return null
  const from = threshold?.min === undefined ? 0 : scale.at(threshold.min)
  const to = threshold?.max === undefined ? 100 : scale.at(threshold.max)
  return { axis: axisView(scale, unit), mark, holds: { x: from, width: Math.round(Math.max(0, to - from) * 100) / 100 }, limits: limits.map(scale.at), description: text }
}

/** A rate of all rows has one sample; gaps and ratios have one per group. */
export const settleRows = ({ unit }: Result): string => (unit === 'share' ? 'rows' : 'rows per group')

function settleView(result: Result, guard: TextGuard): ResultView['settle'] {
  const settle = result.decision?.settle
  if (!settle) return []
  const step = result.unit.startsWith('ratio') ? 0.05 : 0.02
  const people = (count: number | null): string => (count === null ? 'not decidable at this limit' : `${Math.ceil(count).toLocaleString('en-US')} ${settleRows(result)}`)
  return [
    { name: 'Smallest gap from the limit that this sample decides (80 % power)', value: settle.smallestDecidableGap === null ? 'none' : format(settle.smallestDecidableGap, '', null) },
    { name: `Fresh sample that would settle it, if the truth is ${step} inside the limit`, value: people(settle.rowsPerGroup.ifPass) },
    { name: `Fresh sample that would settle it, if the truth is ${step} beyond the limit`, value: people(settle.rowsPerGroup.ifFail) },
    { name: 'Limiting cell', value: guardText(settle.limitingCell, guard) },
  ]
}

/** Gaps are given on the scale of their limits; the words say what that is in points. */
function unitText(value: Shown | null, unit: string, decimals: number | null): string {
  if (unit === 'difference of shares' && typeof value === 'number') return `= ${format(value, 'share', decimals).replace(/\s?%$/, '')} percentage points`
  return unit === '' || unit === 'share' ? '' : unitWords(unit)
}

export const excludedWords = ({ reason, rows }: ExcludedRows, showSmall: boolean): string =>
  `${formatCount(showSmall || !isSmall(rows) ? rows : UNDER)} rows left out: ${reason}`

const titleOf = (result: Result, card: MetricCard | null): string => result.title ?? card?.title ?? result.id

const parameterText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export function resultView(report: Report, result: Result, shown: ShownResult, anchor: string, showSmall: boolean): ResultView {
  const { threshold, decision, unit } = result
  const card = Object.hasOwn(report.metrics, result.id) ? (report.metrics[result.id] ?? null) : null
  const limits = [threshold?.min, threshold?.max].filter((each) => each !== undefined)
  const decimals = typeof shown.value === 'number' ? decimalsFor(shown.value, shown.interval, unit, limits) : null
  const value = shown.value === null ? null : formatShown(shown.value, unit, decimals)
  const interval = shown.interval && typeof shown.value === 'number' ? formatInterval(shown.interval, unit, decimals) : null
  const guard: TextGuard = { showSmall, figures: shown.compared, known: [...limits, ...Object.values(result.parameters).filter((each) => typeof each === 'number')] }
  const plain = (text: string): string => guardText(text, guard)
  const reason = result.reason === undefined ? null : sentence(plain(result.reason))
  const exact = typeof shown.value === 'number'
  return {
    anchor, key: result.key, badge: statusBadge(result.status), metric: titleOf(result, card), category: result.category, about: aboutWords(result),
    value,
    unit: value === 'withheld' ? '' : unitText(shown.value, unit, decimals),
    interval: interval ?? (value !== null && !exact ? 'withheld' : null),
    intervalTitle: result.interval ? confidenceWords(result.interval) : 'Interval',
    intervalMethod: result.interval?.method ?? '',
    rows: shown.n === null ? null : `${formatCount(shown.n)} of ${formatCount(report.data.rowsInFile)} rows`,
    parameters: Object.entries(result.parameters).map(([name, each]) => ({ name, value: parameterText(each) })),
    reason,
    limit: threshold ? { words: limitWords(threshold, unit), judge: judgeWords(threshold), onInsufficient: threshold.onInsufficient === 'warn' ? 'undecided is reported, not failed' : 'undecided fails the job', setBy: orNotStated(threshold.setBy), on: orNotStated(threshold.on), reason: orNotStated(threshold.reason), origin: originWords(threshold) } : null,
    decision: decisionWords(result),
    judgement: decision ? (shown.compared && !exact ? ['The p-values are withheld, so that no count under 10 can be worked out from them.'] : [sentence(plain(decision.explanation)), ...pValueWords(result.status, decision)].filter((each) => each !== '' && each !== reason)) : [],
    settle: shown.compared || result.status !== 'insufficient' ? [] : settleView(result, guard),
    notes: [...result.notes.map(plain), ...result.excluded.map((each) => excludedWords(each, showSmall))],
    gauge: gauge(result, shown, card, `${titleOf(result, card)}, ${aboutWords(result)}: ${value ?? 'no value'}${interval ? `, interval ${interval}` : ''}${threshold ? `; limit ${limitWords(threshold, unit)}` : ''}`),
    groups: shown.groups.length ? groupTable(shown.groups, groupUnit(unit, result.groups), `Groups of ${result.sensitive.join(' and ') || 'the data'}`) : null,
    details: result.details.map((details) => detailsView(details, { text: guard, shown })),
    folded: threshold === null && result.sensitive.length > 1,
    guarded: shown.guarded,
  }
}
