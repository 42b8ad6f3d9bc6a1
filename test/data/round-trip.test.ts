import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import { file } from './helpers.js'

const text = fc.oneof(fc.constantFrom('1', '1.0', ' 1', 'yes', '"', '""', ',', ';', '\n', '\r\n', '\r', '#', "'", '\\', 'NULL', '__proto__', '=1+1', '\t', '😀'), fc.string({ maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 4 })).filter((value) => !value.includes('\u0000'))
const tables = fc.integer({ min: 1, max: 4 }).chain((width) => fc.record({
  names: fc.uniqueArray(text.filter((name) => name !== ''), { minLength: width, maxLength: width }),
  rows: fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  lineEnd: fc.constantFrom('\n', '\r\n'),
}))
const columnsOf = (names: readonly string[], rows: readonly (readonly string[])[]) => names.map((_, column) => rows.map((row) => (row[column] === '' ? null : row[column])))

test.each([true, false])('any table, every cell quoted: %s, is read as it was, or refused for line breaks of two kinds', { timeout: 120_000 }, async (always) => {
  const quoted = (cell: string) => (always || /[",;|\s]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
  await fc.assert(fc.asyncProperty(tables, async ({ names, rows, delimiter, lineEnd }) => {
    const content = [names, ...rows].map((row) => row.map(quoted).join(delimiter) + lineEnd).join('')
    const oneKind = !content.replaceAll(lineEnd, '').match(/[\r\n]/)
    let table
    try {
      table = await readTable(file('any.csv', content), { delimiter })
    } catch (error) {
      expect(oneKind, String(error)).toBe(false)
      return
    }
    expect(table.columnNames).toEqual(names)
    expect(names.map((name) => table.column(name))).toEqual(columnsOf(names, rows))
  }), { numRuns: 80, seed: 1 })
})

test('any table, written as JSON lines, is read as it was', async () => {
  await fc.assert(fc.asyncProperty(tables, async ({ names, rows }) => {
    const line = (row: readonly string[]) => `{${names.map((name, column) => `${JSON.stringify(name)}: ${JSON.stringify(row[column])}`).join(', ')}}\n`
    const table = await readTable(file('any.jsonl', rows.map(line).join('')))
    expect(table.columnNames).toEqual(names)
    expect(names.map((name) => table.column(name))).toEqual(columnsOf(names, rows))
  }), { numRuns: 300, seed: 1 })
})
