import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import { readZip } from '../../src/data/zip.js'
import { file, refusal } from './helpers.js'

const fixture = JSON.parse(readFileSync('test/fixtures/data/npy/npy.json', 'utf8')) as {
  readonly archives: Readonly<Record<string, string>>; readonly expected: { readonly x: readonly number[]; readonly table: readonly (number | null)[] }
}
const archive = (name: string): Buffer => Buffer.from(fixture.archives[name]!, 'base64')
let files = 0
const npz = (bytes: Uint8Array, arrays?: readonly string[]) => readTable(file(`a-${++files}.npz`, bytes), { arrays })
const zip = (bytes: Uint8Array, limit = 2 ** 30) => readZip(new Uint8Array(bytes), 'a.npz', limit)

/** Changes a number of bytes at the first place of a signature. */
function changed(bytes: Buffer, signature: number, offset: number, value: number, length: 2 | 4 = 4): Buffer {
  const copy = Buffer.from(bytes)
  const marker = Buffer.from(Uint32Array.of(signature).buffer)
  const at = copy.indexOf(marker)
  expect(at).toBeGreaterThanOrEqual(0)
  if (length === 4) copy.writeUInt32LE(value, at + offset)
  else copy.writeUInt16LE(value, at + offset)
  return copy
}
const CENTRAL = 0x02014b50, LOCAL = 0x04034b50, END = 0x06054b50

describe('what NumPy writes', () => {
  test.each(['stored', 'deflated'])('%s', async (name) => {
    const table = await npz(archive(name))
    expect(table.rows).toBe(5)
    expect(table.columnNames).toEqual(['table[0]', 'table[1]', 'table[2]', 'y', 'sex', 'one'])
    expect(table.column('sex')).toEqual(['f', 'm', 'f', null, 'm'])
    expect(table.column('y')).toEqual(['1', '0', '1', '1', '0'])
    expect(table.column('one')).toEqual(['0.5', '0', '0.5', '0.5', '0'])
    const numbers = [0, 1, 2].map((k) => table.numbers(`table[${k}]`)!)
    expect(Array.from({ length: 15 }, (_, i) => numbers[i % 3]![Math.floor(i / 3)]).map((value) => (Number.isNaN(value) ? null : value))).toEqual(fixture.expected.table)
    const x = table.arrays.find((array) => array.name === 'x')!
    expect([x.dtype, x.shape, x.rows]).toEqual(['uint8', [2, 2, 3], 5])
    expect(Array.from(x.take([0, 1, 2, 3, 4]), Number)).toEqual(fixture.expected.x)
    expect(Array.from(x.take([3, 1]), Number)).toEqual([...fixture.expected.x.slice(36, 48), ...fixture.expected.x.slice(12, 24)])
  })
  test('with sizes in zip64 fields', async () => expect((await npz(archive('zip64'))).column('y')).toEqual(['1', '0', '1', '1', '0']))
  test('with names that objects have', async () => {
    const table = await npz(archive('hostile names'))
    expect(table.columnNames).toEqual(['__proto__', 'constructor', 'y'])
    expect(table.column('__proto__')).toEqual(table.column('y'))
  })
  test('arrays of several lengths, of which some are chosen', async () => {
    expect((await npz(archive('lengths'), ['x_test', 'y_test'])).columnNames).toEqual(['x_test', 'y_test'])
    expect(await refusal(() => npz(archive('lengths')))).toMatch(/the array "x_train" has 5 rows and "x_test" has 2\. Name arrays of one length under data\.arrays\.$/)
    expect(await refusal(() => npz(archive('lengths'), ['x_tset']))).toMatch(/data\.arrays names "x_tset", but .* has no such array\. Did you mean "x_test"/)
  })
})

