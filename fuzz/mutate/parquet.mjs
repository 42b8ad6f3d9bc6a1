/**
 * @file Parquet by structure: the footer and the page headers are structs of Thrift's compact protocol, decoded into trees, changed and written
 * again. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
import { INTEGERS, NAMES } from '../tokens.mjs'

const TRUE = 1, FALSE = 2, BYTE = 3, DOUBLE = 7, BINARY = 8, LIST = 9, SET = 10, STRUCT = 12

class Reader {
  constructor(bytes, at) {
    Object.assign(this, { bytes, at })
  }

  varint() {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.bytes[this.at++])
      value |= (byte & 127n) << shift
      if (byte < 128n) return value
    }
  }

  value(type) {
    if (type === TRUE || type === FALSE) return { type }
    if (type === BYTE) return { type, bytes: this.take(1) }
    if (type === DOUBLE) return { type, bytes: this.take(8) }
    if (type < DOUBLE) {
      const coded = this.varint()
      return { type, integer: (coded >> 1n) ^ -(coded & 1n) }
    }
    if (type === BINARY) return { type, bytes: this.take(Number(this.varint())) }
    if (type === LIST || type === SET) {
      const head = this.bytes[this.at++]
      const size = head >> 4 === 15 ? Number(this.varint()) : head >> 4
      return { type, of: head & 15, items: Array.from({ length: size }, () => this.value(head & 15)) }
    }
    if (type !== STRUCT) throw new Error(`no seed has type ${type}`)
    const fields = []
    for (let id = 0; ; ) {
      const head = this.bytes[this.at++]
      if (head === 0) return { type, fields }
      if (head >> 4 === 0) {
        const coded = this.varint()
        id = Number((coded >> 1n) ^ -(coded & 1n))
      } else id += head >> 4
      fields.push({ id, value: this.value(head & 15) })
    }
  }

  take(length) {
    return this.bytes.subarray(this.at, (this.at += length))
  }
}

function varint(value) {
  const bytes = []
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}
const zigzag = (value) => varint((value << 1n) ^ (value >> 63n))

function encode({ type, integer, bytes, of, items, fields, size }) {
  if (fields) {
    let last = 0
    const parts = fields.flatMap(({ id, value }) => {
      const delta = id - last
      last = id
      return [...(delta > 0 && delta < 16 ? [Buffer.from([(delta << 4) | value.type])] : [Buffer.from([value.type]), zigzag(BigInt(id))]), encode(value)]
    })
    return Buffer.concat([...parts, Buffer.from([0])])
  }
  if (items) {
    const count = size ?? BigInt(items.length)
    return Buffer.concat([...(count >= 0n && count < 15n ? [Buffer.from([(Number(count) << 4) | of])] : [Buffer.from([0xf0 | of]), varint(count)]), ...items.map(encode)])
  }
  if (integer !== undefined) return zigzag(integer)
  if (type === BINARY) return Buffer.concat([varint(size ?? BigInt(bytes.length)), bytes])
  return bytes ?? Buffer.alloc(0)
}

/** A file as its footer, and the headers of its pages with where they lie. */
export function decode(bytes) {
  const length = bytes.readUInt32LE(bytes.length - 8)
  const start = bytes.length - 8 - length
  const footer = new Reader(bytes, start).value(STRUCT)
  const pages = fieldOf(footer, 4).items.flatMap((group) => fieldOf(group, 1).items.map((chunk) => pageAt(bytes, fieldOf(chunk, 3))))
  return { body: bytes.subarray(0, start), footer, pages }
}

const fieldOf = (struct, id) => struct.fields.find((field) => field.id === id)?.value

function pageAt(bytes, column) {
  const at = Number((fieldOf(column, 11) ?? fieldOf(column, 9)).integer)
  const reader = new Reader(bytes, at)
  const header = reader.value(STRUCT)
  return { at, end: reader.at, header }
}

const copy = (value) => ({ ...value, ...(value.fields && { fields: value.fields.map(({ id, value: inner }) => ({ id, value: copy(inner) })) }), ...(value.items && { items: value.items.map(copy) }) })

function values(tree, found = []) {
  found.push(tree)
  for (const child of tree.fields?.map(({ value }) => value) ?? tree.items ?? []) values(child, found)
  return found
}

function change(tree, { pick, one, chance }, donors) {
  const all = values(tree)
  const some = (test) => {
    const fitting = all.filter(test)
    return fitting.length > 0 ? one(fitting) : {}
  }
  const kind = pick(12)
  if (kind < 5) {
    const found = some(({ integer }) => integer !== undefined)
    if (found.type) found.integer = chance(0.5) ? one(INTEGERS) : found.integer + one([-1n, 1n, 2n, 100n])
  } else if (kind === 5) {
    const found = some(({ type }) => type === BINARY)
    if (found.type) found.bytes = chance(0.7) ? Buffer.from(one(NAMES)) : Buffer.alloc(pick(20), 255)
  } else if (kind === 6) {
    const { fields } = some((value) => value.fields?.length > 0)
    fields?.splice(pick(fields.length), 1)
  } else if (kind === 7) {
    const found = some((value) => value.items?.length > 0 || value.type === BINARY)
    if (found.type) found.size = one([0n, 1n, 1000n, (1n << 31n) - 1n, (1n << 32n) - 1n])
  } else if (kind === 8) {
    const { items } = some((value) => value.items?.length > 0)
    items?.push(...Array.from({ length: chance(0.05) ? 500 : 1 + pick(3) }, () => copy(one(items))))
  } else if (kind === 9) {
    const { fields } = some((value) => value.fields?.length > 0)
    if (fields) one(fields).id = pick(20)
  } else if (kind === 10) {
    const { items } = some((value) => value.items?.length > 0)
    items?.splice(pick(items.length), 1)
  } else {
    const { fields } = some((value) => value.fields?.length > 0)
    const donor = one(values(one(donors)))
    if (fields) fields.push({ id: pick(20), value: copy(donor) })
  }
}

export function mutateParquet({ body, footer, pages }, choice, seeds) {
  const { pick, one, chance } = choice
  const parts = [body]
  if (pages.length > 0 && chance(0.5)) {
    const page = one(pages)
    const header = copy(page.header)
    for (let edits = 1 + pick(2); edits > 0; edits--) change(header, choice, pages.map((other) => other.header))
    parts.splice(0, 1, body.subarray(0, page.at), encode(header), body.subarray(page.end))
  } else if (chance(0.15)) {
    const data = Buffer.from(body)
    for (let edits = 1 + pick(4); edits > 0; edits--) data[4 + pick(data.length - 4)] ^= 1 << pick(8)
    parts[0] = data
  }
  const tail = copy(footer)
  for (let edits = chance(0.6) ? 1 + pick(3) : 0; edits > 0; edits--) change(tail, choice, seeds.map((seed) => seed.footer))
  const encoded = encode(tail)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(chance(0.97) ? encoded.length : pick(2 ** 32))
  return Buffer.concat([...parts, encoded, length, Buffer.from(chance(0.98) ? 'PAR1' : one(['PARE', 'PAR2', '\0\0\0\0']))])
}
