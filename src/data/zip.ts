/**
 * @file Members of a zip file, by PKWARE's APPNOTE 6.3.10. The list at its end is read first, so that names and sizes are judged before anything is
 * inflated; sizes and checksums are held against what comes out.
 */
import { inflateRawSync } from 'node:zlib'
import { ProbityError } from '../contracts/errors.js'
import { list, quote } from './wording.js'

export type ZipMember = { readonly name: string; readonly bytes: number; /** @throws ProbityError when it is damaged */ read(): Uint8Array }

const END = 0x06054b50, END_64 = 0x06064b50, LOCATOR_64 = 0x07064b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50
const END_BYTES = 22, LOCATOR_BYTES = 20, CENTRAL_BYTES = 46, LOCAL_BYTES = 30
const LONGEST_COMMENT = 65_535
const STORED = 0, DEFLATED = 8
/** Stands where the size is in the zip64 field. */
const IN_ZIP64 = 0xffffffff
const MOST_MEMBERS = 10_000
/** What deflate can make of one byte (zlib's documentation); more is a lie. */
const MOST_EXPANSION = 1032
const SMALLEST_STREAM = 64

/**
 * @param mostBytes of all members together, inflated
 * @throws ProbityError for what is no zip file, damaged, encrypted, packed in another way, too large, or has two members of one name
 */
export function readZip(bytes: Uint8Array, name: string, mostBytes: number): ZipMember[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { count, offset, end } = findList(view, name)
  if (count > MOST_MEMBERS) throw malformed(name, `it has ${count} members, more than ${MOST_MEMBERS}`)
  const members: ZipMember[] = []
  const names = new Set<string>()
  let at = offset
  let total = 0
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL) throw malformed(name, 'its list of members is damaged')
    const entry = readEntry(view, at, end, name)
    if (names.has(entry.name)) throw malformed(name, `it has two members named ${quote(entry.name)}`)
    names.add(entry.name)
    total += entry.bytes
    if (total > mostBytes) throw new ProbityError('data/too-large', `${name}: its members hold more than ${mostBytes} bytes when unpacked. Use a smaller file, or save fewer arrays in it.`)
    if (entry.packed * MOST_EXPANSION + SMALLEST_STREAM < entry.bytes) throw malformed(name, `member ${quote(entry.name)} claims ${entry.bytes} bytes out of ${entry.packed}, more than packing can give`)
    members.push({ name: entry.name, bytes: entry.bytes, read: () => readMember(bytes, view, entry, offset, name) })
    at = entry.next
  }
  return members
}

type Entry = { readonly name: string; readonly method: number; readonly packed: number; readonly bytes: number; readonly crc: number; readonly local: number; readonly next: number }

function findList(view: DataView, name: string): { count: number; offset: number; end: number } {
  const least = Math.max(0, view.byteLength - END_BYTES - LONGEST_COMMENT)
  for (let at = view.byteLength - END_BYTES; at >= least; at--) {
    if (view.getUint32(at, true) !== END || at + END_BYTES + view.getUint16(at + 20, true) !== view.byteLength) continue
    const found = { count: view.getUint16(at + 10, true), offset: view.getUint32(at + 16, true), end: at }
    const has64 = at >= LOCATOR_BYTES && view.getUint32(at - LOCATOR_BYTES, true) === LOCATOR_64
    return has64 ? findList64(view, at - LOCATOR_BYTES, name) : found
  }
  throw malformed(name, 'it is no zip file, or cut off. Write it with numpy.savez')
}

function findList64(view: DataView, locator: number, name: string): { count: number; offset: number; end: number } {
  const at = Number(view.getBigUint64(locator + 8, true))
  if (!(at + 56 <= locator) || view.getUint32(at, true) !== END_64) throw malformed(name, 'its list of members is damaged')
  return { count: Number(view.getBigUint64(at + 32, true)), offset: Number(view.getBigUint64(at + 48, true)), end: at }
}

function readEntry(view: DataView, at: number, end: number, file: string): Entry {
  const flags = view.getUint16(at + 8, true)
  const nameBytes = view.getUint16(at + 28, true), extraBytes = view.getUint16(at + 30, true)
  const extra = at + CENTRAL_BYTES + nameBytes
  const next = extra + extraBytes + view.getUint16(at + 32, true)
  if (next > end) throw malformed(file, 'its list of members is damaged')
  const name = Buffer.from(view.buffer, view.byteOffset + at + CENTRAL_BYTES, nameBytes).toString('utf8')
  if (flags & 1) throw malformed(file, `member ${quote(name)} is encrypted`)
  const method = view.getUint16(at + 10, true)
  if (method !== STORED && method !== DEFLATED) throw malformed(file, `member ${quote(name)} is packed by method ${method}, and only stored and deflated members are read. Write it with numpy.savez or savez_compressed`)
  const [bytes, packed, local] = withZip64(view, extra, extra + extraBytes, [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)])
  return { name, method, packed, bytes, local, crc: view.getUint32(at + 16, true), next }
}

/** Sizes that do not fit 32 bits stand in an extra field, in this order. */
function withZip64(view: DataView, from: number, to: number, sizes: readonly [number, number, number]): readonly number[] {
  for (let at = from; at + 4 <= to; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let field = at + 4
    return sizes.map((size) => {
      if (size !== IN_ZIP64 || field + 8 > to) return size
      field += 8
      return Number(view.getBigUint64(field - 8, true))
    })
  }
  return sizes
}

function readMember(bytes: Uint8Array, view: DataView, { name, method, packed, bytes: wanted, crc, local }: Entry, list: number, file: string): Uint8Array {
  const damaged = (why: string): ProbityError => malformed(file, `member ${quote(name)} is damaged: ${why}`)
  if (!(local + LOCAL_BYTES <= list) || view.getUint32(local, true) !== LOCAL) throw damaged('it does not begin where the list says')
  const start = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
  if (!(start + packed <= list)) throw damaged('it is cut off')
  const content = bytes.subarray(start, start + packed)
  const unpacked = method === STORED ? content : inflate(content, wanted, damaged)
  if (unpacked.length !== wanted) throw damaged(`it holds ${unpacked.length} bytes where ${wanted} are announced`)
  if (crc32(unpacked) !== crc) throw damaged('its checksum does not agree')
  return unpacked
}

function inflate(content: Uint8Array, wanted: number, damaged: (why: string) => ProbityError): Uint8Array {
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, wanted) })
  } catch (error) {
    throw damaged((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? `it holds more than the ${wanted} bytes that are announced` : 'it cannot be unpacked')
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** Node 20 has none of its own before 20.15. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** Names of members, for messages. */
export const memberNames = (members: readonly ZipMember[]): string => list(members.map(({ name }) => name), 5)

const malformed = (name: string, why: string): ProbityError => new ProbityError('data/zip', `${name}: ${why}.`)
