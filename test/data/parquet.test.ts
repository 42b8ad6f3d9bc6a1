import { mkdirSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import { sqlText } from '../../src/data/duckdb.js'
import { file, folder, refusal } from './helpers.js'

async function parquet(name: string, select: string): Promise<string> {
  const path = `${folder}/${name}`
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await connection.run(`COPY (${select}) TO ${sqlText(path)} (FORMAT parquet)`)
  connection.closeSync()
  return path
}

test('values become the text that stands for them', async () => {
  const path = await parquet('types.parquet', `SELECT * FROM (VALUES
    (true, 1::TINYINT, 9007199254740993::BIGINT, 0.1::DOUBLE, 0.1::FLOAT, 1.0::DOUBLE, 1e300::DOUBLE, 1.50::DECIMAL(5,2), 'yes', TIMESTAMP '2020-01-02 03:04:05.5', DATE '2020-01-02', TIMESTAMPTZ '2020-01-01 10:00:00+02'),
    (false, -1, -5, 1/3::DOUBLE, 16777216, -0.5, 5e-324, -0.01, '', NULL, NULL, NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) t(flag, tiny, big, d, f, whole, wide, price, text, "at", day, zoned)`)
  const table = await readTable(path)
  const values = Object.fromEntries(table.columnNames.map((name) => [name, table.column(name)]))
  expect(values).toEqual({
    flag: ['true', 'false', null], tiny: ['1', '-1', null], big: ['9007199254740993', '-5', null], d: ['0.1', '0.3333333333333333', null], f: ['0.1', '16777216.0', null],
    whole: ['1.0', '-0.5', null], wide: ['1e+300', '5e-324', null], price: ['1.50', '-0.01', null], text: ['yes', null, null],
    at: ['2020-01-02T03:04:05.5', null, null], day: ['2020-01-02', null, null], zoned: ['2020-01-01T08:00:00+00', null, null],
  })
  expect(Number(values.d![1])).toBe(1 / 3)
  expect(table.where(1)).toBe('row 1 (counted from 0)')
})

test('hostile names stay as they are, and a hive partition adds no column', async () => {
  mkdirSync(`${folder}/country=de`)
  const table = await readTable(await parquet("country=de/it's.parquet", `SELECT 1 AS "__proto__", 2 AS "constructor", 3 AS """; DROP TABLE t; --"`))
  expect(table.columnNames).toEqual(['__proto__', 'constructor', '"; DROP TABLE t; --'])
  expect(table.columnNames.map((name) => table.column(name))).toEqual([['1'], ['2'], ['3']])
})

test('rows come in file order across row groups', async () => {
  const table = await readTable(await parquet('long.parquet', 'SELECT i FROM range(300000) t(i)'))
  expect(table.numbers('i')!.every((value, row) => value === row)).toBe(true)
})

test('nested and binary columns are refused by name', async () => {
  const path = await parquet('nested.parquet', `SELECT 1 AS a, [1, 2] AS list, {'x': 1} AS struct, MAP {'k': 1} AS map, 'ab'::BLOB AS bytes, [[1]] AS lists`)
  expect(await refusal(() => readTable(path))).toBe('nested.parquet: nested or binary columns cannot be audited: "list", "struct", "map", "bytes", "lists". Write the file without them.')
})

test('what is not Parquet, or has no rows, is refused', async () => {
  expect(await refusal(() => readTable(file('text.parquet', 'a,b\n1,2\n')))).toBe('text.parquet does not start like a Parquet file. State data.format if it is another kind.')
  expect(await refusal(() => readTable(file('cut.parquet', 'PAR1 and then nothing of the kind')))).toBe('cut.parquet does not end like a Parquet file: it is cut short, or damaged. Write or download it again.')
  const none = await parquet('none.parquet', 'SELECT 1 AS a WHERE false')
  expect(await refusal(() => readTable(none))).toBe('none.parquet: there is a header but not one row below it. Give a file with data.')
})
