import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import { readNpy } from '../../src/data/npy.js'
import { halfToNumber } from '../../src/tensor/dtypes.js'
import { file, refusal } from './helpers.js'

type Case = { readonly name: string; readonly dtype: string; readonly shape: readonly number[]; readonly values: readonly (string | number)[]; readonly bytes: string }
const fixture = JSON.parse(readFileSync('test/fixtures/data/npy/npy.json', 'utf8')) as { readonly cases: readonly Case[]; readonly refused: Readonly<Record<string, string>> }
const decoded = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

/** A file with a header of one's own; format 1.0. */
function npy(header: string, body: number | Uint8Array = 0, version: readonly [number, number] = [1, 0]): Uint8Array {
  const text = Buffer.from(`${header}\n`)
  const length = version[0] === 1 ? Buffer.of(text.length & 255, text.length >> 8) : Buffer.from(Uint32Array.of(text.length).buffer)
  return new Uint8Array(Buffer.concat([Buffer.of(0x93), Buffer.from('NUMPY'), Buffer.from(version), length, text, typeof body === 'number' ? Buffer.alloc(body) : body]))
}
const header = (descr: string, shape = '(2,)', order = 'False'): string => `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`

describe('what NumPy writes', () => {
  test('are arrays of all types, byte orders, layouts and versions', () => expect(fixture.cases.length).toBeGreaterThan(150))
  test.each(fixture.cases)('$name', ({ dtype, shape, values, bytes }) => {
    const tensor = readNpy(decoded(bytes), 'a.npy')
    expect(tensor.dtype).toBe(dtype)
    expect(tensor.dims).toEqual(shape)
    const read = Array.from(tensor.data as ArrayLike<string | number | bigint>, (value) => {
      if (typeof value === 'bigint') return String(value)
      if (dtype.startsWith('float')) return dtype === 'float16' ? halfToNumber(Number(value)) : value
      return value
    })
    const expected = dtype.startsWith('float') ? values.map((value) => Number(String(value).replace('inf', 'Infinity'))) : values
    expect(read).toEqual(expected)
  })
  test('at any place in memory', () => {
    const { bytes, values } = fixture.cases.find(({ name }) => name === '<f8 (4,) C 1.0')!
    const whole = decoded(bytes)
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(whole.length + shift)
      moved.set(whole, shift)
      expect(Array.from(readNpy(moved.subarray(shift), 'a').data as Float64Array)).toEqual(values.map((value) => Number(String(value).replace('inf', 'Infinity'))))
    }
  })
})

describe('refused in one line', () => {
  test.each([
    ['objects', /^a\.npy holds Python objects \(dtype object\), stored as pickle, which runs code when it is opened, which cannot be read\. Convert it/],
    ['records', /^a\.npy holds records with named fields \(a structured dtype\), which cannot be read\. Save each field/],
    ['void', /^a\.npy holds raw or structured records/], ['complex', /^a\.npy holds complex numbers/], ['dates', /^a\.npy holds dates/],
    ['durations', /^a\.npy holds durations/], ['long doubles', /^a\.npy holds floats wider than 64 bits/],
  ])('%s', async (name, message) => expect(await refusal(() => readNpy(decoded(fixture.refused[name]!), 'a.npy'))).toMatch(message))

  test.each([
    ['text', Buffer.from('a,b\n1,2\n3,4\n'), /does not begin as a NumPy file/],
    ['nothing', new Uint8Array(), /does not begin as a NumPy file/],
    ['another version', npy(header('<f8'), 16, [4, 0]), /its format version is 4\.0/],
    ['a header that is cut off', npy(header('<f8'), 16).subarray(0, 40), /header is cut off/],
    ['a header of a gigabyte', new Uint8Array(Buffer.concat([Buffer.of(0x93), Buffer.from('NUMPY'), Buffer.of(2, 0, 0, 0, 0, 64)])), /its header has 1073741824 bytes, more than 10000/],
    ['code', npy('__import__("os").system("true")'), /header is no dictionary/],
    ['an expression', npy("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,)}", 8), /not what NumPy writes/],
    ['a key twice', npy("{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 8), /gives descr in a way/],
    ['a key of another name', npy("{'descr': '<f8', '__proto__': False, 'shape': (1,)}", 8), /not what NumPy writes/],
    ['no shape', npy("{'descr': '<f8', 'fortran_order': False}", 8), /lacks descr, fortran_order or shape/],
    ['an endless dictionary', npy("{'descr': '<f8', ", 8), /not what NumPy writes/],
    ['a negative size', npy(header('<f8', '(-1,)'), 8), /not what NumPy writes/],
    ['a size beyond all numbers', npy(header('<f8', '(99999999999999999999,)'), 8), /gives the size "99999999999999999999"/],
    ['a shape beyond all files', npy(header('<f8', '(9007199254740991, 9007199254740991)'), 8), /is larger than any file/],
    ['a shape beyond all files without values', npy(header('<f8', '(0, 9007199254740991, 9007199254740991)')), /is larger than any file/],
    ['more values than follow', npy(header('<f8'), 8), /speaks of 16 bytes of values, shape \(2\) of "<f8", and 8 follow/],
    ['fewer values than follow', npy(header('<f8'), 24), /and 24 follow/],
    ['a hundred axes', npy(header('<f8', `(${'1, '.repeat(100)})`), 8), /names 100 axes/],
    ['texts without width', npy(header('<U0', '(1000000000,)')), /width of zero/],
    ['bytes without width', npy(header('|S0', '(1000000000,)')), /width of zero/],
    ['another type', npy(header('<q8'), 16), /has the type "<q8"/],
    ['a type that is none', npy(header('[]'), 16), /names the type "\[\]"/],
    ['what is no character', npy(header('<U1', '(1,)'), Buffer.from(Uint32Array.of(0x110000).buffer)), /text 0 \(counted from 0\) holds the number 1114112, which is no character/],
  ])('%s', async (_, bytes, message) => expect(await refusal(() => readNpy(new Uint8Array(bytes), 'a.npy'))).toMatch(message))

  test('every way of cutting a file off', async () => {
    const whole = decoded(fixture.cases[10]!.bytes)
    for (let length = 0; length < whole.length; length++) expect(await refusal(() => readNpy(whole.subarray(0, length), 'a'))).toMatch(/^a: /)
  })
})

test('one .npy file is a table with a column, columns, or a tensor, named like the file', async () => {
  const path = file('ages.npy', npy(header('<f4', '(2,)'), new Uint8Array(Float32Array.of(0.1, NaN).buffer)))
  const table = await readTable(path)
  expect(table.columnNames).toEqual(['ages'])
  expect(table.column('ages')).toEqual(['0.1', null])
  const wide = await readTable(file('w.npy', npy(header('<i2', '(2, 3)', 'True'), new Uint8Array(Int16Array.of(1, 4, 2, 5, 3, 6).buffer))))
  expect(wide.columnNames.map((name) => wide.numbers(name))).toEqual([Float64Array.of(1, 4), Float64Array.of(2, 5), Float64Array.of(3, 6)])
  expect(wide.arrays.map(({ name, shape, rows }) => ({ name, shape, rows }))).toEqual([{ name: 'w', shape: [3], rows: 2 }])
  expect(wide.where(1)).toBe('row 1 (counted from 0)')
})
