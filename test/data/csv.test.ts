import { mkdirSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import truth from '../fixtures/data/truth.json' with { type: 'json' }
import { csv, file, fixture, folder, refusal } from './helpers.js'

describe.each(Object.entries(truth))('%s against pandas', (name, expected) => {
  it('has the same rows, columns, missing cells, distinct texts and last row', async () => {
    const table = await readTable(fixture(name))
    expect(table.rows).toBe(expected.rows)
    expect(table.columnNames).toEqual(expected.columns)
    expect(table.columnNames.map((column) => table.column(column).at(-1))).toEqual(expected.last_row)
    const missing = table.columnNames.map((column) => [column, table.column(column).filter((value) => value === null).length] as const).filter(([, n]) => n > 0)
    expect(Object.fromEntries(missing)).toEqual(expected.missing)
    expect(Object.fromEntries(table.columnNames.map((column) => [column, table.coded(column).distinct.length]))).toEqual(expected.distinct)
  })
})

describe('cells keep the text of the file', () => {
  it('numbers, booleans and blanks alike', async () => {
    const table = await csv('v\n1\n1.0\nyes\nTRUE\n 1\n01\n1e5\n""\n')
    expect(table.column('v')).toEqual(['1', '1.0', 'yes', 'TRUE', ' 1', '01', '1e5', null])
    expect(table.numbers('v')).toBeNull()
  })
  it('and are numbers when every one of the file is', async () => {
    const table = await csv('a,b\n1.0,1\n, 2 \n-3e-2,x\n')
    expect(table.numbers('a')).toEqual(Float64Array.of(1, NaN, -0.03))
    expect(table.numbers('b')).toBeNull()
  })
  it('decides over the whole file: text on the last of 200,000 rows', async () => {
    const table = await csv(`a\n${'1\n'.repeat(200_000)}x\n`)
    expect(table.rows).toBe(200_001)
    expect(table.numbers('a')).toBeNull()
  })
})

test.each([
  ['byte order mark and CRLF', '\ufeffa,b\r\n1,2\r\n', ['a', 'b'], [['1'], ['2']]],
  ['CR alone', 'a,b\r1,2\r3,4', ['a', 'b'], [['1', '3'], ['2', '4']]],
  ['quoted line breaks, delimiters and quotes', 'a,b\n"x\ny","p,""q"""\n', ['a', 'b'], [['x\ny'], ['p,"q"']]],
  ['CRLF file with a quoted LF', 'a,b\r\n"x\ny",2\r\n', ['a', 'b'], [['x\ny'], ['2']]],
  ['semicolons, with commas inside', 'a;b,c;d\n1;2,5;3\n', ['a', 'b,c', 'd'], [['1'], ['2,5'], ['3']]],
  ['tabs', 'a\tb\n1\t2\n', ['a', 'b'], [['1'], ['2']]],
  ['bars', 'a|b\n1|2\n', ['a', 'b'], [['1'], ['2']]],
  ['delimiters inside header quotes do not count', '"a,b,c";d\n1;2\n', ['a,b,c', 'd'], [['1'], ['2']]],
  ['one column keeps its empty lines as missing', 'a\n1\n\n3\n', ['a'], [['1', null, '3']]],
  ['several columns skip empty lines', 'a,b\n1,2\n\n3,4\n\n', ['a', 'b'], [['1', '3'], ['2', '4']]],
  ['a line that starts like a comment', 'a,b\n#1,2\n', ['a', 'b'], [['#1'], ['2']]],
  ['names that differ in case only', 'a,A\n1,2\n', ['a', 'A'], [['1'], ['2']]],
])('%s', async (_, content, names, values) => {
  const table = await csv(content)
  expect(table.columnNames).toEqual(names)
  expect(names.map((name) => table.column(name))).toEqual(values)
})

test('hostile names and values are data', async () => {
  const names = ['__proto__', 'constructor', '"; DROP TABLE t; --', "it's", 'line\nbreak', '<script>']
  const table = await csv(`${names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')}\n${names.map(() => `"'); DROP TABLE t; --"`).join(',')}\n`)
  expect(table.columnNames).toEqual(names)
  for (const name of names) expect(table.column(name)).toEqual(["'); DROP TABLE t; --"])
  expect(() => table.column('toString')).toThrow('no column "toString"')
})

test('hostile paths are paths: quotes, glob signs, hive partitions', async () => {
  mkdirSync(`${folder}/country=us`)
  const table = await readTable(file("country=us/it's [1]*?.csv", 'a\n1\n'))
  expect(table.columnNames).toEqual(['a'])
  expect(table.column('a')).toEqual(['1'])
})

test('rows know their line, across empty lines and quoted line breaks', async () => {
  const table = await csv('"a\nx",b\n"1\n1",2\n\n3,4\n5,6')
  expect([0, 1, 2].map((row) => table.where(row))).toEqual(['line 3', 'line 6', 'line 7'])
})

describe('refused in one line', () => {
  test.each([
    ['empty', '', 'table.csv is empty. Give a file with a header and rows.'],
    ['header only', 'a,b\n', 'table.csv: there is a header but not one row below it. Give a file with data.'],
    ['no header', '\n1,2\n', 'table.csv: the first line is empty. It must hold the column names.'],
    ['duplicate names', 'a,b,a\n1,2,3\n', 'table.csv: columns 1 and 3 are both named "a". Rename one.'],
    ['a row index', ',a\n0,1\n', 'table.csv: column 1 has no name (often a row index written by accident, or a delimiter at the end of the line). Name or remove it.'],
    ['a short row', 'a,b\n1,2\n3\n', 'table.csv, line 3: 1 cell where the header has 2. Repair the row, quote cells that hold the delimiter, or state data.delimiter.'],
    ['a long row after an empty line and a quoted break', 'a,b\n\n"x\ny",2\n3,4,5\n', 'table.csv, line 5: 3 cells where the header has 2. Repair the row, quote cells that hold the delimiter, or state data.delimiter.'],
    ['a ragged row far into the file', `a,b\n${'1,2\n'.repeat(150_000)}3\n`, 'table.csv, line 150002: 1 cell where the header has 2. Repair the row, quote cells that hold the delimiter, or state data.delimiter.'],
    ['an open quote', 'a,b\n1,2\n3,"x\n', 'table.csv, line 3: a quoted cell is not closed properly. Close the quote, and write quotes inside a cell twice.'],
    ['an open quote in the header', 'a,"b\n1,2\n', 'table.csv: the quotes in the header do not close before the next ",". Repair the first line.'],
    ['mixed line ends', 'a,b\n1,2\r\n3,4\n', 'table.csv: this is not CSV as RFC 4180 defines it; most often line ends of two kinds are mixed. Write the file again with one kind.'],
    ['a huge field', `a,b\n1,${'x'.repeat(2_100_000)}\n`, 'table.csv, line 2 is longer than 2 million characters. Look for a quote that is never closed, or remove the huge field.'],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'table.csv is UTF-16, not UTF-8. Save it as UTF-8 (in Excel: "CSV UTF-8").'],
    ['UTF-16 without a mark', Buffer.from('a,b\n1,2\n', 'utf16le'), 'table.csv holds zero bytes, so it is binary or UTF-16, not UTF-8 text. Save it as UTF-8, or state data.format.'],
    ['Latin-1', Buffer.from('a,b\n1,2\nü,4\n', 'latin1'), 'table.csv, line 3: the bytes are not UTF-8. Save the file as UTF-8.'],
    ['Latin-1 far into the file', Buffer.concat([Buffer.from(`a,b\n${'1,2\n'.repeat(50_000)}`), Buffer.from('ü,4\n', 'latin1')]), 'table.csv, line 50002: the bytes are not UTF-8. Save the file as UTF-8.'],
  ])('%s', async (_, content, message) => {
    expect(await refusal(() => csv(content))).toBe(message)
  })
  test('files that are not there, are folders, or say nothing of their format', async () => {
    expect(await refusal(() => readTable('nowhere.csv'))).toBe('nowhere.csv: there is no such file. Check data.path.')
    expect(await refusal(() => readTable('test'))).toMatch(/^test is a folder, and as data a folder holds one folder of images per class: "artifacts\/.*\.ts" is no image file \(.*\)\. Remove it, or name a file under data\.path\.$/)
    expect(await refusal(() => readTable('test', { format: 'csv' }))).toBe('test is not a file. data.path must name one CSV, Parquet, JSON lines or NumPy file.')
    expect(await refusal(() => readTable(file('data.csv.gz', 'a\n1\n')))).toBe('data.csv.gz: the extension does not say what kind of file this is. State data.format: csv, parquet, jsonl, npy or npz (JSON as one object per line; unpack .gz and .zip first).')
  })
  test('a delimiter of two characters', async () => {
    expect(await refusal(() => readTable(file('d.csv', 'a\n1\n'), { delimiter: '::' }))).toContain('data.delimiter must be one character')
  })
  test('more than the memory limit allows', async () => {
    const path = file('large.csv', `a,b\n${'0123456789abcdefghij,0123456789abcdefghij\n'.repeat(200_000)}`)
    expect(await refusal(() => readTable(path, { memoryLimit: '8MB' }))).toBe('large.csv: reading it needs more memory than is allowed. Audit fewer rows or columns.')
  })
})
