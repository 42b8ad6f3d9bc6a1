/**
 * @file Which numbers of a report may be shown. Counts under 10 are hidden, and so is every rate, gap, interval and p-value from which
 * such a count could be worked out; report.json keeps them all.
 */
import type { Details, GroupResult, Interval, Report, Result } from '../src/contracts/report.js'
import { SMALL, boundRate, coarseRate, combine, coverRate, isSmall, isSmallRate, numerator, protectCounts, protectCrossed } from './cells.js'
import type { Shown } from './cells.js'

export type ShownGroup = {
  readonly source: GroupResult
  readonly n: Shown
  readonly denominator: Shown
  readonly value: Shown | null
  readonly interval: Interval | null
}

export type ShownResult = {
  readonly value: Shown | null
  readonly interval: Interval | null
  /** Rows used. */
  readonly n: Shown | null
  readonly groups: readonly ShownGroup[]
  /** Groups of the details, by their place in `details` and then by series. */
  readonly series: ReadonlyMap<Details, readonly (readonly ShownGroup[])[]>
  /** True when some figure of this result is withheld or given as a range. */
  readonly guarded: boolean
  /** True when the groups that the value is about are: then whatever else speaks of them must be guarded too. */
  readonly compared: boolean
}

const exact = (source: GroupResult): ShownGroup => ({ source, n: source.n, denominator: source.denominator, value: source.value, interval: source.interval })

const seriesOf = (result: Result): readonly (readonly GroupResult[])[] =>
  result.details.flatMap((details) => (details.type === 'groups' ? details.series.map((series) => series.groups) : []))

const nameOf = (group: GroupResult): string => JSON.stringify(group.group)

/** Counts of predictions alone add one equation to a group's confusion table; every other rate adds the one that solves it. */
const countsPredictionsOnly = (result: Result): boolean => /\/(selection-rate|demographic-parity)/.test(result.id)

/** Groups of one column, or of one intersection, in one category of metrics: their tables can be held against each other. */
type Family = {
  /** An intersection, whose margins are shown in the tables of its columns. */
  readonly crossed: boolean
  /** Distinct small cells by group. */
  readonly cells: Map<string, Set<string>>
  /** The group whose rates become ranges, so that totals do not give the small cells away. */
  cover: string | null
}

const familyKey = (result: Result): string => JSON.stringify([result.category, result.sensitive])

function findFamilies(results: readonly Result[]): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>()
  const people = new Map<string, Map<string, number>>()
  for (const result of results) {
    const key = familyKey(result)
    const family = families.get(key) ?? { crossed: result.sensitive.length > 1, cells: new Map<string, Set<string>>(), cover: null }
    const sizes = people.get(key) ?? new Map<string, number>()
    families.set(key, family)
    people.set(key, sizes)
    for (const group of [result.groups, ...seriesOf(result)].flat()) {
      sizes.set(nameOf(group), group.n)
      const k = numerator(group.value, group.denominator)
      const hidden = isSmall(group.denominator) || isSmall(group.n - group.denominator) || (k !== null && isSmallRate(k, group.denominator))
      if (!hidden) continue
      const cells = family.cells.get(nameOf(group)) ?? new Set<string>()
      cells.add(`${group.denominator}/${Math.min(k ?? 0, group.denominator - (k ?? 0))}`)
      if (countsPredictionsOnly(result)) cells.add('predictions')
      family.cells.set(nameOf(group), cells)
    }
  }
  for (const [key, family] of families) {
    if (family.cells.size === 0 || family.crossed) continue
    const candidates = [...(people.get(key) ?? [])].filter(([name]) => !family.cells.has(name)).sort((a, b) => b[1] - a[1])
    family.cover = candidates[0]?.[0] ?? null
  }
  return families
}

