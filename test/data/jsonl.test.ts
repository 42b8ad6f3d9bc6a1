import { expect, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import { file, refusal } from './helpers.js'

const jsonl = (content: string | Uint8Array) => readTable(file('table.jsonl', content))

test('values keep the text of the file, and a key that is left out is missing', async () => {
  const table = await jsonl('\ufeff{"a": 1.0, "b": 1e5, "t": true, "s": "x\\n\\u00e9\\"}{,"}\r\n\n  {"b": null, "c": -0.50, "s": ""}\n{"a":12345678901234567890}')
  expect(Object.fromEntries(table.columnNames.map((name) => [name, table.column(name)]))).toEqual({
    a: ['1.0', null, '12345678901234567890'], b: ['1e5', null, null], t: ['true', null, null], s: ['x\né"}{,', null, null], c: [null, '-0.50', null],
  })
  expect([0, 1, 2].map((row) => table.where(row))).toEqual(['line 1', 'line 3', 'line 4'])
})

test('hostile keys are columns', async () => {
  const table = await jsonl('{"__proto__": "p", "constructor": 1, "a\\"b": 2, "": 3}\n'.replace(', "": 3', ''))
  expect(table.columnNames).toEqual(['__proto__', 'constructor', 'a"b'])
  expect(table.column('__proto__')).toEqual(['p'])
})

test.each([
  ['a nested value', '{"a": 1}\n{"a": 1, "b": [2, {"c": 3}]}\n', 'table.jsonl, line 2: the value of "b" is nested. Only text, numbers, true, false and null can be audited.'],
  ['a nested object', '{"n": {"a": 1}}\n', 'table.jsonl, line 1: the value of "n" is nested. Only text, numbers, true, false and null can be audited.'],
  ['a key twice', '{"a": 1, "a": 2}\n', 'table.jsonl, line 1: the key "a" is given twice. Rename one.'],
  ['a key twice, once escaped', '{"a": 1, "\\u0061": 2}\n', 'table.jsonl, line 1: the key "a" is given twice. Rename one.'],
  ['broken JSON', '{"a": 1}\n\n{"a":\n', 'table.jsonl, line 3: this is not valid JSON. Write one complete object per line.'],
  ['NaN', '{"a": NaN}\n', 'table.jsonl, line 1: this is not valid JSON. Write one complete object per line.'],
  ['an array', '[1, 2]\n', 'table.jsonl, line 1: a line must be a JSON object such as {"age": 31, "approved": "yes"}.'],
  ['nothing', '\n\n', 'table.jsonl holds no values. Give one JSON object per line.'],
  ['an empty key', '{"": 1}\n', 'table.jsonl: column 1 has no name (often a row index written by accident, or a delimiter at the end of the line). Name or remove it.'],
  ['Latin-1', Buffer.from('{"a": 1}\n{"a": "ü"}\n', 'latin1'), 'table.jsonl, line 2: the bytes are not UTF-8. Save the file as UTF-8.'],
  ['a huge line', `{"a": "${'x'.repeat(2_100_000)}"}\n`, 'table.jsonl, line 1 is longer than 2 million characters. Look for a quote that is never closed, or remove the huge field.'],
])('%s is refused in one line', async (_, content, message) => {
  expect(await refusal(() => jsonl(content))).toBe(message)
})
