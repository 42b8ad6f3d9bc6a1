/** @file A file as a table, whatever its format. */
import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { readNpyTable, readNpzTable } from './array-table.js'
import { readCsv } from './csv.js'
import { readImageFolder } from './image-folder.js'
import { readJsonLines } from './jsonl.js'
import { readParquet } from './parquet.js'
import type { Table } from './table.js'

export type TableFormat = 'csv' | 'parquet' | 'jsonl' | 'npy' | 'npz' | 'images'
export type ReadOptions = {
  readonly format?: TableFormat
  readonly delimiter?: string
  /** Of an .npz file: the arrays that are read. */
  readonly arrays?: readonly string[]
  /** As DuckDB writes it: '1GB'. */
  readonly memoryLimit?: string
}

const FORMATS: ReadonlyMap<string, TableFormat> = new Map([
  ['.csv', 'csv'], ['.tsv', 'csv'], ['.txt', 'csv'], ['.parquet', 'parquet'], ['.pq', 'parquet'], ['.jsonl', 'jsonl'], ['.ndjson', 'jsonl'],
  ['.npy', 'npy'], ['.npz', 'npz'],
])

/**
 * Reads a CSV, Parquet, JSON lines or NumPy file, or the names of a folder of images; without `format` the extension decides.
 *
 * Values stay what the file says: `1`, `1.0`, `yes` and ` 1` are four texts. Whether a column is numeric is decided over the whole file.
 *
 * @throws ProbityError for whatever is wrong with the file, in one line that names the place.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<Table> {
  const format = options.format ?? formatOf(path)
  checkFile(path, format)
  const memoryLimit = options.memoryLimit ?? '1GB'
  switch (format) {
    case 'csv': return readCsv(path, { delimiter: options.delimiter, memoryLimit })
    case 'parquet': return readParquet(path, { memoryLimit })
    case 'jsonl': return readJsonLines(path)
    case 'npy': return readNpyTable(path)
    case 'npz': return readNpzTable(path, options.arrays)
    case 'images': return readImageFolder(path)
    default: throw new ProbityError('data/unknown-format', `${path}: the extension does not say what kind of file this is. State data.format: csv, parquet, jsonl, npy or npz (JSON as one object per line; unpack .gz and .zip first).`)
  }
}

/** A folder can only hold images. */
const formatOf = (path: string): TableFormat | undefined => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? 'images' : FORMATS.get(extname(path).toLowerCase()))

function checkFile(path: string, format: TableFormat | undefined): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new ProbityError('data/no-file', `${path}: there is no such file. Check data.path.`)
  if (format === 'images' && !found.isDirectory()) throw new ProbityError('data/no-file', `${path} is not a folder. For images, data.path must name a folder that has one folder of images per class.`)
  if (format !== 'images' && !found.isFile()) throw new ProbityError('data/no-file', `${path} is not a file. data.path must name one CSV, Parquet, JSON lines or NumPy file.`)
}
