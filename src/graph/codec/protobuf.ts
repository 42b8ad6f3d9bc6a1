/**
 * @file Messages to bytes and back, driven by tables (messages.ts). The library's own runtime would cost more start-up time than everything
 * else that reads a model; tests hold this one against it.
 */
import { WireReader } from './wire-reader.js'

/** `int32` stands for enums too. */
export type Scalar = 'string' | 'bytes' | 'int32' | 'int64' | 'uint64' | 'float' | 'double'
export type Field = {
  readonly name: string
  readonly number: number
  /** A function, because messages contain each other. */
  readonly kind: Scalar | (() => Schema)
  readonly repeated: boolean
  /** The property that holds whichever member of the oneof is set, as { case, value }. */
  readonly oneof: string | null
}
export type Schema<T = unknown> = {
  readonly fields: readonly Field[]
  readonly byNumber: ReadonlyMap<number, Field>
  /** Prototype of messages: what absent fields read as. */
  readonly defaults: object
  /** Never set: carries the type. */
  readonly message?: T
}

type Message = Record<string, unknown>
type OneOf = { case: string | undefined; value?: unknown }
/** The fields of a generated message type. */
export type Init<T> = { [K in keyof T as K extends `$${string}` ? never : K]?: T[K] }

const EMPTY: Readonly<Record<Scalar, unknown>> = { string: '', bytes: new Uint8Array(), int32: 0, int64: 0n, uint64: 0n, float: 0, double: 0 }

/** Lists that nothing was put into; shared, so it must stay empty. */
const NONE: readonly unknown[] = Object.freeze([])

export function defineMessage<T>(fields: readonly Field[]): Schema<T> {
  const defaults: Message = {}
  for (const { name, kind, repeated, oneof } of fields) {
    if (oneof !== null) defaults[oneof] = Object.freeze({ case: undefined })
    else defaults[name] = repeated ? NONE : typeof kind === 'string' ? EMPTY[kind] : undefined
  }
  return { fields, byNumber: new Map(fields.map((field) => [field.number, field])), defaults }
}

export function create<T>(schema: Schema<T>, fields: Init<T> = {}): T {
  return Object.assign(Object.create(schema.defaults) as object, fields) as T
}

// ---- reading

/** Like the library's: deep enough for 30 nested subgraphs, shallow enough for the stack. */
const MAX_DEPTH = 100

/** @throws ProbityError `graph/malformed` */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array): T {
  const message = create(schema)
  readInto(schema, message as Message, new WireReader(bytes), 0)
  return message
}

function readInto(schema: Schema, message: Message, reader: WireReader, depth: number): void {
  if (depth > MAX_DEPTH) reader.refuse(`messages nested more than ${MAX_DEPTH} deep`)
  while (reader.next()) {
    const field = schema.byNumber.get(reader.field)
    // Fields that newer ONNX versions add are skipped.
    if (field === undefined) continue
    if (field.oneof !== null) message[field.oneof] = { case: field.name, value: readValue(field, reader, depth, (message[field.oneof] as OneOf).case === field.name ? (message[field.oneof] as OneOf).value : undefined) }
    else if (!field.repeated) message[field.name] = readValue(field, reader, depth, Object.hasOwn(message, field.name) ? message[field.name] : undefined)
    else {
      if (message[field.name] === NONE) message[field.name] = []
      readElements(field, message[field.name] as unknown[], reader, depth)
    }
  }
}

/** A message that occurs twice is merged into `before`, as protobuf has it; of other values the last counts. */
function readValue({ kind }: Field, reader: WireReader, depth: number, before?: unknown): unknown {
  if (typeof kind === 'string') return readScalar(kind, reader)
  expectWire(reader, 2)
  const schema = kind()
  const message = (before ?? create(schema)) as Message
  readInto(schema, message, reader.inside(), depth + 1)
  return message
}

function readElements(field: Field, list: unknown[], reader: WireReader, depth: number): void {
  const { kind } = field
  const packed = reader.wire === 2 && typeof kind === 'string' && kind !== 'string' && kind !== 'bytes'
  if (!packed) list.push(readValue(field, reader, depth))
  else if (kind === 'float' || kind === 'double') readPackedFloats(kind, list, reader)
  else for (const inside = reader.inside(); inside.nextPacked();) list.push(readVarint(kind, inside))
}

function readPackedFloats(kind: 'float' | 'double', list: unknown[], reader: WireReader): void {
  const { view, start, end } = reader
  const width = kind === 'float' ? 4 : 8
  if ((end - start) % width !== 0) reader.refuse('a list of numbers that is cut')
  for (let at = start; at < end; at += width) list.push(kind === 'float' ? view.getFloat32(at, true) : view.getFloat64(at, true))
}

function readScalar(kind: Scalar, reader: WireReader): unknown {
  expectWire(reader, WIRE_TYPES[kind])
  switch (kind) {
    case 'string': return decoder.decode(bytesOf(reader))
    case 'bytes': return bytesOf(reader)
    case 'float': return reader.view.getFloat32(reader.start, true)
    case 'double': return reader.view.getFloat64(reader.start, true)
    default: return readVarint(kind, reader)
  }
}

