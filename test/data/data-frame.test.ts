import * as dfd from 'danfojs-node'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fairness } from '../../metrics/fairness/index.js'
import { csvOf, loadData, readCsvOfTable, takeTable, type DataInMemory, type Table, type TableInMemory } from '../../src/data/index.js'
import { csv, file, fixture, refusal } from './helpers.js'

const bytesOf = (table: Table): string => [...csvOf(table)].join('')
const cellsOf = (table: Table) => Object.fromEntries(table.columnNames.map((name) => [name, table.column(name)]))

describe('a danfojs DataFrame', () => {
  test('keeps text, writes numbers as the shortest text that reads back, and has one kind of missing value', async () => {
    const frame = new dfd.DataFrame([
      ['1.0', 0.1, 7, true, null],
      [' yes', NaN, 1e21, false, undefined],
      ['', 5e-324, -0, true, NaN],
      ['é,"\n', 1 / 3, 2 ** 53, false, null],
    ], { columns: ['text', 'float', 'int', 'flag', 'empty'] })
    expect(cellsOf(await loadData(frame))).toEqual({
      text: ['1.0', ' yes', null, 'é,"\n'],
      float: ['0.1', null, '5e-324', '0.3333333333333333'],
      int: ['7', '1e+21', '0', '9007199254740992'],
      flag: ['true', 'false', 'true', 'false'],
      empty: [null, null, null, null],
    })
  })

  test('gives the columns that the CSV file gives which it was read from', async () => {
    const [fromFrame, fromFile] = [await loadData(await dfd.readCSV(fixture('hmda-test'))), await loadData(fixture('hmda-test'))]
    expect(fromFrame.columnNames).toEqual(fromFile.columnNames)
    expect(fromFrame.rows).toBe(fromFile.rows)
    for (const name of fromFile.columnNames) expect(fromFrame.numbers(name), name).toEqual(fromFile.numbers(name))
  })

  test('after filtering, sorting and added columns is what it shows', async () => {
    const frame = new dfd.DataFrame({ a: [3, 1, 2], g: ['x', 'y', 'x'] })
    const changed = frame.query((frame['g'] as dfd.Series).eq('x' as never)).sortValues('a') as dfd.DataFrame
    changed.addColumn('b', [true, false], { inplace: true })
    expect(cellsOf(await loadData(changed))).toEqual({ a: ['2', '3'], g: ['x', 'x'], b: ['true', 'false'] })
  })

  test('with times gives ISO 8601', async () => {
    const frame = new dfd.DataFrame([[new Date(Date.UTC(2026, 0, 31, 12)), 1], [new Date(NaN), 2]], { columns: ['at', 'n'] })
    expect((await loadData(frame)).column('at')).toEqual(['2026-01-31T12:00:00.000Z', null])
  })

  test.each<[string, () => TableInMemory, RegExp]>([
    ['no rows', () => new dfd.DataFrame([], { columns: ['a', 'b'] }), /there are no rows/],
    ['no columns', () => new dfd.DataFrame([]), /there are no rows/],
    ['a column without a name', () => new dfd.DataFrame([[1, 2]], { columns: ['a', ''] }), /column 2 has no name/],
    ['two columns of one name', () => ({ columns: ['a', 'b', 'a'], dtypes: ['int32', 'int32', 'int32'], column: () => ({ values: [1] }) }), /columns 1 and 3 are both named "a"/],
    ['a column of arrays', () => new dfd.DataFrame([[1, 'x'], [1, [1, 2]]], { columns: ['a', 'b'], dtypes: ['int32', 'string'] }), /row 1 \(counted from 0\): the value of "b" is an array/],
    ['a column of objects', () => new dfd.DataFrame([[{ x: 1 }, 'x']], { columns: ['a', 'b'] }), /row 0 \(counted from 0\): the value of "a"/],
    ['half a character', () => new dfd.DataFrame([['ok'], ['\ud83d']], { columns: ['a'] }), /row 1 .* half of a surrogate pair/],
    ['a zero byte', () => new dfd.DataFrame([['a\0b']], { columns: ['a'] }), /zero byte/],
  ])('with %s is refused in one line', async (_, frame, message) => {
    expect(await refusal(() => loadData(frame()))).toMatch(message)
  })

  test('goes into fairness() and gives what its columns give', () => {
    const frame = new dfd.DataFrame({ g: ['a', 'b', 'a', 'b'], y: [1, 0, 1, 1], p: [1, 0, 0, 1] })
    const options = { label: 'y', prediction: 'p', sensitive: 'g', favorable: 1, minimumGroupSize: 1 }
    expect(fairness(frame, options)).toEqual(fairness({ g: ['a', 'b', 'a', 'b'], y: [1, 0, 1, 1], p: [1, 0, 0, 1] }, options))
    expect(() => fairness(frame, { ...options, label: 'z' })).toThrow('fairness: there is no column z. The columns are g, y, p.')
  })
})

