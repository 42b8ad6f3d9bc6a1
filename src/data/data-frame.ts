/** @file Data that is already in memory as a table: DataFrames, columns by name, rows as objects, Arrow tables. */
import { ProbityError } from '../contracts/errors.js'
import { textOf } from './data-frame-cells.js'
import { checkNames, ColumnBuilder, makeTable, type Column, type Table } from './table.js'
import { list, quote, rowInWords } from './wording.js'

/**
 * What is read of a danfojs DataFrame. By its shape and never by its class: the user's copy of danfojs is another one than ours. Columns are
 * read by `column(name).values`: `.tensor` has one type for all columns, float32, which rounds numbers and has no place for text.
 */
export type DataFrameLike = {
  readonly columns: readonly string[]
  readonly dtypes: readonly string[]
  column(name: string): { readonly values: unknown }
  /** Rows of cells; danfojs's columns join nested cells to text, and only here can that be seen. */
  readonly values?: unknown
}

/** What is read of an Apache Arrow table. */
export type ArrowTableLike = {
  readonly numRows: number
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: unknown }[] }
  getChildAt(index: number): Iterable<unknown> | null
}

export type ColumnsByName = Readonly<Record<string, ArrayLike<unknown>>>
export type RowObjects = readonly Readonly<Record<string, unknown>>[]

/** A table in memory, in any of the forms that Probity reads. */
export type TableInMemory = DataFrameLike | ArrowTableLike | ColumnsByName | RowObjects | Table

/** How messages and reports call data that has no path. */
export const IN_MEMORY = 'DataFrame'

/** Arrow's dates and times hand out bare numbers, its binary and nested types no text: either would be audited as something it is not. */
const ARROW_TYPES = /^(Null|Bool|U?int\d+|Float(16|32|64)?|(Large)?Utf8|Dictionary<.*, (Large)?Utf8>)$/i

/** Whether a value is a table, as opposed to a path or a configuration that names one. */
export function isTableInMemory(value: unknown): value is TableInMemory {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || isTable(value) || isDataFrame(value) || isArrow(value) || isColumns(value)
}

/**
 * A table of what is in memory. Strings stay what they are; numbers become the shortest text that reads back as the same number, dates ISO 8601;
 * null, undefined, NaN, empty strings and keys that a row object leaves out are missing.
 *
 * @throws ProbityError for no rows, column names that are empty or appear twice, columns of different lengths, and cells that are no single value
 */
export function tableInMemory(source: TableInMemory): Table {
  if (Array.isArray(source)) return tableOfRows(source as RowObjects)
  if (isTable(source)) return source
  if (isDataFrame(source)) return tableOfDataFrame(source)
  if (isArrow(source)) return tableOfArrow(source)
  return tableOf(Object.entries(source as ColumnsByName).map(([name, values]) => ({ name, values })))
}

const isTable = (value: object): value is Table => 'columnNames' in value && 'coded' in value && typeof value.coded === 'function'
const isDataFrame = (value: object): value is DataFrameLike => 'columns' in value && Array.isArray(value.columns) && 'column' in value && typeof value.column === 'function'
const isArrow = (value: object): value is ArrowTableLike => 'schema' in value && 'getChildAt' in value && typeof value.getChildAt === 'function'
const isColumns = (value: object): value is ColumnsByName => Object.keys(value).length > 0 && Object.values(value).every(isList)
const isList = (value: unknown): value is ArrayLike<unknown> => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

type NamedValues = { readonly name: string; readonly values: ArrayLike<unknown>; readonly float32?: boolean }

function tableOfDataFrame(frame: DataFrameLike): Table {
  checkNames(IN_MEMORY, frame.columns)
  const rows = frame.values
  return tableOf(frame.columns.map((name, index) => {
    if (frame.dtypes[index] === 'string' && Array.isArray(rows)) refuseNested(name, rows.map((row: unknown) => (Array.isArray(row) ? (row as unknown[])[index] : null)))
    const { values } = frame.column(name)
    if (!isList(values)) throw new ProbityError('data/frame', `${IN_MEMORY}: column ${quote(name)} gives no values. Give a danfojs DataFrame, or columns by name as { ${name}: [ … ] }.`)
    return { name, values }
  }))
}

