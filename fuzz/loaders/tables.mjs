/** @file Tables: CSV and Parquet through DuckDB, JSON lines. */
import { readTable } from '../../dist/src/data/index.js'
import { mutateBytes } from '../mutate/bytes.mjs'
import { decode as decodeCsv, mutateCsv } from '../mutate/csv.mjs'
import { decode as decodeJson, encode as encodeJson, mutateTree } from '../mutate/json.mjs'
import { decode as decodeParquet, mutateParquet } from '../mutate/parquet.mjs'
import { reuseDuckDb } from './duckdb.mjs'
import { read, readAll, slot } from './files.mjs'

const LIMIT_MS = 2000

/** Reads the table and every column of it, as a view would. */
const readThrough = (name, prepare = () => undefined) => (folder) => {
  prepare()
  const file = slot(folder, name)
  return async (bytes) => {
    file.write(bytes)
    const table = await readTable(file.path)
    for (const column of table.columnNames) {
      table.numbers(column)
      table.column(column)
    }
    table.where(table.rows - 1)
  }
}

export const csv = () => {
  const texts = [`${read('examples/mortgage/hmda-test.csv').toString('latin1').split('\n').slice(0, 6).join('\n')}\n`, 'a,b,__proto__\n1,2,x\n3,4,y\n', 'name,note\nx,"a, b"\ny,"say ""no"""\nz,"two\nlines"\n']
  const tables = texts.map(decodeCsv)
  const seeds = texts.map((text) => Buffer.from(text))
  return {
    extension: 'csv', files: ['case.csv'], limitMs: LIMIT_MS,
    mutate: (choice) => (choice.chance(0.25) ? mutateBytes(choice.one(seeds), choice, seeds) : mutateCsv(choice.one(tables), choice, tables)),
    open: readThrough('case.csv', reuseDuckDb),
  }
}

export const parquet = () => {
  const seeds = readAll('fuzz/seeds', '.parquet')
  const trees = seeds.map(decodeParquet)
  return {
    extension: 'parquet', files: ['case.parquet'], limitMs: LIMIT_MS,
    mutate: (choice) => (choice.chance(0.15) ? mutateBytes(choice.one(seeds), choice, seeds) : mutateParquet(choice.one(trees), choice, trees)),
    open: readThrough('case.parquet', reuseDuckDb),
  }
}

export const jsonl = () => {
  const rows = [[{ a: 1, b: 'x', c: true }, { a: 2.5, c: false }, { b: null, a: -0 }], [{ age: '31', approved: 'yes' }], [{ x: 1e300, y: 'a"b\\c\u0001' }]].map((lines) => lines.map(decodeJson))
  const seeds = rows.map((lines) => Buffer.from(lines.map(encodeJson).join('\n')))
  const trees = rows.flat()
  return {
    extension: 'jsonl', files: ['case.jsonl'], limitMs: LIMIT_MS,
    mutate(choice) {
      const { one, chance } = choice
      if (chance(0.3)) return mutateBytes(one(seeds), choice, seeds)
      const lines = one(rows).map((line) => encodeJson(chance(0.5) ? mutateTree(line, choice, trees) : line))
      return Buffer.from(lines.join(chance(0.9) ? '\n' : one(['\r\n', '\r', '\n\n', '', '\u2028'])))
    },
    open: readThrough('case.jsonl'),
  }
}