function showRate(group: GroupResult, table: readonly GroupResult[], result: Result, family: Family): Shown | null {
  const k = numerator(group.value, group.denominator)
  if (group.value === null) return null
  if (group.n < SMALL || group.denominator < SMALL || isSmall(group.n - group.denominator)) return 'withheld'
  if (k === null) return group.value
  if (isSmallRate(k, group.denominator)) return boundRate(k, group.denominator)
  const solvable = [...family.cells].some(([, cells]) => cells.size > 1)
  if (family.crossed && family.cells.size > 0) return countsPredictionsOnly(result) && !solvable ? group.value : 'withheld'
  const known = family.cells.get(nameOf(group))
  if (known) return countsPredictionsOnly(result) && known.size < 2 ? group.value : 'withheld'
  if (family.cover !== nameOf(group)) return group.value
  const bounded = table.filter((other) => {
    const j = numerator(other.value, other.denominator)
    return j !== null && other.denominator >= SMALL && isSmallRate(j, other.denominator)
  })
  const [neighbour] = bounded
  if (bounded.length === 1 && neighbour) {
    return coverRate(k, group.denominator, { k: numerator(neighbour.value, neighbour.denominator) ?? 0, denominator: neighbour.denominator })
  }
  return countsPredictionsOnly(result) && !solvable ? group.value : coarseRate(k, group.denominator)
}

function showGroups(table: readonly GroupResult[], result: Result, family: Family): readonly ShownGroup[] {
  const protect = family.crossed ? protectCrossed : protectCounts
  const people = protect(table.map(({ n }) => n))
  const inside = protect(table.map(({ denominator }) => denominator))
  const outside = protect(table.map(({ n, denominator }) => n - denominator))
  return table.map((source, index): ShownGroup => {
    const n = people[index] ?? 'withheld'
    const rest = outside[index] ?? 'withheld'
    const range = typeof rest === 'object' ? { low: source.n - rest.high, high: source.n - rest.low } : 'withheld'
    const denominator = typeof n !== 'number' && source.n === source.denominator ? n : typeof rest === 'number' ? (inside[index] ?? 'withheld') : range
    const value = showRate(source, table, result, family)
    const intact = typeof n === 'number' && typeof denominator === 'number' && (value === null || typeof value === 'number')
    return { source, n, denominator: typeof n === 'number' ? denominator : n, value, interval: intact ? source.interval : null }
  })
}

/** The rate of all groups together: a total, which the cover of the small cells takes for known. */
function isPooled(value: number, table: readonly ShownGroup[]): boolean {
  const counted = table.map(({ source }) => ({ k: numerator(source.value, source.denominator), of: source.denominator })).filter(({ of }) => of > 0)
  const people = counted.reduce((sum, { of }) => sum + of, 0)
  return counted.every(({ k }) => k !== null) && Math.abs(counted.reduce((sum, { k }) => sum + (k ?? 0), 0) - value * people) < 1e-6 * people
}

/** The rates that a gap or a ratio was made from: the result's own groups, or the series of its details (equalized odds). */
function showValue(result: Result, tables: readonly (readonly ShownGroup[])[]): Shown | null {
  if (result.value === null) return null
  const compared = tables.map((table) => table.filter(({ source, value }) => source.role === 'compared' && value !== null))
  const touched = compared.some((table) => table.some(({ value }) => typeof value !== 'number'))
  const [own = []] = tables
  if (!touched || own.length === 0 || isPooled(result.value, own)) return result.value
  const spread = (table: readonly ShownGroup[]): { difference: number; ratio: number } => {
    const values = table.map(({ source }) => source.value ?? 0)
    return { difference: Math.max(...values) - Math.min(...values), ratio: Math.min(...values) / Math.max(...values) }
  }
  for (const table of compared.filter((each) => each.length > 1)) {
    const { difference, ratio } = spread(table)
    const shown = table.map(({ value }) => value ?? 'withheld')
    if (Math.abs(difference - result.value) < 1e-9) return combine(shown, 'difference')
    if (Math.abs(ratio - result.value) < 1e-9) return combine(shown, 'ratio')
  }
  return 'withheld'
}

