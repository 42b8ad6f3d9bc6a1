/** @file One DuckDB for all cases of a process, configured as src/data/duckdb.ts does it: opening one takes ten times as long as reading a small file. */
import { DuckDBInstance } from '@duckdb/node-api'

/** What leaves a database unusable. */
const FATAL = /FATAL|INTERNAL|invalidated/

/** From here on `DuckDBInstance.create` gives the same locked instance; every case must lie at the same path. */
export function reuseDuckDb() {
  const create = DuckDBInstance.create.bind(DuckDBInstance)
  let kept = null
  DuckDBInstance.create = async (path, options) => {
    // A file of the same name and age must not be taken for the one before.
    kept ??= await connected(await create(path, { ...options, enable_external_file_cache: 'false' }))
    return { connect: async () => kept.connection, closeSync: () => undefined }
  }

  async function connected(instance) {
    const connection = await instance.connect()
    const settings = new Set()
    const guarded = async (run, sql) => {
      try {
        return await run(sql)
      } catch (error) {
        if (FATAL.test(error.message)) {
          kept = null
          connection.closeSync()
          instance.closeSync()
        }
        throw error
      }
    }
    return {
      connection: {
        async run(sql) {
          if (sql.startsWith('SET ')) {
            if (settings.has(sql)) return null
            settings.add(sql)
          }
          return guarded((text) => connection.run(text), sql)
        },
        runAndReadAll: (sql) => guarded((text) => connection.runAndReadAll(text), sql),
        closeSync: () => undefined,
      },
    }
  }
}
