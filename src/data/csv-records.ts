/** @file Just enough CSV (RFC 4180) to read a header and to find the line of a row; DuckDB reads the rows. */
import { ProbityError } from '../contracts/errors.js'
import { decodeFile, LONGEST_LINE, longLine } from './text-file.js'
import { quote } from './wording.js'

const DELIMITERS = [',', ';', '\t', '|'] as const

/** Stands for a quote that closed a cell. */
const CLOSED = 'closed'

type CsvRecord = { readonly text: string; readonly line: number }

/**
 * Records with the line they start on. Quotes count at the start of a cell only, and a line break inside them belongs to its record.
 *
 * @param delimiter any of the four where it is not known yet
 */
export function* csvRecords(path: string, delimiter?: string): Generator<CsvRecord> {
  const delimiters = delimiter === undefined ? DELIMITERS.join('') : delimiter
  let text = '', line = 1, start = 1, previous = '\n', quoted = false
  for (const piece of decodeFile(path)) {
    let from = 0
    for (let at = 0; at < piece.length; at++) {
      const character = piece[at]!
      const secondHalf = character === '\n' && previous === '\r'
      if ((character === '\n' && !secondHalf) || character === '\r') line++
      if (quoted) {
        if (character === '"') {
          quoted = false
          previous = CLOSED
        } else previous = character
        continue
      }
      // A quote right after a closed one is an escaped quote: the cell goes on.
      if (character === '"' && (previous === CLOSED || previous === '\n' || previous === '\r' || delimiters.includes(previous))) quoted = true
      previous = character
      if (character !== '\n' && character !== '\r') continue
      if (!secondHalf) yield { text: text + piece.slice(from, at), line: start }
      text = ''
      from = at + 1
      start = line
    }
    text += piece.slice(from)
    if (text.length > LONGEST_LINE) throw longLine(path, start)
  }
  if (text !== '') yield { text, line: start }
}

/** The line on which a record starts; DuckDB counts records, header and empty lines included, and calls them lines. */
export function lineOfRecord(path: string, delimiter: string, record: number): number {
  let last = 1
  for (const { line } of csvRecords(path, delimiter)) {
    last = line
    if (--record === 0) return line
  }
  return last
}

/** Records that are rows, the header included: empty lines are none, except where a file has a single column. */
function* csvRows(path: string, delimiter: string, columns: number): Generator<CsvRecord> {
  for (const record of csvRecords(path, delimiter)) if (record.text !== '' || columns === 1) yield record
}

/** How many rows stand below the header. */
export function countRows(path: string, delimiter: string, columns: number): number {
  let rows = -1
  for (const rest = csvRows(path, delimiter, columns); !rest.next().done; ) rows++
  return rows
}

/** The line on which data row `row` starts. */
export function lineOfRow(path: string, delimiter: string, columns: number, row: number): number {
  let index = -1
  let last = 1
  for (const { line } of csvRows(path, delimiter, columns)) {
    last = line
    if (index++ === row) return line
  }
  return last
}

/**
 * The column names and the delimiter, which is the most frequent of , ; tab | outside quotes in the header unless it is given.
 *
 * @throws ProbityError when the header is missing or its quotes do not close.
 */
export function readHeader(path: string, delimiter?: string): { names: string[]; delimiter: string } {
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
    throw new ProbityError('data/delimiter', `data.delimiter must be one character that is neither a quote nor a line break, got ${quote(delimiter)}. Use "," ";" "|" or a tab.`)
  }
  const [header] = csvRecords(path, delimiter)
  if (!header || header.text === '') throw new ProbityError('data/no-header', `${path}: the first line is empty. It must hold the column names.`)
  const chosen = delimiter ?? mostFrequent(header.text)
  return { names: splitRecord(path, header.text, chosen), delimiter: chosen }
}

function mostFrequent(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '')
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!
}

function splitRecord(path: string, record: string, delimiter: string): string[] {
  const cells: string[] = []
  for (let at = 0; at <= record.length; ) {
    let cell: string
    if (record[at] === '"') {
      const match = /"((?:[^"]|"")*)"/y
      match.lastIndex = at
      const found = match.exec(record)
      const end = at + (found?.[0].length ?? 0)
      if (!found || (end < record.length && record[end] !== delimiter)) throw new ProbityError('data/header-quotes', `${path}: the quotes in the header do not close before the next ${quote(delimiter)}. Repair the first line.`)
      cell = found[1]!.replaceAll('""', '"')
      at = end
    } else {
      const end = record.indexOf(delimiter, at)
      cell = record.slice(at, end < 0 ? undefined : end)
      at = end < 0 ? record.length : end
    }
    cells.push(cell)
    at++
  }
  return cells
}