function suppressResult(result: Result, family: Family, rowsInFile: number): ShownResult {
  const groups = showGroups(result.groups, result, family)
  const series = new Map<Details, readonly (readonly ShownGroup[])[]>()
  for (const details of result.details) if (details.type === 'groups') series.set(details, details.series.map((each) => showGroups(each.groups, result, family)))
  const value = showValue(result, [groups, ...[...series.values()].flat()])
  const inexact = (each: ShownGroup): boolean => typeof each.n !== 'number' || typeof each.denominator !== 'number' || (each.value !== null && typeof each.value !== 'number')
  const guarded = [groups, ...[...series.values()].flat()].flat().some(inexact)
  return {
    value,
    interval: typeof value === 'object' || value === 'withheld' ? null : result.interval,
    n: result.n === null ? null : (protectCounts([result.n, rowsInFile - result.n])[0] ?? 'withheld'),
    groups,
    series,
    guarded,
    compared: groups.length > 0 && guarded,
  }
}

const untouched = (result: Result): ShownResult => ({
  value: result.value,
  interval: result.interval,
  n: result.n,
  groups: result.groups.map(exact),
  series: new Map(result.details.flatMap((details) => (details.type === 'groups' ? [[details, details.series.map((each) => each.groups.map(exact))] as const] : []))),
  guarded: false,
  compared: false,
})

/** What may be shown of each result, in the order of the report. */
export function suppressResults(report: Report, showSmall: boolean): readonly ShownResult[] {
  if (showSmall) return report.results.map(untouched)
  const families = findFamilies(report.results)
  return report.results.map((result) => suppressResult(result, families.get(familyKey(result)) ?? { crossed: false, cells: new Map(), cover: null }, report.data.rowsInFile))
}

export type ShownSensitive = { readonly unknown: Shown; readonly groups: readonly { readonly n: Shown; readonly rate: Shown | null }[] }

/** The rate of a group whose size is a range: whatever the hidden groups hold, it lies in here. */
function coveredRate(k: number, people: { readonly low: number; readonly high: number }, hidden: readonly { readonly k: number | null }[]): Shown {
  const total = hidden.reduce((sum, cell) => sum + (cell.k ?? 0), k)
  return { low: Math.max(0, total - (SMALL - 1) * Math.max(1, hidden.length)) / people.high, high: Math.min(1, total / people.low) }
}

/** Groups of the data: people, and the share whose label is favorable. */
export function suppressData(sensitive: Report['data']['sensitive'][number], showSmall: boolean): ShownSensitive {
  const { groups, unknown } = sensitive
  if (showSmall) return { unknown, groups: groups.map(({ n, favorableRate }) => ({ n, rate: favorableRate })) }
  const counts = (sensitive.columns.length > 1 ? protectCrossed : protectCounts)([...groups.map(({ n }) => n), unknown])
  const cells = groups.map(({ n, favorableRate }) => ({ n, k: favorableRate === null ? null : Math.round(favorableRate * n) }))
  const small = cells.filter(({ n, k }) => k !== null && n >= SMALL && isSmallRate(k, n))
  const cover = cells.filter((cell) => !small.includes(cell) && cell.n >= SMALL && cell.k !== null).sort((a, b) => b.n - a.n)[0]
  const [only] = small
  const rates = cells.map((cell, index): Shown | null => {
    if (cell.k === null) return null
    const people = counts[index] ?? 'withheld'
    if (cell.n < SMALL || people === 'withheld') return 'withheld'
    if (typeof people === 'object') return coveredRate(cell.k, people, cells.filter(({ n }) => isSmall(n)))
    if (small.includes(cell)) return boundRate(cell.k, cell.n)
    if (!only || cell !== cover) return groups[index]?.favorableRate ?? null
    return small.length === 1 ? coverRate(cell.k, cell.n, { k: only.k ?? 0, denominator: only.n }) : coarseRate(cell.k, cell.n)
  })
  return { unknown: counts[groups.length] ?? 'withheld', groups: rates.map((rate, index) => ({ n: counts[index] ?? 'withheld', rate })) }
}
