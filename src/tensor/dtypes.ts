/** @file Element types: their storage, their size, and conversions between 16-bit floats and numbers. */
import type { DType, TypedArray } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'

type TypedArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): TypedArray
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray
}

/** Storage of each dtype; string has none. Packed and complex types: see `storageLength`. */
const STORAGE: Readonly<Record<Exclude<DType, 'string'>, TypedArrayConstructor>> = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  bool: Uint8Array, complex64: Float32Array, complex128: Float64Array,
  float8e4m3fn: Uint8Array, float8e4m3fnuz: Uint8Array, float8e5m2: Uint8Array, float8e5m2fnuz: Uint8Array, float8e8m0: Uint8Array,
  int4: Uint8Array, uint4: Uint8Array, float4e2m1: Uint8Array, int2: Uint8Array, uint2: Uint8Array,
}

export function storageOf(dtype: DType): TypedArrayConstructor {
  if (dtype === 'string') throw new ProbityError('tensor/dtype', 'String tensors have no typed array: use a list of strings')
  return STORAGE[dtype]
}

/** How many storage elements hold `size` tensor elements. */
export function storageLength(dtype: DType, size: number): number {
  if (dtype === 'complex64' || dtype === 'complex128') return size * 2
  if (dtype === 'int4' || dtype === 'uint4' || dtype === 'float4e2m1') return Math.ceil(size / 2)
  if (dtype === 'int2' || dtype === 'uint2') return Math.ceil(size / 4)
  return size
}

/** Bytes that `size` elements occupy; strings count as one pointer each. */
export function byteLength(dtype: DType, size: number): number {
  return dtype === 'string' ? size * 8 : storageLength(dtype, size) * storageOf(dtype).BYTES_PER_ELEMENT
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1)

export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16'

const scratch = new DataView(new ArrayBuffer(4))

/** IEEE 754 binary16 bits → number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Number → IEEE 754 binary16 bits, rounding to nearest even. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (magnitude >= 65520) return sign | 0x7c00
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24)
  const exponent = Math.floor(Math.log2(magnitude))
  const floor = 2 ** exponent > magnitude ? exponent - 1 : exponent
  // A carry out of the fraction moves into the exponent by itself.
  return sign | (((floor + 15) << 10) + roundHalfEven((magnitude / 2 ** floor - 1) * 1024))
}

/** bfloat16 bits → number. */
export function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16)
  return scratch.getFloat32(0)
}

/** Number → bfloat16 bits, rounding to nearest even. */
export function numberToBfloat(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
