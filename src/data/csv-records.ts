/** @file Just enough CSV (RFC 4180) to read a header and to find the line of a row; DuckDB reads the rows. */
import { ProbityError } from '../contracts/errors.js'
import { decodeFile, LONGEST_LINE, longLine } from './text-file.js'
import { quote } from './wording.js'

const DELIMITERS = [',', ';', '\t', '|'] as const

type CsvRecord = { readonly text: string; readonly line: number }

/** Records with the line they start on. A line break inside quotes belongs to its record. */
export function* csvRecords(path: string): Generator<CsvRecord> {
  let text = '', line = 1, start = 1, quoted = false, afterReturn = false
  for (const piece of decodeFile(path)) {
    let from = 0
    for (let at = 0; at < piece.length; at++) {
      const character = piece[at]
      if (character === '"') quoted = !quoted
      const second = character === '\n' && afterReturn
      afterReturn = character === '\r'
      if (character !== '\n' && character !== '\r') continue
      if (!second) line++
      if (quoted) continue
      if (!second) yield { text: text + piece.slice(from, at), line: start }
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
export function lineOfRecord(path: string, record: number): number {
  let last = 1
  for (const { line } of csvRecords(path)) {
    last = line
    if (--record === 0) return line
  }
  return last
}

/** The line on which data row `row` starts. Empty lines are no rows, except where a file has a single column. */
export function lineOfRow(path: string, row: number, columns: number): number {
  let index = -2
  let last = 1
  for (const { text, line } of csvRecords(path)) {
    last = line
    if ((text !== '' || columns === 1) && ++index === row) return line
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
  const [header] = csvRecords(path)
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
