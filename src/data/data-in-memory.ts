/** @file What callers of audit() give as data: a path, a configuration, or a table with or without one. */
import type { DataConfig } from '../contracts/config.js'
import { ProbityError } from '../contracts/errors.js'
import { IN_MEMORY, isTableInMemory, tableInMemory, type TableInMemory } from './data-frame.js'
import type { Table } from './table.js'

/** `data` of a configuration with a table in place of the path. */
export type DataInMemory = Omit<DataConfig, 'path' | 'format' | 'delimiter' | 'images'> & { readonly frame: TableInMemory }

/**
 * The configuration of the data, and the table where it is in memory. A record of columns that has one called "frame" is given as `{ frame: record }`.
 *
 * @throws ProbityError for tables that cannot be audited, and for a table beside a path
 */
export function takeTable(data: string | DataConfig | TableInMemory | DataInMemory): { readonly data: DataConfig; readonly table: Table | null } {
  if (typeof data === 'string') return { data: { path: data }, table: null }
  if (typeof data === 'object' && data !== null && Object.hasOwn(data, 'frame')) return besideFrame(data as DataInMemory)
  if (isTableInMemory(data)) return { data: { path: IN_MEMORY }, table: tableInMemory(data) }
  return { data: data as DataConfig, table: null }
}

function besideFrame({ frame, ...config }: DataInMemory): { data: DataConfig; table: Table } {
  const file = ['path', 'format', 'delimiter', 'images'].find((field) => Object.hasOwn(config, field))
  if (file !== undefined) throw new ProbityError('data/frame', `The configuration has data.frame and data.${file}. A table in memory has no file, and no images beside it: give one or the other.`)
  if (!isTableInMemory(frame)) throw new ProbityError('data/frame', 'data.frame is no table. Give a danfojs DataFrame, columns by name, rows as objects, or an Arrow table.')
  return { data: { ...config, path: IN_MEMORY }, table: tableInMemory(frame) }
}
