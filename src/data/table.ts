/** @file A file's columns in memory: each distinct source string once, and a code per row. */
import { ProbityError } from '../contracts/errors.js'
import type { TableArray } from './arrays.js'
import { parseNumber } from './numbers.js'
import { quote, suggestion } from './wording.js'

/** One column, exactly as the file spells it. */
export type Column = {
  readonly name: string
  /** Source strings in order of first appearance. */
  readonly distinct: readonly string[]
  /** [rows] index into `distinct`; −1 is a missing value: an empty cell, an empty string, or a JSON or Parquet null. */
  readonly codes: Int32Array
  /** [distinct] the number each string spells, when every one of them is a number (NaN and infinities included); else null. */
  readonly numbers: Float64Array | null
}

export type Table = {
  readonly path: string
  readonly columnNames: readonly string[]
  readonly rows: number
  /** Columns whose values are tensors, such as images. Arrays of two axes stand here and, element by element, among the columns. */
  readonly arrays: readonly TableArray[]
  /** Image files that a column names; they become an array once the size that the model wants is known. */
  readonly images: TableImages | null
  /** [rows] source strings; null is missing. */
  column(name: string): (string | null)[]
  /** [rows] numbers, NaN where missing; null when some value is not a number. */
  numbers(name: string): Float64Array | null
  /** @throws ProbityError when there is no such column. */
  coded(name: string): Column
  /** Where a row stands in the file, for messages: "line 12", or "row 10 (counted from 0)" where files have no lines. */
  where(row: number): string
}

export type TableImages = { readonly folder: string; readonly column: string }

/** What a table has besides columns; `rows` where there may be no column to count them in. */
export type BesideColumns = { readonly arrays?: readonly TableArray[]; readonly images?: TableImages; readonly rows?: number }

/** Collects one column value by value. */
export class ColumnBuilder {
  readonly #codeOf = new Map<string, number>()
  readonly #distinct: string[] = []
  #codes = new Int32Array(1024)
  #rows = 0

  add(text: string | null): void {
    if (this.#rows === this.#codes.length) this.#grow()
    this.#codes[this.#rows++] = text === null || text === '' ? -1 : this.#code(text)
  }

  /** Missing values up to `rows`: JSON lines may leave a key out. */
  padTo(rows: number): void {
    while (this.#rows < rows) this.add(null)
  }

  build(name: string): Column {
    const distinct = this.#distinct
    let numbers: Float64Array | null | undefined
    return {
      name,
      distinct,
      codes: this.#codes.slice(0, this.#rows),
      get numbers() {
        // Parsed when first asked: most text columns never are.
        if (numbers === undefined) numbers = parseAll(distinct)
        return numbers
      },
    }
  }

  #code(text: string): number {
    const known = this.#codeOf.get(text)
    if (known !== undefined) return known
    this.#codeOf.set(text, this.#distinct.length)
    return this.#distinct.push(text) - 1
  }

  #grow(): void {
    const grown = new Int32Array(this.#codes.length * 2)
    grown.set(this.#codes)
    this.#codes = grown
  }
}

/**
 * A table of the given columns.
 *
 * @throws ProbityError for column names that are empty or appear twice, and for a table without rows.
 */
export function makeTable(path: string, columns: readonly Column[], where: (row: number) => string, beside: BesideColumns = {}): Table {
  const names = columns.map(({ name }) => name)
  checkNames(path, names)
  const rows = beside.rows ?? columns[0]?.codes.length ?? 0
  if (rows === 0) throw new ProbityError('data/no-rows', `${path}: there is a header but not one row below it. Give a file with data.`)
  const byName = new Map(columns.map((column) => [column.name, column]))
  const coded = (name: string): Column => {
    const column = byName.get(name)
    if (!column) throw new ProbityError('data/unknown-column', `${path} has no column ${quote(name)}. ${suggestion(name, names)}`)
    return column
  }
  return {
    path, columnNames: names, rows, coded, where, arrays: beside.arrays ?? [], images: beside.images ?? null,
    column: (name) => {
      const { codes, distinct } = coded(name)
      return Array.from(codes, (code) => (code < 0 ? null : distinct[code]!))
    },
    numbers: (name) => {
      const { codes, numbers } = coded(name)
      return numbers && Float64Array.from(codes, (code) => (code < 0 ? NaN : numbers[code]!))
    },
  }
}

/** @throws ProbityError for names that are empty or appear twice: a renamed or dropped column would corrupt an audit in silence. */
export function checkNames(path: string, names: readonly string[]): void {
  const seen = new Map<string, number>()
  for (const [index, name] of names.entries()) {
    if (name === '') throw new ProbityError('data/unnamed-column', `${path}: column ${index + 1} has no name (often a row index written by accident, or a delimiter at the end of the line). Name or remove it.`)
    const first = seen.get(name)
    if (first !== undefined) throw new ProbityError('data/duplicate-column', `${path}: columns ${first + 1} and ${index + 1} are both named ${quote(name)}. Rename one.`)
    seen.set(name, index)
  }
}

function parseAll(distinct: readonly string[]): Float64Array | null {
  const numbers = new Float64Array(distinct.length)
  for (const [code, text] of distinct.entries()) {
    const value = parseNumber(text)
    if (value === null) return null
    numbers[code] = value
  }
  return numbers
}
