/**
 * @file A table in memory as CSV: the form in which child processes get it, and the bytes that its sha256 is of.
 *
 * Read here and not through DuckDB, which refuses files whose cells hold line breaks of another kind than the lines end with, and whose values
 * lose a byte order mark at their start.
 */
import { IN_MEMORY } from './data-frame.js'
import { ColumnBuilder, makeTable, type Table } from './table.js'
import { decodeFile } from './text-file.js'
import { rowInWords } from './wording.js'

const CHUNK_CHARACTERS = 1 << 20
const NEEDS_QUOTES = /[",\r\n]|^\ufeff/

/**
 * The one CSV (RFC 4180, UTF-8, comma, line feeds, quotes only where needed) of a table: the same values give the same bytes, so anybody can work
 * the hash of an audited table out again. Missing values are empty cells.
 */
export function* csvOf(table: Table): Generator<string> {
  const columns = table.columnNames.map((name) => {
    const { codes, distinct } = table.coded(name)
    return { codes, cells: distinct.map(field) }
  })
  // An empty line would not be a row.
  const missing = columns.length === 1 ? '""' : ''
  let text = `${table.columnNames.map(field).join(',')}\n`
  for (let row = 0; row < table.rows; row++) {
    for (const [index, { codes, cells }] of columns.entries()) {
      const code = codes[row]!
      text += (index === 0 ? '' : ',') + (code < 0 ? missing : cells[code]!)
    }
    text += '\n'
    if (text.length < CHUNK_CHARACTERS) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

const field = (text: string): string => (NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Reads what `csvOf` wrote, and nothing else: it is this program's own file. */
export function readCsvOfTable(path: string): Table {
  const names: string[] = []
  let builders: readonly ColumnBuilder[] | null = null
  let column = 0
  let rest = ''
  for (const piece of decodeFile(path)) {
    const text = rest + piece
    let from = 0
    for (let end = endOfCell(text, from); end >= 0; end = endOfCell(text, from)) {
      const cell = text[from] === '"' ? text.slice(from + 1, end - 1).replaceAll('""', '"') : text.slice(from, end)
      if (builders) builders[column++]!.add(cell)
      else names.push(cell)
      if (text[end] === '\n') {
        builders ??= names.map(() => new ColumnBuilder())
        column = 0
      }
      from = end + 1
    }
    rest = text.slice(from)
  }
  return makeTable(IN_MEMORY, (builders ?? []).map((builder, index) => builder.build(names[index]!)), rowInWords)
}

/** Where the comma or line feed after a cell stands; −1 where the text ends before it. */
function endOfCell(text: string, start: number): number {
  let at = start
  if (text[at] === '"') {
    do {
      at = text.indexOf('"', at + 1)
      if (at < 0) return -1
      at++
    } while (text[at] === '"')
    return at < text.length ? at : -1
  }
  while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++
  return at < text.length ? at : -1
}
