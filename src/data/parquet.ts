/** @file Parquet files through DuckDB, every value as the text that stands for it. */
import { messageOf, ProbityError } from '../contracts/errors.js'
import { readTextColumns, sqlPath, withDuckDb } from './duckdb.js'
import { checkFooter } from './parquet-footer.js'
import { checkNames, ColumnBuilder, makeTable, type Table } from './table.js'
import { readStart } from './text-file.js'
import { list, rowInWords } from './wording.js'

/** Types whose text is not a value that a model or a group could use. */
const REFUSED = /^(BLOB|BIT|GEOMETRY|VARIANT)|\[\d*\]$|^(STRUCT|MAP|UNION)\(/

/**
 * Reads a Parquet file. Booleans become true and false, numbers the shortest text that reads back as the same number, times ISO 8601.
 *
 * @throws ProbityError for nested and binary columns, by name, and for files that are not Parquet.
 */
export async function readParquet(path: string, options: { memoryLimit: string }): Promise<Table> {
  if (readStart(path, 4).toString('latin1') !== 'PAR1') throw new ProbityError('data/not-parquet', `${path} does not start like a Parquet file. State data.format if it is another kind.`)
  checkFooter(path)
  try {
    return await withDuckDb(path, options.memoryLimit, async (connection) => {
      const source = `read_parquet(${sqlPath(path)}, hive_partitioning=false)`
      const shape = await connection.run(`SELECT * FROM ${source} LIMIT 0`)
      const types = shape.columnTypes().map(String)
      const refused = shape.columnNames().filter((_, index) => REFUSED.test(types[index]!))
      if (refused.length > 0) throw new ProbityError('data/nested-column', `${path}: nested or binary columns cannot be audited: ${list(refused)}. Write the file without them.`)
      // DuckDB renames a second `a` to `a_1`; the file's own schema has the names as they are. Its first entry is the root.
      const schema = await connection.runAndReadAll(`SELECT name FROM parquet_schema(${sqlPath(path)})`)
      const names = schema.getRows().slice(1).map(([name]) => String(name))
      checkNames(path, names)
      const builders = names.map(() => new ColumnBuilder())
      const times = types.map((type) => type.startsWith('TIMESTAMP'))
      await readTextColumns(connection, `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${source}`, (column, value) => {
        builders[column]!.add(times[column] && value !== null ? value.replace(' ', 'T') : value)
      })
      return makeTable(path, builders.map((builder, index) => builder.build(names[index]!)), rowInWords)
    })
  } catch (error) {
    if (error instanceof ProbityError) throw error
    throw new ProbityError('data/unreadable', `${path} cannot be read as Parquet: ${messageOf(messageOf(error).split('\n')[0])}`, { cause: error })
  }
}
