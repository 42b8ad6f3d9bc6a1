/** @file A tensor as lines along one of its axes, whatever its rank, and masks of line by line. */
import type { DType } from '../contracts/tensor.js'
import { sizeOf } from '../tensor/dtypes.js'
import type { Emitter } from './emitter.js'

/** The elements of `x` as [before, after, size of the axis]. A negative axis counts from the end; the number of axes need not be known. */
export const asLines = (e: Emitter, x: string, axis: number): string => e.emit('Transpose', [aroundAxis(e, x, axis)], { perm: [0, 2, 1] })

/** The reverse: lines along an axis in the shape of `x`. */
export function fromLines(e: Emitter, lines: string, x: string): string {
  return e.reshapeLike(e.emit('Transpose', [lines], { perm: [0, 2, 1] }), x)
}

/** [before, size of the axis, after] */
function aroundAxis(e: Emitter, x: string, axis: number): string {
  const size = e.size(x, axis)
  const dims = e.staticDims(x)
  if (dims) {
    const place = axis < 0 ? axis + dims.length : axis
    return e.emit('Reshape', [x, e.ints([sizeOf(dims.slice(0, place)), dims[place], sizeOf(dims.slice(place + 1))])], { allowzero: 1 })
  }
  const sides = axis < 0 ? [-1, axis === -1 ? 1 : countOf(e, x, axis + 1)] : [axis === 0 ? 1 : countOf(e, x, 0, axis), -1]
  return e.emit('Reshape', [x, e.joinInts([sides[0], size, sides[1]])])
}

/** int64 [1]: how many elements the axes from `start` to `end` have together. */
const countOf = (e: Emitter, x: string, start: number, end?: number): string => e.emit('ReduceProd', [e.emit('Shape', [x], { start, end }), e.ints([0])], { keepdims: 1 })

/** 0, 1, … size − 1 as int64 [size]; `size` is a number or the name of an int64 [1]. */
export const range = (e: Emitter, size: number | string): string =>
  e.emit('Range', [e.constant(0, 'int64'), typeof size === 'number' ? e.constant(size, 'int64') : e.emit('Squeeze', [size]), e.constant(1, 'int64')])

/** `compare` of row and column number, as bool [size, size]. */
export function compareIndices(e: Emitter, compare: 'Equal' | 'GreaterOrEqual' | 'Greater' | 'LessOrEqual' | 'Less', size: number | string): string {
  const numbers = range(e, size)
  return e.emit(compare, [e.emit('Unsqueeze', [numbers, e.ints([1])]), numbers])
}

/** The identity matrix [size, size]. */
export const identityMatrix = (e: Emitter, size: number | string, dtype: DType): string => e.cast(compareIndices(e, 'Equal', size), dtype)
