/** @file A table of groups with a dot and an interval beside each row, as display text and chart positions. */
import type { GroupKey, GroupResult, Interval } from '../src/contracts/report.js'
import type { Shown } from './cells.js'
import type { Mark, Scale, Tick } from './charts.js'
import { linearScale } from './charts.js'
import { DASH, confidenceWords, decimalsFor, format, formatCount, formatInterval, formatShown, isShare } from './numbers.js'
import type { ShownGroup } from './suppression.js'

export type AxisView = { readonly ticks: readonly { readonly at: number; readonly label: string; readonly anchor: 'start' | 'middle' | 'end' }[]; readonly zero: number | null }

export type GroupRowView = {
  readonly name: string
  readonly n: string
  readonly denominator: string
  readonly value: string
  readonly interval: string
  readonly note: string
  readonly outside: boolean
  readonly mark: Mark | null
  readonly description: string
}

export type GroupTableView = {
  readonly caption: string
  readonly heading: string
  readonly valueTitle: string
  readonly intervalTitle: string
  readonly rows: readonly GroupRowView[]
  readonly axis: AxisView | null
  readonly gridlines: readonly Tick[]
  readonly hasNotes: boolean
  readonly hasDenominator: boolean
}

export const groupName = (group: GroupKey): string => group.map(({ column, value }) => `${column} = ${value}`).join(', ')

/** Tables of one column carry its name as their heading. */
const onlyColumn = (groups: readonly ShownGroup[]): string | null => {
  const columns = new Set(groups.map(({ source }) => source.group.map(({ column }) => column).join('\n')))
  return columns.size === 1 && groups[0]?.source.group.length === 1 ? (groups[0].source.group[0]?.column ?? null) : null
}

const ROLE: Readonly<Record<GroupResult['role'], string>> = {
  compared: '', unknown: 'unknown value; outside the comparison', 'too-small': 'under the minimum; not judged', excluded: 'left out of the comparison',
}

const range = (shown: Shown | null): { low: number; high: number } | null => (shown === null || shown === 'withheld' || typeof shown === 'number' ? null : shown)

export function axisView(scale: Scale, unit: string): AxisView {
  const last = scale.ticks.length - 1
  const fraction = scale.ticks.some(({ value }) => Math.abs(value * 100 - Math.round(value * 100)) > 1e-9) ? 3 : 2
  const ticks = scale.ticks.map(({ at, value }, index) => ({
    at, label: isShare(unit) ? format(value, unit, fraction) : String(Number(value.toPrecision(6))).replace('-', '\u2212'), anchor: index === 0 && at < 4 ? ('start' as const) : index === last && at > 96 ? ('end' as const) : ('middle' as const),
  }))
  return { ticks, zero: scale.low <= 0 && scale.high >= 0 ? scale.at(0) : null }
}

export function markOf(scale: Scale, value: Shown | null, interval: Interval | null): Mark | null {
  const vague = range(value)
  if (vague) return { dot: null, from: scale.at(vague.low), to: scale.at(vague.high), vague: true }
  if (typeof value !== 'number') return null
  return { dot: scale.at(value), from: interval ? scale.at(interval.low) : null, to: interval ? scale.at(interval.high) : null, vague: false }
}

/** A rate is given with the decimals of its own interval. */
function rowView(group: ShownGroup, unit: string, scale: Scale, short: boolean): GroupRowView {
  const { source, value, interval } = group
  const decimals = typeof value === 'number' ? decimalsFor(value, interval, unit) : null
  const shown = value === null ? `${DASH} (0 of 0)` : formatShown(value, unit, decimals)
  const limits = interval ? formatInterval(interval, unit, decimals) : value !== null && typeof value !== 'number' ? 'withheld' : DASH
  return {
    name: short ? (source.group[0]?.value ?? '') : groupName(source.group), n: formatCount(group.n), denominator: formatCount(group.denominator), value: shown, interval: limits,
    note: source.role === 'compared' ? (source.reason ?? '') : (source.reason ?? ROLE[source.role]), outside: source.role !== 'compared',
    mark: markOf(scale, value, interval),
    description: interval ? `${groupName(source.group)}: ${shown}, ${confidenceWords(interval)} ${limits}` : `${groupName(source.group)}: ${shown}`,
  }
}

/** Scale over everything that the rows draw. */
export function groupScale(tables: readonly (readonly ShownGroup[])[], unit: string): Scale {
  const values = tables.flat().flatMap(({ value, interval }) => {
    const vague = range(value)
    return [typeof value === 'number' ? [value] : [], vague ? [vague.low, vague.high] : [], interval ? [interval.low, interval.high] : []].flat()
  })
  return linearScale(values, { within: isShare(unit) ? [0, 1] : [null, null], ticks: 3 })
}

/** `unit` is that of a group's value: the groups of a gap between shares have shares. */
export function groupTable(groups: readonly ShownGroup[], unit: string, caption: string, scale: Scale = groupScale([groups], unit)): GroupTableView {
  const column = onlyColumn(groups)
  const rows = groups.map((group) => rowView(group, unit, scale, column !== null))
  const drawn = rows.some(({ mark }) => mark !== null)
  const example = groups.find(({ interval }) => interval)?.interval
  return {
    caption, rows,
    heading: column ?? 'Group',
    valueTitle: isShare(unit) ? 'Rate' : 'Value',
    intervalTitle: example ? `${confidenceWords(example)}, ${example.method}` : 'Interval',
    axis: drawn ? axisView(scale, unit) : null,
    gridlines: drawn ? scale.ticks : [],
    hasNotes: rows.some(({ note }) => note !== ''),
    hasDenominator: groups.some(({ source }) => source.n !== source.denominator),
  }
}

/** Gaps and ratios are made of shares wherever every group value is one. */
export const groupUnit = (unit: string, groups: readonly GroupResult[]): string =>
  /share|ratio/.test(unit) && groups.every(({ value }) => value === null || (value >= 0 && value <= 1)) ? 'share' : unit
