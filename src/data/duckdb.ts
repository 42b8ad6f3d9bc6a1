/** @file DuckDB, locked down to reading one file. */
import { resolve } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'

/** Text as an SQL string. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A local path as an SQL string; absolute, because DuckDB would take a relative one such as `s3://a` for a URL. */
export const sqlPath = (path: string): string => sqlText(resolve(path))

/**
 * Opens an in-memory database that can read `path` and nothing else, hands it to `use`, and closes it.
 *
 * The order matters: allowed paths must be set while access is still open, and the lock comes last. One thread, because rows must come in
 * file order and files may be hostile: nothing is gained here by racing.
 */
export async function withDuckDb<T>(path: string, memoryLimit: string, use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: memoryLimit,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    try {
      await connection.run(`SET allowed_paths = [${sqlPath(path)}]`)
      await connection.run('SET enable_external_access = false')
      await connection.run('SET lock_configuration = true')
      return await use(connection)
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

/**
 * Runs a query whose columns are all text, and hands on every value: `add(column, value)`, column by column within a chunk, rows in order.
 *
 * Not streamed: an error after the first chunks of a streamed result ends it in silence, as if the file ended there.
 */
export async function readTextColumns(connection: DuckDBConnection, sql: string, add: (column: number, value: string | null) => void): Promise<void> {
  const result = await connection.run(sql)
  for await (const chunk of result) {
    for (let column = 0; column < chunk.columnCount; column++) {
      for (const value of chunk.getColumnValues(column)) add(column, value === null ? null : String(value))
    }
  }
}