function readVarint(kind: 'int32' | 'int64' | 'uint64', reader: WireReader): number | bigint {
  if (kind === 'uint64') return reader.uint64()
  if (kind === 'int64') return reader.value <= Number.MAX_SAFE_INTEGER ? BigInt(reader.value) : BigInt.asIntN(64, reader.uint64())
  return reader.value <= 0x7fffffff ? reader.value : Number(BigInt.asIntN(32, reader.uint64()))
}

const WIRE_TYPES: Readonly<Record<Scalar, number>> = { string: 2, bytes: 2, int32: 0, int64: 0, uint64: 0, float: 5, double: 1 }

function expectWire(reader: WireReader, wire: number): void {
  if (reader.wire !== wire) reader.refuse(`field ${reader.field}, which is written like another type`)
}

const bytesOf = ({ bytes, start, end }: WireReader): Uint8Array => bytes.subarray(start, end)
const decoder = new TextDecoder()

// ---- writing: sizes first, so that the file is allocated once

/** Bytes of a message. Repeated numbers are written one by one, as proto2 does. */
export function encode<T>(schema: Schema<T>, message: T): Uint8Array {
  const sizes: number[] = []
  const bytes = new Uint8Array(measure(schema, message as Message, sizes))
  const writer: Writer = { bytes, view: new DataView(bytes.buffer), at: 0, sizes, nextSize: 1 }
  write(schema, message as Message, writer)
  return bytes
}

type Writer = { readonly bytes: Uint8Array; readonly view: DataView; at: number; readonly sizes: readonly number[]; nextSize: number }

/** Sizes of nested messages land in `sizes` in the order in which they are written. */
function measure(schema: Schema, message: Message, sizes: number[]): number {
  const slot = sizes.push(0) - 1
  let total = 0
  for (const field of schema.fields) {
    for (const value of valuesOf(field, message)) {
      total += varintSize(field.number * 8)
      if (typeof field.kind === 'string') total += scalarSize(field.kind, value)
      else {
        const inner = measure(field.kind(), value as Message, sizes)
        total += varintSize(inner) + inner
      }
    }
  }
  sizes[slot] = total
  return total
}

function write(schema: Schema, message: Message, writer: Writer): void {
  for (const field of schema.fields) {
    for (const value of valuesOf(field, message)) {
      writeVarint(writer, field.number * 8 + (typeof field.kind === 'string' ? WIRE_TYPES[field.kind] : 2))
      if (typeof field.kind === 'string') writeScalar(writer, field.kind, value)
      else {
        writeVarint(writer, writer.sizes[writer.nextSize++])
        write(field.kind(), value as Message, writer)
      }
    }
  }
}

/** What is set of a field: nothing, one value, or the elements of a list. */
function valuesOf({ name, oneof, repeated }: Field, message: Message): readonly unknown[] {
  if (oneof !== null) {
    const choice = message[oneof] as OneOf
    return choice.case === name ? [choice.value] : NONE
  }
  if (repeated) return message[name] as readonly unknown[]
  return Object.hasOwn(message, name) && message[name] !== undefined ? [message[name]] : NONE
}

function scalarSize(kind: Scalar, value: unknown): number {
  switch (kind) {
    case 'string': return lengthDelimitedSize(Buffer.byteLength(value as string))
    case 'bytes': return lengthDelimitedSize((value as Uint8Array).length)
    case 'float': return 4
    case 'double': return 8
    default: return varintSize(value as number | bigint)
  }
}

function writeScalar(writer: Writer, kind: Scalar, value: unknown): void {
  switch (kind) {
    case 'string': {
      const length = Buffer.byteLength(value as string)
      writeVarint(writer, length)
      encoder.encodeInto(value as string, writer.bytes.subarray(writer.at, writer.at + length))
      writer.at += length
      return
    }
    case 'bytes':
      writeVarint(writer, (value as Uint8Array).length)
      writer.bytes.set(value as Uint8Array, writer.at)
      writer.at += (value as Uint8Array).length
      return
    case 'float':
      writer.view.setFloat32(writer.at, value as number, true)
      writer.at += 4
      return
    case 'double':
      writer.view.setFloat64(writer.at, value as number, true)
      writer.at += 8
      return
    default: writeVarint(writer, value as number | bigint)
  }
}

const lengthDelimitedSize = (length: number): number => varintSize(length) + length

function varintSize(value: number | bigint): number {
  let rest = small(value)
  if (rest === null) return varintSize64(BigInt.asUintN(64, BigInt(value)))
  let size = 1
  for (; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}
function varintSize64(bits: bigint): number {
  let size = 1
  for (let rest = bits >> 7n; rest > 0n; rest >>= 7n) size++
  return size
}

function writeVarint(writer: Writer, value: number | bigint): void {
  let rest = small(value)
  if (rest === null) {
    let bits = BigInt.asUintN(64, BigInt(value))
    for (; bits >= 128n; bits >>= 7n) writer.bytes[writer.at++] = Number(bits & 127n) | 128
    writer.bytes[writer.at++] = Number(bits)
    return
  }
  for (; rest >= 128; rest = Math.floor(rest / 128)) writer.bytes[writer.at++] = (rest % 128) | 128
  writer.bytes[writer.at++] = rest
}
/** As a number where that is exact and has no sign; null sends the rest through 64 bits. */
const small = (value: number | bigint): number | null => (value >= 0 && value <= Number.MAX_SAFE_INTEGER ? Number(value) : null)

const encoder = new TextEncoder()
