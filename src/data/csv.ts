/** @file CSV files through DuckDB, every cell as text. */
import { messageOf, ProbityError } from '../contracts/errors.js'
import { countRows, lineOfRecord, lineOfRow, readHeader } from './csv-records.js'
import { readTextColumns, sqlPath, sqlText, withDuckDb } from './duckdb.js'
import { checkNames, ColumnBuilder, makeTable, type Table } from './table.js'
import { LONGEST_LINE, longLine, refuseForeignText } from './text-file.js'

/**
 * Reads a CSV file. DuckDB never sees the column names and guesses nothing: names are read here, and its own are c0, c1, …
 *
 * The header goes through DuckDB as a row (`header=false`) and must come back as it was read here: with `header=true` a file whose line
 * ends it misjudges loses every row without an error. For the same reason the rows are counted again.
 *
 * @throws ProbityError for ragged rows, duplicate or missing names, other encodings, and files without rows, naming the line.
 */
export async function readCsv(path: string, options: { delimiter?: string; memoryLimit: string }): Promise<Table> {
  refuseForeignText(path)
  const { names, delimiter } = readHeader(path, options.delimiter)
  checkNames(path, names)
  const builders = names.map(() => new ColumnBuilder())
  const header: (string | null)[] = []
  const columns = names.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ')
  const sql = `SELECT * FROM read_csv(${sqlPath(path)}, auto_detect=false, all_varchar=true, columns={${columns}}, header=false, strict_mode=true,
    delim=${sqlText(delimiter)}, quote='"', escape='"', comment='', nullstr='', compression='none', hive_partitioning=false,
    null_padding=false, ignore_errors=false, max_line_size=${LONGEST_LINE})`
  try {
    await withDuckDb(path, options.memoryLimit, (connection) => readTextColumns(connection, sql, (column, value) => {
      if (header.length === column) header.push(value)
      else builders[column]!.add(value)
    }))
  } catch (error) {
    throw inWords(path, delimiter, error)
  }
  const built = builders.map((builder, index) => builder.build(names[index]!))
  const agrees = names.every((name, index) => name === header[index]) && countRows(path, delimiter, names.length) === built[0]!.codes.length
  if (!agrees) throw malformed(path)
  return makeTable(path, built, (row) => `line ${lineOfRow(path, delimiter, names.length, row)}`)
}

const malformed = (path: string, cause?: unknown): ProbityError =>
  new ProbityError('data/malformed', `${path}: this is not CSV as RFC 4180 defines it; most often line ends of two kinds are mixed. Write the file again with one kind.`, { cause })

/** DuckDB's messages run over twenty lines and advise settings that would hide the fault. */
function inWords(path: string, delimiter: string, error: unknown): ProbityError {
  const message = error instanceof Error ? error.message : String(error)
  const record = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const line = record === undefined ? null : lineOfRecord(path, delimiter, Number(record))
  const at = line ? `${path}, line ${line}` : path
  const fail = (kind: string, text: string): ProbityError => new ProbityError(`data/${kind}`, `${at}: ${text}`, { cause: error })
  const cells = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  if (cells) return fail('ragged-row', `${cells[2]} ${cells[2] === '1' ? 'cell' : 'cells'} where the header has ${cells[1]}. Repair the row, quote cells that hold the delimiter, or state data.delimiter.`)
  if (message.includes('Invalid unicode')) return fail('encoding', 'the bytes are not UTF-8. Save the file as UTF-8.')
  if (message.includes('unterminated quote')) return fail('open-quote', 'a quoted cell is not closed properly. Close the quote, and write quotes inside a cell twice.')
  if (message.includes('Maximum line size')) return longLine(path, line ?? 1)
  if (message.includes('invalid state')) return malformed(path, error)
  if (message.includes('Out of Memory')) return fail('memory', 'reading it needs more memory than is allowed. Audit fewer rows or columns.')
  return fail('unreadable', `it cannot be read as CSV: ${messageOf(message.split('\n')[0])}`)
}
