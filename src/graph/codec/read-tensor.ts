/** @file TensorProto and SparseTensorProto → IR. Raw bytes are viewed where they are aligned, not copied. */
import { ProbityError } from '../../contracts/errors.js'
import type { DType, Tensor, TypedArray } from '../../contracts/tensor.js'
import { byteLength, sizeOf, storageLength, storageOf } from '../../tensor/dtypes.js'
import { isExternal, type ExternalData, type Initializer, type SparseTensor } from '../ir.js'
import { TensorProto_DataLocation, type SparseTensorProto, type TensorProto } from '../onnx-proto.js'
import { requireDType } from './data-types.js'
import { readEntries } from './read-type.js'

const decoder = new TextDecoder()

/** @throws ProbityError when dims, type and data disagree; the message begins with `where`. */
export function readTensor(proto: TensorProto, where: string): Initializer {
  if (proto.segment) throw new ProbityError('graph/unsupported', `${where} is one segment of a tensor, a form that no ONNX exporter writes. Export the model again.`)
  const dtype = requireDType(proto.dataType, where)
  const dims = readDims(proto.dims, where)
  if (proto.rawData.length > 0 && hasTyped(proto)) throw new ProbityError('graph/malformed', `${where} gives its values twice, once as raw bytes and once as a list, and readers differ in which they take. Export the model again.`)
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return { external: readExternal(proto, dtype, where), dims, dtype }
  if (dtype === 'string') return { data: readStrings(proto, dims, where), dims, dtype }
  return { data: proto.rawData.length > 0 ? viewRaw(proto.rawData, dtype, dims, where) : readTyped(proto, dtype, dims, where), dims, dtype }
}

export function readNamedTensor(proto: TensorProto, where: string): Initializer & { name?: string } {
  const tensor = readTensor(proto, where)
  return proto.name ? { ...tensor, name: proto.name } : tensor
}

export function readSparseTensor(proto: SparseTensorProto, where: string): SparseTensor {
  if (!proto.values || !proto.indices) throw new ProbityError('graph/malformed', `${where} is a sparse tensor without values or indices. Export the model again.`)
  const values = readNamedTensor(proto.values, `${where}: values`)
  const indices = readTensor(proto.indices, `${where}: indices`)
  const dims = readDims(proto.dims, where)
  checkSparse(values, indices, dims, where)
  return { values, indices, dims }
}

function checkSparse(values: Initializer, indices: Initializer, dims: readonly number[], where: string): void {
  const refuse = (why: string): never => {
    throw new ProbityError('graph/malformed', `${where} is a malformed sparse tensor: ${why}. Export the model again.`)
  }
  const count = values.dims.length === 1 ? values.dims[0] : refuse('its values are not a vector')
  if (indices.dtype !== 'int64') refuse('its indices are not int64')
  const linear = indices.dims.length === 1 && indices.dims[0] === count
  const coordinates = indices.dims.length === 2 && indices.dims[0] === count && indices.dims[1] === dims.length
  if (!linear && !coordinates) refuse(`it has ${count} values, and indices of shape [${indices.dims.join(', ')}]`)
  if (isExternal(indices)) return
  const limits = linear ? [sizeOf(dims)] : dims
  const outside = (indices.data as BigInt64Array).findIndex((index, i) => index < 0n || index >= BigInt(limits[i % limits.length]))
  if (outside >= 0) refuse(`an index lies outside the shape [${dims.join(', ')}]`)
}

function readDims(dims: readonly bigint[], where: string): number[] {
  const numbers = dims.map(Number)
  if (dims.some((dim) => dim < 0n) || !Number.isSafeInteger(sizeOf(numbers)) || numbers.some((dim) => !Number.isSafeInteger(dim))) {
    throw new ProbityError('graph/malformed', `${where} has the impossible shape [${dims.slice(0, 16).join(', ')}]. Export the model again.`)
  }
  return numbers
}

function readExternal(proto: TensorProto, dtype: DType, where: string): ExternalData {
  if (dtype === 'string') throw new ProbityError('graph/malformed', `${where} holds strings and points to external data, which ONNX does not allow. Export the model again.`)
  const entries = readEntries(proto.externalData)
  const whole = (key: string): number | null => {
    if (entries[key] === undefined) return null
    const value = Number(entries[key])
    if (!/^\d+$/.test(entries[key]) || !Number.isSafeInteger(value)) throw new ProbityError('graph/malformed', `${where}: the external ${key} "${entries[key].slice(0, 40)}" is not a whole number. Export the model again.`)
    return value
  }
  if (!entries.location) throw new ProbityError('graph/malformed', `${where} points to external data without naming a file. Export the model again.`)
  return { location: entries.location, offset: whole('offset') ?? 0, length: whole('length'), ...(entries.checksum ? { checksum: entries.checksum } : {}) }
}

function readStrings(proto: TensorProto, dims: readonly number[], where: string): string[] {
  checkCount(proto.stringData.length, sizeOf(dims), dims, 'strings', where)
  return proto.stringData.map((bytes) => decoder.decode(bytes))
}

/** Raw bytes as the dtype's storage: a view of the file where alignment permits, else a copy. */
export function viewRaw(raw: Uint8Array, dtype: Exclude<DType, 'string'>, dims: readonly number[], where: string): TypedArray {
  const Storage = storageOf(dtype)
  const size = sizeOf(dims)
  checkCount(raw.length, byteLength(dtype, size), dims, 'bytes', where)
  const aligned = raw.byteOffset % Storage.BYTES_PER_ELEMENT === 0 ? raw : new Uint8Array(raw)
  return new Storage(aligned.buffer, aligned.byteOffset, storageLength(dtype, size))
}

function readTyped(proto: TensorProto, dtype: Exclude<DType, 'string'>, dims: readonly number[], where: string): Tensor['data'] {
  const values = typedField(proto, dtype)
  const length = storageLength(dtype, sizeOf(dims))
  checkCount(values.length, length, dims, 'stored values', where)
  const data = new (storageOf(dtype))(length)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.set(values as readonly bigint[])
  else for (let i = 0; i < length; i++) data[i] = Number(values[i])
  return data
}

const hasTyped = (proto: TensorProto): boolean => [proto.floatData, proto.int32Data, proto.stringData, proto.int64Data, proto.doubleData, proto.uint64Data].some(({ length }) => length > 0)

/** Which typed field carries a dtype (comments of onnx.proto at TensorProto). */
function typedField(proto: TensorProto, dtype: DType): readonly number[] | readonly bigint[] {
  switch (dtype) {
    case 'float32': case 'complex64': return proto.floatData
    case 'float64': case 'complex128': return proto.doubleData
    case 'int64': return proto.int64Data
    case 'uint32': case 'uint64': return proto.uint64Data
    default: return proto.int32Data
  }
}

function checkCount(actual: number, expected: number, dims: readonly number[], unit: string, where: string): void {
  if (actual !== expected) throw new ProbityError('graph/malformed', `${where} has shape [${dims.join(', ')}], which needs ${expected} ${unit}, and the file has ${actual}. The file is damaged or was cut: export the model again.`)
}
