import { expect, test } from 'vitest'
import { sqlPath, withDuckDb } from '../../src/data/duckdb.js'
import { file } from './helpers.js'

test('the database can read the one file, and nothing else can be read, written, loaded or unlocked', async () => {
  const allowed = file('allowed.csv', 'a\n1\n')
  const other = file('other.csv', 'a\n2\n')
  await withDuckDb(allowed, '64MB', async (connection) => {
    expect((await connection.runAndReadAll(`SELECT * FROM read_csv(${sqlPath(allowed)})`)).getRowsJson()).toEqual([['1']])
    const settings = await connection.runAndReadAll(`SELECT name, value FROM duckdb_settings() WHERE name IN ('threads', 'memory_limit', 'temp_directory',
      'autoinstall_known_extensions', 'autoload_known_extensions', 'allow_community_extensions', 'enable_external_access', 'lock_configuration') ORDER BY name`)
    expect(settings.getRowsJson()).toEqual([
      ['allow_community_extensions', 'false'], ['autoinstall_known_extensions', 'false'], ['autoload_known_extensions', 'false'], ['enable_external_access', 'false'],
      ['lock_configuration', 'true'], ['memory_limit', '61.0 MiB'], ['temp_directory', ''], ['threads', '1'],
    ])
    for (const statement of [
      `SELECT * FROM read_csv(${sqlPath(other)})`, `SELECT * FROM read_text('/etc/hostname')`, `SELECT * FROM glob('/*')`, `SELECT * FROM read_csv('https://localhost/a.csv')`,
      `COPY (SELECT 1) TO ${sqlPath(other)}`, `COPY (SELECT 1) TO ${sqlPath(allowed)}`, `ATTACH '${other}.db'`, 'INSTALL httpfs', 'LOAD httpfs',
    ]) await expect(connection.run(statement), statement).rejects.toThrow(/Permission Error/)
    for (const statement of ['SET enable_external_access = true', 'SET lock_configuration = false', `SET allowed_paths = ['/']`, 'SET threads = 8', `SET memory_limit = '8GB'`]) {
      await expect(connection.run(statement), statement).rejects.toThrow(/locked|disabled|Cannot/)
    }
  })
})
