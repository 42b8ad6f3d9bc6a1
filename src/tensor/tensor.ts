/** @file Making and reading tensors. */
import type { DType, Tensor, TensorLike, TypedArray } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { bfloatToNumber, halfToNumber, numberToBfloat, numberToHalf, sizeOf, storageLength, storageOf } from './dtypes.js'

const INFERRED: readonly (readonly [new (length: number) => TypedArray, DType])[] = [
  [Float32Array, 'float32'], [Float64Array, 'float64'], [Int8Array, 'int8'], [Int16Array, 'int16'], [Int32Array, 'int32'],
  [BigInt64Array, 'int64'], [Uint8Array, 'uint8'], [Uint16Array, 'uint16'], [Uint32Array, 'uint32'], [BigUint64Array, 'uint64'],
]

/**
 * Turns what a caller gave into a tensor of the dtype that is wanted (the array's own type where none is).
 *
 * @throws ProbityError when data and dims disagree, or the values cannot become `wanted` without loss of kind.
 */
export function toTensor(like: TensorLike, wanted?: DType, name = 'tensor'): Tensor {
  const { data, dims } = like
  const dtype = wanted ?? like.dtype ?? inferDType(data, name)
  const size = sizeOf(dims)
  if (dims.some((dim) => !Number.isInteger(dim) || dim < 0)) throw new ProbityError('tensor/dims', `${name}: dims must be whole numbers ≥ 0, got [${dims.join(', ')}]`)
  const expected = ArrayBuffer.isView(data) && like.dtype === dtype ? storageLength(dtype, size) : size
  if (data.length !== expected) throw new ProbityError('tensor/size', `${name}: dims [${dims.join(', ')}] need ${expected} elements, the data has ${data.length}`)
  if (dtype === 'string') {
    if (ArrayBuffer.isView(data)) throw new ProbityError('tensor/dtype', `${name}: strings are wanted, got ${data.constructor.name}`)
    return { data: Array.from(data, String), dims, dtype }
  }
  const Storage = storageOf(dtype)
  if (data instanceof Storage && (like.dtype ?? inferDType(data, name)) === dtype) return { data, dims, dtype }
  return { data: convert(data, dtype, name), dims, dtype }
}

/** The elements as JavaScript numbers, whatever the storage. */
export function toNumbers(tensor: Tensor): Float64Array {
  const { data, dtype } = tensor
  if (dtype === 'string' || dtype.startsWith('complex') || !ArrayBuffer.isView(data)) throw new ProbityError('tensor/dtype', `A ${dtype} tensor has no numbers to read`)
  // The constructor converts natively, many times faster than element by element.
  if (data instanceof Float32Array || data instanceof Float64Array) return new Float64Array(data)
  const decode = dtype === 'float16' ? halfToNumber : dtype === 'bfloat16' ? bfloatToNumber : Number
  const values = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) values[i] = decode(data[i] as number)
  return values
}

/** Numbers as a tensor of the given dtype. */
export function fromNumbers(values: ArrayLike<number>, dims: readonly number[], dtype: DType): Tensor {
  return { data: convert(values, dtype, 'tensor'), dims, dtype }
}

function inferDType(data: TensorLike['data'], name: string): DType {
  for (const [constructor, dtype] of INFERRED) if (data instanceof constructor) return dtype
  const first = (data as readonly unknown[])[0]
  if (typeof first === 'string') return 'string'
  if (typeof first === 'bigint') return 'int64'
  if (typeof first === 'boolean') return 'bool'
  if (typeof first === 'number' || first === undefined) return 'float32'
  throw new ProbityError('tensor/dtype', `${name}: cannot tell the dtype of ${typeof first} values; give dtype`)
}

function convert(data: TensorLike['data'] | ArrayLike<number>, dtype: DType, name: string): TypedArray {
  if (dtype === 'float32' && data instanceof Float64Array) return new Float32Array(data)
  const converted = new (storageOf(dtype))(data.length)
  const encode = encoder(dtype, name)
  for (let i = 0; i < data.length; i++) (converted as unknown as Record<number, number | bigint>)[i] = encode(data[i])
  return converted
}

function encoder(dtype: DType, name: string): (value: unknown) => number | bigint {
  switch (dtype) {
    case 'float32': case 'float64': return (value) => Number(value)
    case 'float16': return (value) => numberToHalf(Number(value))
    case 'bfloat16': return (value) => numberToBfloat(Number(value))
    case 'bool': return (value) => (value ? 1 : 0)
    // As a number, the largest int64, which means "to the end", is 2⁶³: one too many.
    case 'int64': return (value) => (typeof value === 'bigint' ? value : value === 2 ** 63 ? 2n ** 63n - 1n : BigInt(whole(Number(value), name)))
    case 'uint64': return (value) => (typeof value === 'bigint' ? value : BigInt(whole(Number(value), name)))
    case 'int8': case 'int16': case 'int32': case 'uint8': case 'uint16': case 'uint32': return (value) => whole(Number(value), name)
    default: throw new ProbityError('tensor/dtype', `${name}: numbers cannot be converted to ${dtype}; give the raw bits with dtype: '${dtype}'`)
  }
}

function whole(value: number, name: string): number {
  if (!Number.isInteger(value)) throw new ProbityError('tensor/dtype', `${name}: ${value} is not a whole number, and the tensor holds integers`)
  return value
}