function tableOfArrow(table: ArrowTableLike): Table {
  const { fields } = table.schema
  const refused = fields.filter(({ type }) => !ARROW_TYPES.test(String(type)))
  if (refused.length > 0) {
    throw new ProbityError('data/arrow-type', `${IN_MEMORY}: Arrow columns of these types cannot be read as text or numbers: ${list(refused.map(({ name, type }) => `${name}: ${String(type)}`))}. Cast them to strings or numbers first.`)
  }
  return tableOf(fields.map(({ name, type }, index) => ({ name, values: [...(table.getChildAt(index) ?? [])], float32: /^Float(16|32)$/.test(String(type)) })))
}

function tableOfRows(rows: RowObjects): Table {
  const builders = new Map<string, ColumnBuilder>()
  for (const [row, cells] of rows.entries()) {
    if (typeof cells !== 'object' || cells === null || Array.isArray(cells)) throw new ProbityError('data/frame', `${IN_MEMORY}, ${rowInWords(row)}: it is ${Array.isArray(cells) ? 'an array' : String(cells)}, not an object. Give rows as objects such as { age: 31 }, or columns by name.`)
    for (const name of Object.keys(cells)) {
      let builder = builders.get(name)
      if (!builder) builders.set(name, (builder = new ColumnBuilder()))
      builder.padTo(row)
      builder.add(cellText(name, row, cells[name]))
    }
  }
  return build([...builders].map(([name, builder]) => {
    builder.padTo(rows.length)
    return builder.build(name)
  }))
}

function tableOf(columns: readonly NamedValues[]): Table {
  const [first] = columns
  const other = columns.find(({ values }) => values.length !== first?.values.length)
  if (first && other) throw new ProbityError('data/frame', `${IN_MEMORY}: column ${quote(other.name)} has ${other.values.length} rows and ${quote(first.name)} has ${first.values.length}. Give columns of one length.`)
  return build(columns.map(({ name, values, float32 = values instanceof Float32Array }) => {
    const builder = new ColumnBuilder()
    for (let row = 0; row < values.length; row++) builder.add(cellText(name, row, values[row], float32))
    return builder.build(name)
  }))
}

function build(columns: readonly Column[]): Table {
  if ((columns[0]?.codes.length ?? 0) === 0) throw new ProbityError('data/no-rows', `${IN_MEMORY}: there are no rows. Give a table with data.`)
  for (const column of columns) refuseUnwritable(column)
  return makeTable(IN_MEMORY, columns, rowInWords)
}

function cellText(name: string, row: number, value: unknown, float32 = false): string | null {
  const text = textOf(value, float32)
  if (text === undefined) throw nested(name, row)
  return text
}

function refuseNested(name: string, cells: readonly unknown[]): void {
  const row = cells.findIndex((cell) => textOf(cell) === undefined)
  if (row >= 0) throw nested(name, row)
}

const nested = (name: string, row: number): ProbityError =>
  new ProbityError('data/nested-column', `${IN_MEMORY}, ${rowInWords(row)}: the value of ${quote(name)} is an array, an object or a function. Only text, numbers, true, false, dates and missing values can be audited: spread it over columns, or drop it.`)

const NO_TEXT = /\0|\p{Surrogate}/u

/** Text that no UTF-8 file can hold would not be the same text in the child process that reads it. */
function refuseUnwritable({ name, distinct, codes }: Column): void {
  const code = distinct.findIndex((text) => NO_TEXT.test(text))
  if (code >= 0) throw new ProbityError('data/encoding', `${IN_MEMORY}, ${rowInWords(codes.indexOf(code))}: column ${quote(name)} holds a zero byte or half of a surrogate pair, which is no text. Clean the value.`)
}
