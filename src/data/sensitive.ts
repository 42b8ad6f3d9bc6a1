/** @file Sensitive columns as groups: categories, declared bins, automatic quartiles. */
import type { DataConfig } from '../contracts/config.js'
import type { Finding, SensitiveColumn } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import { categorize, compact, groupDistinct, identifierReason, MOST_GROUPS, refuseNonFinite, whereIs } from './categories.js'
import { intersect } from './intersections.js'
import { parseFinite } from './numbers.js'
import type { Table } from './table.js'
import { list, quote } from './wording.js'

/** Numbers with at most this many different values are groups as they are. */
const MOST_NUMERIC_GROUPS = 10
/**
 * The sensitive columns, then the listed intersections, then every other pair (informative).
 *
 * @throws ProbityError for bins that do not increase, bins of text, and intersections of columns that are not sensitive.
 */
export function readSensitive(table: Table, config: DataConfig, rows: readonly number[]): { sensitive: SensitiveColumn[]; findings: Finding[] } {
  const single: SensitiveColumn[] = []
  const findings: Finding[] = []
  for (const name of config.sensitive ?? []) {
    const edges = config.bins && Object.hasOwn(config.bins, name) ? config.bins[name]! : null
    const column = edges ? declaredBins(table, name, rows, edges) : undeclared(table, name, rows)
    single.push(column)
    if (edges) findings.push(binsFinding(column))
  }
  return { sensitive: [...single, ...intersect(single, config.intersections ?? [])], findings }
}

function undeclared(table: Table, name: string, rows: readonly number[]): SensitiveColumn {
  const column = table.coded(name)
  const { categories } = groupDistinct(column)
  if (!column.numbers || categories.length <= MOST_NUMERIC_GROUPS) return asIs(table, name, rows)
  const values = rows.filter((row) => column.codes[row]! >= 0).map((row) => column.numbers![column.codes[row]!]!).sort((a, b) => a - b)
  // Edges are rounded so that labels stay short, and the rounded edges are what cuts.
  const edges = [...new Set([0.25, 0.5, 0.75].map((share) => Number(quantile(values, share).toPrecision(4))))].filter((edge) => edge > (values[0] ?? edge))
  return cut(table, name, rows, edges, { reason: `cut into quartiles automatically; declare data.bins for ${quote(name)} to judge it` })
}

function asIs(table: Table, name: string, rows: readonly number[]): SensitiveColumn {
  const column = categorize(table, name, rows)
  const groups = column.categories.length
  return { ...column, columns: [name], parts: column.categories.map((category) => [category]), judged: groups > MOST_GROUPS ? { reason: identifierReason(groups) } : true }
}

function declaredBins(table: Table, name: string, rows: readonly number[], edges: readonly number[]): SensitiveColumn {
  const increasing = edges.length > 0 && edges.every((edge, index) => Number.isFinite(edge) && (index === 0 || edge > edges[index - 1]!))
  if (!increasing) throw new ProbityError('data/bins', `data.bins for ${quote(name)} must be one or more numbers, each larger than the one before, got [${edges.join(', ')}].`)
  return cut(table, name, rows, edges, true)
}

/** Groups [edge, next edge), open at both ends. */
function cut(table: Table, name: string, rows: readonly number[], edges: readonly number[], judged: SensitiveColumn['judged']): SensitiveColumn {
  const column = table.coded(name)
  const numbers = column.numbers ?? refuseText(table, name)
  refuseNonFinite(table, column, rows)
  const labels = edges.length === 0 ? ['all'] : [`under ${edges[0]}`, ...edges.slice(1).map((edge, index) => `${edges[index]}–${edge}`), `${edges.at(-1)} and over`]
  const binOf = Int32Array.from(numbers, (value) => edges.filter((edge) => value >= edge).length)
  const codes = Int32Array.from(rows, (row) => (column.codes[row]! < 0 ? -1 : binOf[column.codes[row]!]!))
  const binned = compact({ name, categories: labels, codes })
  return { ...binned, columns: [name], parts: binned.categories.map((category) => [category]), judged }
}

function refuseText(table: Table, name: string): never {
  const column = table.coded(name)
  const code = column.distinct.findIndex((text) => parseFinite(text) === null)
  throw new ProbityError('data/bins', `${table.path}, ${whereIs(table, column, code)}: data.bins cuts ${quote(name)} by number, but it holds ${quote(column.distinct[code] ?? '')}. Remove its bins, or leave the cell empty for a missing value.`)
}

/** Linear interpolation between order statistics (Hyndman & Fan 1996, type 7). */
function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share
  const below = Math.floor(position)
  const low = sorted[below] ?? NaN
  const high = sorted[below + 1] ?? low
  return low + (high - low) * (position - below)
}

const binsFinding = ({ name, categories }: SensitiveColumn): Finding => ({
  id: 'bins', severity: 'info',
  message: `${quote(name)} is grouped as ${list(categories)}: each group includes its lower edge and not its upper one.`,
  details: { column: name, groups: categories },
})
