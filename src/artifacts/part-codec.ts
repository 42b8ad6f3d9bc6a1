/**
 * @file A part as bytes: 8 bytes of magic, the header's length (uint32, little-endian), the header as JSON, then the tensors, each aligned to
 * 8 bytes. Strings are stored as uint32 byte lengths followed by UTF-8. Equal parts have equal bytes.
 */
import { Ajv } from 'ajv'
import type { DType, Tensor } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { deviceRecordSchema } from '../contracts/report-schema.js'
import { sizeOf, storageLength, storageOf } from '../tensor/dtypes.js'
import type { Part } from './kind.js'

const MAGIC = 'PROBITY1'
const PREFIX_BYTES = 12
const ALIGNMENT = 8
/** JSON is for what is small; whatever grows with rows is a tensor. */
const HEADER_LIMIT = 32 * 1024 * 1024

type TensorHeader = { readonly name: string; readonly dtype: DType; readonly dims: readonly number[]; readonly bytes: number }
type Header = Pick<Part, 'json' | 'device'> & { readonly tensors: readonly TensorHeader[] }

const DTYPES: readonly DType[] = [
  'float32', 'float64', 'float16', 'bfloat16', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'bool', 'string',
  'complex64', 'complex128', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'float8e8m0', 'int4', 'uint4', 'float4e2m1', 'int2', 'uint2',
]
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const isHeader = new Ajv().compile<Header>({
  type: 'object',
  additionalProperties: false,
  required: ['json', 'tensors'],
  properties: {
    json: {},
    device: deviceRecordSchema,
    tensors: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'dtype', 'dims', 'bytes'],
        properties: { name: { type: 'string' }, dtype: { enum: DTYPES }, dims: { type: 'array', items: count, maxItems: 32 }, bytes: count },
      },
    },
  },
})

/** The bytes of a part. Tensors keep the order of their names in `tensors`. */
export function encodePart(part: Part): Uint8Array {
  const bodies = Object.entries(part.tensors).map(([name, tensor]) => ({ name, tensor, body: bodyOf(tensor) }))
  const tensors = bodies.map(({ name, tensor, body }): TensorHeader => ({ name, dtype: tensor.dtype, dims: tensor.dims, bytes: body.byteLength }))
  const header = Buffer.from(JSON.stringify({ json: part.json, ...(part.device && { device: part.device }), tensors } satisfies Header))
  if (header.length > HEADER_LIMIT) throw new ProbityError('artifacts/part-size', `An artifact's JSON takes ${header.length} bytes; at most ${HEADER_LIMIT} are stored. Ask for fewer rows or columns.`)
  const total = bodies.reduce((end, { body }) => align(end) + body.byteLength, PREFIX_BYTES + header.length)
  const bytes = new Uint8Array(total)
  bytes.set(Buffer.from(MAGIC), 0)
  new DataView(bytes.buffer).setUint32(MAGIC.length, header.length, true)
  bytes.set(header, PREFIX_BYTES)
  let offset = PREFIX_BYTES + header.length
  for (const { body } of bodies) {
    offset = align(offset)
    bytes.set(body, offset)
    offset += body.byteLength
  }
  return bytes
}

/**
 * Reads a part that anybody may have written.
 * @throws ProbityError `artifacts/part` when it is not exactly what `encodePart` makes.
 */
export function decodePart(bytes: Uint8Array): Part {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < PREFIX_BYTES || Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) throw malformed('it does not begin as a part')
  const headerLength = view.getUint32(MAGIC.length, true)
  if (headerLength > HEADER_LIMIT || PREFIX_BYTES + headerLength > bytes.byteLength) throw malformed('its header is cut off or too long')
  const header = parse(Buffer.from(bytes.buffer, bytes.byteOffset + PREFIX_BYTES, headerLength).toString('utf8'))
  if (!isHeader(header)) throw malformed('its header has another shape')
  const tensors: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>
  let offset = PREFIX_BYTES + headerLength
  for (const { name, dtype, dims, bytes: length } of header.tensors) {
    offset = align(offset)
    if (name in tensors) throw malformed('a tensor appears twice')
    if (offset + length > bytes.byteLength) throw malformed('a tensor is cut off')
    // A copy of its own: typed arrays need aligned memory, and a Buffer's slice would share it.
    tensors[name] = tensorOf(new Uint8Array(bytes.subarray(offset, offset + length)), dtype, dims)
    offset += length
  }
  if (offset !== bytes.byteLength) throw malformed('bytes follow its end')
  return { json: header.json, tensors, ...(header.device && { device: header.device }) }
}

function bodyOf({ data, dtype }: Tensor): Uint8Array {
  if (dtype !== 'string') {
    const typed = data as Exclude<Tensor['data'], readonly string[]>
    return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength)
  }
  const texts = (data as readonly string[]).map((text) => Buffer.from(text))
  const lengths = Uint32Array.from(texts, (text) => text.length)
  return Buffer.concat([Buffer.from(lengths.buffer), ...texts])
}

function tensorOf(body: Uint8Array, dtype: DType, dims: readonly number[]): Tensor {
  const size = sizeOf(dims)
  if (dtype === 'string') return { data: stringsOf(body, size), dims, dtype }
  const Storage = storageOf(dtype)
  const elements = storageLength(dtype, size)
  if (elements * Storage.BYTES_PER_ELEMENT !== body.byteLength) throw malformed('a tensor is not as large as its dims and dtype say')
  return { data: new Storage(body.buffer, body.byteOffset, elements), dims, dtype }
}

function stringsOf(body: Uint8Array, size: number): string[] {
  if (size * 4 > body.byteLength) throw malformed('a list of strings is cut off')
  const lengths = new Uint32Array(body.buffer, body.byteOffset, size)
  const strings: string[] = []
  let offset = size * 4
  for (const length of lengths) {
    if (offset + length > body.byteLength) throw malformed('a list of strings is cut off')
    strings.push(Buffer.from(body.buffer, body.byteOffset + offset, length).toString('utf8'))
    offset += length
  }
  if (offset !== body.byteLength) throw malformed('bytes follow a list of strings')
  return strings
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('its header is not JSON')
  }
}

const align = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT
const malformed = (why: string): ProbityError => new ProbityError('artifacts/part', `An artifact's file is damaged: ${why}.`)
