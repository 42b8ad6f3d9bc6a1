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
 */
export function groupDistinct(column: Column): { readonly categories: readonly string[]; /** [distinct] */ readonly categoryOf: Int32Array } {
  const { distinct, numbers } = column
  // Adding 0 makes one number of 0 and −0.
  const keys = numbers ? Array.from(numbers, (value) => value + 0) : distinct
  const indexOf = new Map<string | number, number>()
  for (const key of numbers ? Float64Array.from(numbers).sort() : [...distinct].sort()) if (!indexOf.has(key)) indexOf.set(key, indexOf.size)
  const categories = new Array<string>(indexOf.size)
  const categoryOf = new Int32Array(distinct.length)
  for (let code = distinct.length - 1; code >= 0; code--) {
    categoryOf[code] = indexOf.get(keys[code]!)!
    categories[categoryOf[code]!] = distinct[code]! // the first text in the file is written last
  }
  return { categories, categoryOf }
}

/**
 * The column as categories over the given rows; categories that no row has are left out.
 *
 * @throws ProbityError where a row of a numeric column holds NaN or an infinity.
 */
export function categorize(table: Table, name: string, rows: readonly number[]): CategoricalColumn {
  const column = table.coded(name)
  refuseNonFinite(table, column, rows)
  const { categories, categoryOf } = groupDistinct(column)
  const codes = Int32Array.from(rows, (row) => (column.codes[row]! < 0 ? -1 : categoryOf[column.codes[row]!]!))
  return compact({ name, categories, codes })
}

/** Drops the categories that no row has. */
export function compact<C extends { readonly categories: readonly string[]; readonly codes: Int32Array }>(column: C): C {
  const newCode = new Int32Array(column.categories.length).fill(-1)
  for (const code of column.codes) if (code >= 0) newCode[code] = 0
  if (!newCode.includes(-1)) return column
  let size = 0
  const categories = column.categories.filter((_, code) => newCode[code] === 0)
  for (const [code, used] of newCode.entries()) if (used === 0) newCode[code] = size++
  return { ...column, categories, codes: column.codes.map((code) => (code < 0 ? -1 : newCode[code]!)) }
}

/** The first of `rows` whose value has this code: where a message points to. */
export function whereIs(table: Table, column: Column, code: number, rows?: readonly number[]): string {
  const row = rows ? rows.find((candidate) => column.codes[candidate] === code) : column.codes.indexOf(code)
  return row === undefined || row < 0 ? table.path : table.where(row)
}

/** @throws ProbityError where a row of a numeric column holds NaN or an infinity. */
export function refuseNonFinite(table: Table, { name, numbers, codes, distinct }: Column, rows: readonly number[]): void {
  const row = numbers && rows.find((candidate) => codes[candidate]! >= 0 && !Number.isFinite(numbers[codes[candidate]!]!))
  if (row === null || row === undefined) return
  throw new ProbityError('data/not-a-number', `${table.path}, ${table.where(row)}: column ${quote(name)} holds ${quote(distinct[codes[row]!]!)}. Leave the cell empty for a missing value.`)
}
