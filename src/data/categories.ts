/** @file Categories: which values are the same, in which order they stand, and which one a config means. */
import type { CategoricalColumn } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import { parseFinite } from './numbers.js'
import type { Column, Table } from './table.js'
import { quote } from './wording.js'

/** Over this many groups a column looks like an identifier. */
export const MOST_GROUPS = 50

export const identifierReason = (groups: number): string => `looks like an identifier: ${groups} different values`

export type ConfigValue = string | number | boolean

/**
 * The index of the category that a config value means, or −1. Exact text wins; else equal numbers, so that `positive: 1` finds "1.0";
 * else true and false whatever their case, because YAML turns True into true.
 */
export function matchCategory(categories: readonly string[], wanted: ConfigValue): number {
  const text = String(wanted)
  const exact = categories.indexOf(text)
  if (exact >= 0) return exact
  const number = parseFinite(text)
  if (number !== null) return categories.findIndex((category) => parseFinite(category) === number)
  if (!/^(true|false)$/i.test(text)) return -1
  return categories.findIndex((category) => category.toLowerCase() === text.toLowerCase())
}

/**
 * Groups the distinct strings of a column. Where every value is a number, equal numbers are one category, named by the text that comes
 * first in the file; elsewhere every text is its own. Sorted by number where all are numbers, else by code unit.
 *
 * @throws ProbityError for NaN and infinities among numbers.
 */
export function groupDistinct(table: Table, column: Column): { readonly categories: readonly string[]; /** [distinct] */ readonly categoryOf: Int32Array } {
  const { distinct, numbers } = column
  if (numbers) refuseNonFinite(table, column, numbers)
  const keyOf = (code: number): number | string => (numbers ? numbers[code]! + 0 : distinct[code]!)
  const firstText = new Map<number | string, string>()
  for (const [code, text] of distinct.entries()) if (!firstText.has(keyOf(code))) firstText.set(keyOf(code), text)
  const keys = [...firstText.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const indexOf = new Map(keys.map((key, index) => [key, index]))
  return {
    categories: keys.map((key) => firstText.get(key)!),
    categoryOf: Int32Array.from(distinct, (_, code) => indexOf.get(keyOf(code))!),
  }
}

/** The column as categories over the given rows; categories that no row has are left out. */
export function categorize(table: Table, name: string, rows: readonly number[]): CategoricalColumn {
  const column = table.coded(name)
  const { categories, categoryOf } = groupDistinct(table, column)
  const codes = Int32Array.from(rows, (row) => (column.codes[row]! < 0 ? -1 : categoryOf[column.codes[row]!]!))
  return compact({ name, categories, codes })
}

/** Drops the categories that no row has. */
export function compact<C extends { readonly categories: readonly string[]; readonly codes: Int32Array }>(column: C): C {
  const present = [...new Set(column.codes)].filter((code) => code >= 0).sort((a, b) => a - b)
  if (present.length === column.categories.length) return column
  const newCode = new Map(present.map((code, index) => [code, index]))
  return { ...column, categories: present.map((code) => column.categories[code]!), codes: column.codes.map((code) => newCode.get(code) ?? -1) }
}

/** The first of `rows` whose value has this code: where a message points to. */
export function whereIs(table: Table, column: Column, code: number, rows?: readonly number[]): string {
  const row = rows ? rows.find((candidate) => column.codes[candidate] === code) : column.codes.indexOf(code)
  return row === undefined || row < 0 ? table.path : table.where(row)
}

function refuseNonFinite(table: Table, column: Column, numbers: Float64Array): void {
  const code = numbers.findIndex((value) => !Number.isFinite(value))
  if (code < 0) return
  throw new ProbityError('data/not-a-number', `${table.path}, ${whereIs(table, column, code)}: column ${quote(column.name)} holds ${quote(column.distinct[code]!)}. Leave the cell empty for a missing value.`)
}
