/** @file Data as a table, from a file or from memory. */
import { tableInMemory, type TableInMemory } from './data-frame.js'
import { readTable, type ReadOptions } from './read-table.js'
import type { Table } from './table.js'

/**
 * Reads a CSV, Parquet or JSON lines file, or takes a table that is in memory: a danfojs DataFrame, columns by name, rows as objects, an Apache
 * Arrow table. Reads in this process; audits read in child processes.
 *
 * @throws ProbityError for whatever is wrong with the data, in one line that names the place
 */
export async function loadData(source: string | TableInMemory, options: ReadOptions = {}): Promise<Table> {
  return typeof source === 'string' ? readTable(source, options) : tableInMemory(source)
}
