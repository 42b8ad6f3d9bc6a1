/** @file Which rows of a file an audit looks at. */
import type { DataConfig, RowSelection } from '../contracts/config.js'
import { ProbityError } from '../contracts/errors.js'
import { randomStream, sampleRows } from '../tensor/random.js'
import { count, quote } from './wording.js'

/**
 * Row numbers (0-based) in file order. '1200:1797' is half-open, and either end may be left out; a sample depends on the seed alone.
 *
 * @throws ProbityError for ranges that are empty or reach past the file.
 */
export function selectRows(rowsInFile: number, selection: DataConfig['rows'], seed: number): number[] {
  const all = Array.from({ length: rowsInFile }, (_, row) => row)
  if (selection === undefined) return all
  const parsed = typeof selection === 'string' ? parseRange(selection, rowsInFile) : selection
  if ('sample' in parsed) {
    if (!Number.isInteger(parsed.sample) || parsed.sample < 1) throw new ProbityError('data/rows', `data.rows.sample must be a whole number of at least 1, got ${parsed.sample}.`)
    return sampleRows(all, parsed.sample, randomStream(seed, 'data/rows'))
  }
  const [start, end] = parsed.range
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end <= start) throw new ProbityError('data/rows', `data.rows must be start:end with 0 ≤ start < end (0-based, end not included), got ${start}:${end}.`)
  if (end > rowsInFile) throw new ProbityError('data/rows', `data.rows ends at ${end}, but the file has ${count(rowsInFile, 'row')}. The last possible end is ${rowsInFile}.`)
  return all.slice(start, end)
}

function parseRange(text: string, rowsInFile: number): RowSelection {
  const match = /^\s*(\d*)\s*:\s*(\d*)\s*$/.exec(text)
  if (!match) throw new ProbityError('data/rows', `data.rows is ${quote(text)}, which is not a range. Write start:end, such as 1200:1797 (0-based, end not included).`)
  return { range: [Number(match[1] ?? 0), match[2] ? Number(match[2]) : rowsInFile] }
}