describe('refused in one line', () => {
  test.each([
    ['text', Buffer.from('a,b\n1,2\n'), /it is no zip file, or cut off/],
    ['a list that is elsewhere', changed(archive('stored'), END, 16, 7), /its list of members is damaged/],
    ['more members than there are', changed(archive('stored'), END, 10, 60_000, 2), /it has 60000 members, more than 10000/],
    ['encrypted', changed(archive('stored'), CENTRAL, 8, 1, 2), /is encrypted/],
    ['packed in another way', changed(archive('stored'), CENTRAL, 10, 14, 2), /packed by method 14/],
    ['more than packing can give', changed(archive('deflated'), CENTRAL, 24, 900_000_000), /claims 900000000 bytes out of \d+, more than packing can give/],
    ['larger than announced', changed(archive('deflated'), CENTRAL, 24, 10), /holds more than the 10 bytes that are announced/],
    ['smaller than announced', changed(archive('deflated'), CENTRAL, 24, 5000), /where 5000 are announced/],
    ['another checksum', changed(archive('stored'), CENTRAL, 16, 1), /its checksum does not agree/],
    ['a member that begins nowhere', changed(archive('stored'), CENTRAL, 42, 12), /does not begin where the list says/],
    ['a member beyond the list', changed(archive('stored'), CENTRAL, 42, 4_000_000), /does not begin where the list says/],
    ['a long extra field', changed(archive('stored'), LOCAL, 28, 65_000, 2), /is cut off/],
  ])('%s', async (_, bytes, message) => expect(await refusal(() => zip(bytes).map((member) => member.read()))).toMatch(message))

  test('a bomb, before anything is unpacked', async () => {
    const zeros = deflateRawSync(Buffer.alloc(50_000_000))
    expect(zeros.length).toBeLessThan(60_000)
    const local = Buffer.alloc(31), central = Buffer.alloc(47), end = Buffer.alloc(22)
    local.writeUInt32LE(LOCAL, 0)
    local.writeUInt16LE(1, 26)
    central.writeUInt32LE(CENTRAL, 0)
    central.writeUInt16LE(8, 10)
    central.writeUInt32LE(zeros.length, 20)
    central.writeUInt32LE(50_000_000, 24)
    central.writeUInt16LE(1, 28)
    central.write('a', 46)
    end.writeUInt32LE(END, 0)
    end.writeUInt16LE(1, 10)
    end.writeUInt32LE(local.length + zeros.length, 16)
    const bomb = Buffer.concat([local, zeros, central, end])
    expect(await refusal(() => zip(bomb, 10_000_000))).toBe('a.npz: its members hold more than 10000000 bytes when unpacked. Use a smaller file, or save fewer arrays in it.')
    expect(zip(bomb)[0]!.bytes).toBe(50_000_000)
    // Members that share one stream count as often as they are listed.
    const twice = Buffer.concat([local, zeros, central, Buffer.from(central).fill('b', 46), end])
    twice.writeUInt16LE(2, twice.length - 12)
    expect(await refusal(() => zip(twice, 60_000_000))).toMatch(/more than 60000000 bytes/)
    const same = Buffer.concat([local, zeros, central, central, end])
    same.writeUInt16LE(2, same.length - 12)
    expect(await refusal(() => zip(same))).toMatch(/two members named "a"/)
  })
  test('every way of cutting a file off', async () => {
    const whole = archive('deflated')
    for (let length = 0; length < whole.length; length += 7) expect(await refusal(() => zip(whole.subarray(0, length)))).toMatch(/^a\.npz: /)
  })
  test('any byte changed: other values never come out in silence', () => {
    const whole = archive('deflated')
    const clean = zip(whole).map((member) => Buffer.from(member.read()).toString('base64'))
    for (let at = 0; at < whole.length; at++) {
      const copy = Buffer.from(whole)
      copy[at]! ^= 0x55
      try {
        expect(zip(copy).map((member) => Buffer.from(member.read()).toString('base64'))).toEqual(clean)
      } catch (error) {
        expect((error as Error).message).toMatch(/^a\.npz: /)
      }
    }
  })
})
