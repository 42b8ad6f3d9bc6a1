/** @file A file as a table, whatever its format. */
import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { readCsv } from './csv.js'
import { readJsonLines } from './jsonl.js'
import { readParquet } from './parquet.js'
import type { Table } from './table.js'

export type TableFormat = 'csv' | 'parquet' | 'jsonl'
export type ReadOptions = { readonly format?: TableFormat; readonly delimiter?: string; /** As DuckDB writes it: '1GB'. */ readonly memoryLimit?: string }

const FORMATS: ReadonlyMap<string, TableFormat> = new Map([
  ['.csv', 'csv'], ['.tsv', 'csv'], ['.txt', 'csv'], ['.parquet', 'parquet'], ['.pq', 'parquet'], ['.jsonl', 'jsonl'], ['.ndjson', 'jsonl'],
])

/**
 * Reads a CSV, Parquet or JSON lines file; without `format` the extension decides.
 *
 * Values stay what the file says: `1`, `1.0`, `yes` and ` 1` are four texts. Whether a column is numeric is decided over the whole file.
 *
 * @throws ProbityError for whatever is wrong with the file, in one line that names the place.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<Table> {
  checkFile(path)
  const format = options.format ?? FORMATS.get(extname(path).toLowerCase())
  const memoryLimit = options.memoryLimit ?? '1GB'
  switch (format) {
    case 'csv': return readCsv(path, { delimiter: options.delimiter, memoryLimit })
    case 'parquet': return readParquet(path, { memoryLimit })
    case 'jsonl': return readJsonLines(path)
    default: throw new ProbityError('data/unknown-format', `${path}: the extension does not say what kind of file this is. State data.format: csv, parquet or jsonl (JSON as one object per line; unpack .gz and .zip first).`)
  }
}

function checkFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new ProbityError('data/no-file', `${path}: there is no such file. Check data.path.`)
  if (!found.isFile()) throw new ProbityError('data/no-file', `${path} is not a file. data.path must name one CSV, Parquet or JSON lines file.`)
}