describe('columns by name, rows as objects, Arrow tables', () => {
  test('are one table in four forms', async () => {
    const columns = { n: [1.5, 2, null], s: ['x', '', 'y'] }
    const arrow = {
      numRows: 3,
      schema: { fields: [{ name: 'n', type: 'Float64' }, { name: 's', type: 'Dictionary<Int32, Utf8>' }] },
      getChildAt: (index: number) => [columns.n, columns.s][index] ?? null,
    }
    const forms: TableInMemory[] = [columns, [{ n: 1.5, s: 'x' }, { n: 2 }, { s: 'y', n: undefined }], arrow, new dfd.DataFrame(columns), await loadData(columns)]
    const bytes = await Promise.all(forms.map(async (form) => bytesOf(await loadData(form))))
    expect(new Set(bytes)).toEqual(new Set(['n,s\n1.5,x\n2,\n,y\n']))
  })

  test('typed arrays: float32 in its own shortest text, int64 exact', async () => {
    const table = await loadData({ f: new Float32Array([0.1, 16777217, 3.4028235e38]), i: new BigInt64Array([2n ** 62n + 1n, -1n, 0n]) })
    expect(cellsOf(table)).toEqual({ f: ['0.1', '16777216', '3.4028234663852886e+38'], i: ['4611686018427387905', '-1', '0'] })
  })

  test('Arrow hands float32 out as doubles, and its type says so', async () => {
    const arrow = { numRows: 1, schema: { fields: [{ name: 'f', type: 'Float32' }, { name: 'd', type: 'Float64' }] }, getChildAt: (index: number) => [[Math.fround(0.1)], [Math.fround(0.1)]][index]! }
    expect(cellsOf(await loadData(arrow))).toEqual({ f: ['0.1'], d: ['0.10000000149011612'] })
  })

  test('every float32 reads back from its text', async () => {
    await fc.assert(fc.asyncProperty(fc.float32Array({ minLength: 1, noNaN: true }), async (values) => {
      expect(Float32Array.from((await loadData({ values })).numbers('values')!).map((value) => value + 0)).toEqual(values.map((value) => value + 0))
    }), { numRuns: 200, seed: 1 })
  })

  test('hostile column names are names', async () => {
    const row = JSON.parse('{ "__proto__": 1, "constructor": "x", "a\\nb": 2 }') as Record<string, unknown>
    const table = await loadData([row])
    expect(table.columnNames).toEqual(['__proto__', 'constructor', 'a\nb'])
    expect(table.column('__proto__')).toEqual(['1'])
    expect(readCsvOfTable(file('hostile.csv', bytesOf(table))).columnNames).toEqual(table.columnNames)
  })

  test.each<[string, TableInMemory, RegExp]>([
    ['columns of two lengths', { a: [1, 2], b: [1] }, /column "b" has 1 rows and "a" has 2/],
    ['a row that is no object', [{ a: 1 }, 5] as never, /row 1 \(counted from 0\): it is 5/],
    ['a row that is an array', [[1, 2]] as never, /row 0 \(counted from 0\): it is an array/],
    ['no rows', [], /there are no rows/],
    ['an Arrow timestamp', { numRows: 1, schema: { fields: [{ name: 'at', type: 'Timestamp<MILLISECOND>' }] }, getChildAt: () => [1] }, /"at: Timestamp<MILLISECOND>"/],
    ['a function', { a: [() => 1] }, /the value of "a" is an array, an object or a function/],
  ])('%s is refused in one line', async (_, source, message) => {
    expect(await refusal(() => loadData(source))).toMatch(message)
  })
})

