/** @file Tensors of the reference interpreter, and the few ways it walks over them. */
import type { DType, Tensor } from '../../src/contracts/tensor.js'
import { sizeOf } from '../../src/tensor/dtypes.js'
import { fromNumbers, toNumbers } from '../../src/tensor/tensor.js'
import { stridesOf } from '../../src/tensor/broadcast.js'

/**
 * A dense row-major tensor whose elements are doubles, whatever its dtype: floats are never rounded to 16 or 32 bits, bool is 0 or 1, and
 * integers are exact up to ±2^53.
 */
export type RefTensor = { readonly dims: readonly number[]; readonly data: Float64Array; readonly dtype: DType }

/** What a value of a graph can be: a tensor, a sequence, or an empty optional. */
export type RefValue = RefTensor | readonly RefValue[] | null

export const isRefTensor = (value: RefValue): value is RefTensor => value !== null && 'dims' in value

export type Index = readonly number[]

export function refTensor(dims: readonly number[], data: ArrayLike<number>, dtype: DType = 'float32'): RefTensor {
  if (data.length !== sizeOf(dims)) throw new Error(`dims [${dims.join(', ')}] do not hold ${data.length} elements`)
  return { dims, data: Float64Array.from(data), dtype }
}

export const scalar = (value: number, dtype: DType): RefTensor => refTensor([], [value], dtype)

/** Integers as ONNX passes them for shapes, axes and pads. */
export const int64Vector = (values: readonly number[]): RefTensor => refTensor([values.length], values, 'int64')

/** The tensor of these dims whose element at `index` is `at(index)`. `index` is reused between calls. */
export function build(dims: readonly number[], dtype: DType, at: (index: Index) => number): RefTensor {
  const data = new Float64Array(sizeOf(dims))
  let position = 0
  for (const index of indicesOf(dims)) data[position++] = at(index)
  return { dims, data, dtype }
}

/** Every multi-index in row-major order. The same array is yielded each time. */
export function* indicesOf(dims: readonly number[]): Generator<number[]> {
  const index = dims.map(() => 0)
  for (let left = sizeOf(dims); left > 0; left--) {
    yield index
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis] < dims[axis]) break
      index[axis] = 0
    }
  }
}

/** Row-major position of a multi-index. */
export function positionOf(dims: readonly number[], index: Index): number {
  let position = 0
  for (let axis = 0; axis < dims.length; axis++) position = position * dims[axis] + index[axis]
  return position
}

export const at = (tensor: RefTensor, index: Index): number => tensor.data[positionOf(tensor.dims, index)]

/** The element that broadcasting puts at `index` of a larger shape: axes align at the right, size 1 repeats. */
export function atBroadcast(tensor: RefTensor, index: Index): number {
  const offset = index.length - tensor.dims.length
  let position = 0
  for (let axis = 0; axis < tensor.dims.length; axis++) position = position * tensor.dims[axis] + (tensor.dims[axis] === 1 ? 0 : index[offset + axis])
  return tensor.data[position]
}

export const sameElements = (tensor: RefTensor, dims: readonly number[]): RefTensor => refTensor(dims, tensor.data, tensor.dtype)

/** `axis` counted from the front. */
export function normalAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (normal < 0 || normal >= Math.max(rank, 1)) throw new Error(`axis ${axis} is outside rank ${rank}`)
  return normal
}

/** `index` with the entry of one axis replaced. */
export const withAxis = (index: Index, axis: number, value: number): number[] => index.map((entry, i) => (i === axis ? value : entry))

export const fromTensor = (tensor: Tensor): RefTensor => ({ dims: tensor.dims, data: toNumbers(tensor), dtype: tensor.dtype })
export const toTensor = (tensor: RefTensor): Tensor => fromNumbers(tensor.data, tensor.dims, tensor.dtype)

export { sizeOf, stridesOf }
