/** @file The closed set of detail shapes as display text and chart positions. Each `partial` is a template of templates/details. */
import type { Details } from '../src/contracts/report.js'
import { isSmall, protectCounts } from './cells.js'
import type { Mark } from './charts.js'
import { linearScale, pointsAttribute } from './charts.js'
import { confidenceWords, decimalsFor, format, formatCell, formatCount, formatInterval, isShare } from './numbers.js'
import type { ShownResult } from './suppression.js'
import type { AxisView, GroupTableView } from './view-groups.js'
import { axisView, groupScale, groupTable, markOf } from './view-groups.js'
import type { TextGuard } from './words.js'
import { guardText } from './words.js'

type Guard = { readonly text: TextGuard; readonly shown: ShownResult }

export type FactsView = { readonly partial: 'facts'; readonly title: string; readonly items: readonly { readonly name: string; readonly value: string; readonly note: string }[] }
export type TableView = {
  readonly partial: 'table'
  readonly title: string
  readonly caption: string
  readonly columns: readonly { readonly title: string; readonly unit: string; readonly numeric: boolean }[]
  readonly rows: readonly { readonly head: string; readonly cells: readonly { readonly text: string; readonly numeric: boolean }[] }[]
}
export type BarsView = {
  readonly partial: 'bars'
  readonly title: string
  readonly caption: string
  readonly unit: string
  readonly intervalTitle: string
  readonly axis: AxisView
  readonly rows: readonly { readonly name: string; readonly value: string; readonly interval: string; readonly mark: Mark; readonly x: number; readonly width: number; readonly description: string }[]
}
export type CurveView = {
  readonly partial: 'curve'
  readonly title: string
  readonly caption: string
  readonly xTitle: string
  readonly yTitle: string
  readonly intervalTitle: string
  readonly line: string
  readonly band: string | null
  readonly dots: readonly { readonly x: number; readonly y: number }[]
  readonly xAxis: AxisView
  readonly yAxis: AxisView
  readonly references: readonly { readonly y: number; readonly labelY: number; readonly name: string; readonly value: string }[]
  readonly rows: readonly { readonly x: string; readonly y: string; readonly interval: string }[]
  readonly description: string
}
export type GroupsView = { readonly partial: 'groups'; readonly title: string; readonly caption: string; readonly tables: readonly GroupTableView[] }
export type WithheldView = { readonly partial: 'withheld'; readonly title: string }
export type DetailsView = FactsView | TableView | BarsView | CurveView | GroupsView | WithheldView

type Of<K extends Details['type']> = Extract<Details, { type: K }>

/** Units whose numbers count people or rows. */
const COUNTS = new Set(['people', 'rows', 'count'])

function factsView(details: Of<'facts'>, { text }: Guard): FactsView {
  const items = details.items.map(({ name, value, unit, note }) => ({
    name, value: guardText(formatCell(value, unit ?? ''), text), note: guardText(note ?? '', text),
  }))
  return { partial: 'facts', title: details.title, items }
}

/** Decimals that a column shares: three significant digits of its largest number. Null where whole numbers are all there is. */
function columnDecimals(values: readonly (string | number | null | undefined)[], unit: string): number | null {
  const numbers = values.filter((value) => typeof value === 'number')
  if (isShare(unit) || numbers.every(Number.isInteger)) return null
  const largest = Math.max(...numbers.map(Math.abs))
  return largest < 1e-5 || largest > 1e8 ? null : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(largest))))
}

function tableView(details: Of<'table'>, { text: guard }: Guard): TableView {
  const { columns, rows } = details
  const numeric = columns.map(({ key }) => rows.some((row) => typeof row[key] === 'number'))
  const counts = columns.map(({ key, unit }) => {
    if (guard.showSmall || unit === undefined || !COUNTS.has(unit)) return null
    return protectCounts(rows.map((row) => (typeof row[key] === 'number' ? row[key] : 0)))
  })
  const decimals = columns.map(({ key, unit }) => columnDecimals(rows.map((row) => row[key]), unit ?? ''))
  const text = (row: (typeof rows)[number], r: number, c: number): string => {
    const column = columns[c]
    const value = column ? (row[column.key] ?? null) : null
    if (typeof value !== 'number') return guardText(formatCell(value, ''), guard)
    const count = counts[c]
    if (count) return formatCount(count[r] ?? 'withheld')
    const hidden = counts.some((each) => each !== null && typeof each[r] !== 'number')
    const places = decimals[c] ?? null
    return hidden ? 'withheld' : places === null ? formatCell(value, column?.unit ?? '') : format(value, column?.unit ?? '', places)
  }
  return {
    partial: 'table', title: details.title, caption: details.caption ?? '',
    columns: columns.map(({ title, unit }, c) => ({ title, unit: unit === undefined || unit === 'share' || unit === title.toLowerCase() ? '' : unit, numeric: numeric[c] ?? false })),
    rows: rows.map((row, r) => ({ head: text(row, r, 0), cells: columns.slice(1).map((_, c) => ({ text: text(row, r, c + 1), numeric: numeric[c + 1] ?? false })) })),
  }
}

