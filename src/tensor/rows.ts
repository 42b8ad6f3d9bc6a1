/** @file Rows of tensors: cutting, gathering, joining and broadcasting along the batch axis. */
import type { Tensor, TensorLike, TypedArray } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { sizeOf, storageLength, storageOf } from './dtypes.js'
import { toNumbers, toTensor } from './tensor.js'

/** Rows start … end − 1 along `axis`, as a copy. */
export function sliceRows(tensor: Tensor, start: number, end: number, axis = 0): Tensor {
  if (axis === 0) {
    refusePacked(tensor)
    const { inner } = around(tensor.dims, 0)
    return { data: tensor.data.slice(start * inner, end * inner), dims: [end - start, ...tensor.dims.slice(1)], dtype: tensor.dtype }
  }
  return takeRows(tensor, Array.from({ length: end - start }, (_, i) => start + i), axis)
}

/** The given rows along `axis`, in the given order; a row may be taken more than once. */
export function takeRows(tensor: Tensor, rows: ArrayLike<number>, axis = 0): Tensor {
  refusePacked(tensor)
  const { outer, size, inner } = around(tensor.dims, axis)
  const dims = tensor.dims.map((dim, i) => (i === axis ? rows.length : dim))
  const target = allocate(tensor, outer * rows.length * inner)
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < rows.length; i++) copy(tensor.data, (o * size + rows[i]) * inner, target, (o * rows.length + i) * inner, inner)
  }
  return { data: target, dims, dtype: tensor.dtype }
}

/** Joins tensors that differ only in their size along `axis`. */
export function concatenateRows(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 1) return tensors[0]
  tensors.forEach(refusePacked)
  const [first] = tensors
  const total = tensors.reduce((sum, { dims }) => sum + dims[axis], 0)
  const { outer, inner } = around(first.dims, axis)
  const target = allocate(first, outer * total * inner)
  let before = 0
  for (const { data, dims } of tensors) {
    const width = dims[axis] * inner
    for (let o = 0; o < outer; o++) copy(data, o * width, target, o * total * inner + before * inner, width)
    before += dims[axis]
  }
  return { data: target, dims: first.dims.map((dim, i) => (i === axis ? total : dim)), dtype: first.dtype }
}

/**
 * Numbers for every element of a tensor of shape `dims` = [rows, …]: from one value, from one row ([…] or [1, …]), or from all rows.
 *
 * @throws ProbityError when the number of values fits none of these.
 */
export function broadcastOverRows(like: number | TensorLike, dims: readonly number[], name: string): Float64Array {
  const size = sizeOf(dims)
  if (typeof like === 'number') return new Float64Array(size).fill(like)
  const values = toNumbers(toTensor(like, undefined, name))
  const rowSize = sizeOf(dims.slice(1))
  if (values.length === size) return values
  if (values.length !== 1 && values.length !== rowSize) {
    throw new ProbityError('tensor/size', `${name} has ${values.length} values: one row of [${dims.join(', ')}] needs ${rowSize}, all rows need ${size}`)
  }
  const all = new Float64Array(size)
  for (let i = 0; i < size; i++) all[i] = values[values.length === 1 ? 0 : i % rowSize]
  return all
}

function around(dims: readonly number[], axis: number): { outer: number; size: number; inner: number } {
  return { outer: sizeOf(dims.slice(0, axis)), size: dims[axis], inner: sizeOf(dims.slice(axis + 1)) }
}

function allocate({ dtype }: Tensor, size: number): TypedArray | string[] {
  return dtype === 'string' ? new Array<string>(size) : new (storageOf(dtype))(storageLength(dtype, size))
}

function copy(source: Tensor['data'], from: number, target: TypedArray | string[], to: number, length: number): void {
  if (ArrayBuffer.isView(source)) (target as Float64Array).set((source as Float64Array).subarray(from, from + length), to)
  else for (let i = 0; i < length; i++) (target as string[])[to + i] = source[from + i]
}

function refusePacked({ dtype }: Tensor): void {
  if (dtype.startsWith('complex') || storageLength(dtype, 8) !== 8) throw new ProbityError('tensor/dtype', `Rows of ${dtype} tensors cannot be cut: their elements are packed`)
}