describe('the hand-over', () => {
  const text = fc.oneof(
    fc.constantFrom('1', '1.0', ' 1', '"', '""', ',', '\n', '\r\n', '\r', '#', 'NULL', '__proto__', '\t', '😀', '\ufeff', '\ufeffa', 'x'.repeat(70_000)),
    fc.string({ maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 4 }),
  ).filter((value) => !value.includes('\0'))
  const tables = fc.integer({ min: 1, max: 4 }).chain((width) => fc.record({
    names: fc.uniqueArray(text.filter((name) => name !== ''), { minLength: width, maxLength: width }),
    rows: fc.array(fc.array(fc.option(text), { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
  }))

  test('any table is read as it was, and written again gives the same bytes', async () => {
    await fc.assert(fc.asyncProperty(tables, async ({ names, rows }) => {
      const source = { columns: names, dtypes: names.map(() => 'undefined'), column: (name: string) => ({ values: rows.map((row) => row[names.indexOf(name)]) }) }
      const table = await loadData(source)
      const bytes = bytesOf(table)
      const read = readCsvOfTable(file('table.csv', bytes))
      expect(read.columnNames).toEqual(names)
      expect(names.map((name) => read.column(name))).toEqual(names.map((_, column) => rows.map((row) => row[column] || null)))
      expect(bytesOf(read)).toBe(bytes)
    }), { numRuns: 400, seed: 1 })
  })

  test('is CSV that the reader of files reads too', async () => {
    const table = await loadData({ 'a,b': ['x "y"', null, ' z'], n: [1.5, null, 0] })
    const read = await csv(bytesOf(table))
    expect(cellsOf(read)).toEqual(cellsOf(table))
  })

  test('has a fixed form, which the hash in a report depends on', async () => {
    expect(bytesOf(await loadData({ only: ['x', null] }))).toBe('only\nx\n""\n')
    expect(bytesOf(await loadData({ 'a"': [true, null], b: ['1,2', 'x'] }))).toBe('"a""",b\ntrue,"1,2"\n,x\n')
  })
})

describe('what audit() takes as data', () => {
  test('is a path, a configuration, a table, or a table with a configuration', () => {
    expect(takeTable('a.csv')).toEqual({ data: { path: 'a.csv' }, table: null })
    expect(takeTable({ path: 'a.csv', label: 'y' })).toEqual({ data: { path: 'a.csv', label: 'y' }, table: null })
    expect(takeTable({ path: ['x'], y: [1] }).table?.columnNames).toEqual(['path', 'y'])
    const { data, table } = takeTable({ frame: { y: [1] }, label: 'y' })
    expect(data).toEqual({ path: 'DataFrame', label: 'y' })
    expect(table?.column('y')).toEqual(['1'])
  })

  test.each(['path', 'format', 'delimiter', 'images'])('a table beside data.%s is refused', async (field) => {
    expect(await refusal(() => takeTable({ frame: { y: [1] }, [field]: 'csv' } as DataInMemory))).toMatch(`data.frame and data.${field}`)
  })

  test('data.frame that is no table is refused', async () => {
    expect(await refusal(() => takeTable({ frame: 5 } as never))).toMatch(/data\.frame is no table/)
  })
})