function barsView({ title, caption, unit, bars }: Of<'bars'>): BarsView {
  const scale = linearScale([0, ...bars.flatMap(({ value, interval }) => [value, ...(interval ? [interval.low, interval.high] : [])])], { ticks: 3, pad: 3 })
  const zero = scale.at(0)
  const rows = bars.map(({ name, value, interval }) => {
    const decimals = decimalsFor(value, interval, unit)
    const at = scale.at(value)
    const limits = interval ? formatInterval(interval, unit, decimals) : ''
    return {
      name, value: format(value, unit, decimals), interval: limits, x: Math.min(zero, at), width: Math.abs(at - zero),
      mark: markOf(scale, value, interval) ?? { dot: null, from: null, to: null, vague: false },
      description: `${name}: ${format(value, unit, decimals)}${limits ? `, interval ${limits}` : ''}`,
    }
  })
  const example = bars.find(({ interval }) => interval)?.interval
  return { partial: 'bars', title, caption: caption ?? '', unit, rows, axis: axisView(scale, unit), intervalTitle: example ? `${confidenceWords(example)}, ${example.method}` : '' }
}

/** Reference labels sit on their lines; those that would collide are moved apart. */
function spread(places: readonly number[], distance: number): readonly number[] {
  const order = places.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y)
  const moved = [...places]
  let previous = -Infinity
  for (const { y, index } of order) {
    previous = Math.max(y, previous + distance)
    moved[index] = Math.round(previous * 100) / 100
  }
  return moved
}

function curveView({ title, caption, x, y, points, references }: Of<'curve'>): CurveView {
  const ys = [...points.flatMap((point) => [point.y, ...(point.interval ? [point.interval.low, point.interval.high] : [])]), ...(references ?? []).map((each) => each.y)]
  const share = ys.every((value) => value >= 0 && value <= 1)
  const unit = share ? 'share' : ''
  const across = linearScale(points.map((point) => point.x), { ticks: 5, pad: 8 })
  const upScale = linearScale(share ? [0, ...ys] : ys, { within: share ? [0, 1] : [null, null], ticks: 5, pad: 5 })
  const up = (value: number): number => Math.round((100 - upScale.at(value)) * 100) / 100
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const banded = sorted.filter((point) => point.interval !== null)
  const edge = (which: 'low' | 'high'): (readonly [number, number])[] => banded.map((point) => [across.at(point.x), up(point.interval?.[which] ?? point.y)] as const)
  const rows = sorted.map((point) => {
    const decimals = decimalsFor(point.y, point.interval, unit)
    return { x: String(Number(point.x.toPrecision(6))), y: format(point.y, unit, decimals), interval: point.interval ? formatInterval(point.interval, unit, decimals) : '' }
  })
  const lines = references ?? []
  const labels = spread(lines.map((each) => up(each.y) - 2), 7)
  const yAxis = axisView(upScale, unit)
  const [first, last] = [rows[0], rows[rows.length - 1]]
  return {
    partial: 'curve', title, caption: caption ?? '', xTitle: x, yTitle: y, rows,
    intervalTitle: banded[0]?.interval ? `${confidenceWords(banded[0].interval)}, ${banded[0].interval.method}` : '',
    line: pointsAttribute(sorted.map((point) => [across.at(point.x), up(point.y)] as const)),
    band: banded.length > 1 ? pointsAttribute([...edge('low'), ...edge('high').reverse()]) : null,
    dots: sorted.map((point) => ({ x: across.at(point.x), y: up(point.y) })),
    xAxis: axisView(across, ''),
    yAxis: { ...yAxis, ticks: yAxis.ticks.map((tick) => ({ ...tick, at: Math.round((100 - tick.at) * 100) / 100 })) },
    references: lines.map((each, index) => ({ name: each.name, value: format(each.y, unit, null), y: up(each.y), labelY: labels[index] ?? up(each.y) })),
    description: first && last ? `${y} goes from ${first.y} at ${x} ${first.x} to ${last.y} at ${last.x}.` : 'No points.',
  }
}

function groupsView(details: Of<'groups'>, { shown }: Guard): GroupsView {
  const series = shown.series.get(details) ?? []
  const scale = groupScale(series, details.unit)
  const tables = details.series.map(({ name }, index) => groupTable(series[index] ?? [], details.unit, name, scale))
  return { partial: 'groups', title: details.title, caption: details.caption ?? '', tables }
}

/** Tables and facts that metrics made by hand may repeat what was withheld from the groups: with those numbers they go as a whole. */
const speaksOfPeople = (details: Details): boolean =>
  details.type === 'facts' ? details.items.some(({ value }) => typeof value === 'number') : details.type === 'table' && details.rows.some((row) => Object.values(row).some((value) => typeof value === 'number' && (isSmall(value) || !Number.isInteger(value))))

export function detailsView(details: Details, guard: Guard): DetailsView {
  if (guard.shown.compared && speaksOfPeople(details)) return { partial: 'withheld', title: details.title }
  switch (details.type) {
    case 'facts':
      return factsView(details, guard)
    case 'table':
      return tableView(details, guard)
    case 'bars':
      return barsView(details)
    case 'curve':
      return curveView(details)
    case 'groups':
      return groupsView(details, guard)
  }
}
