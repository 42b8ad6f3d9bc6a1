/** @file From rows of an array to the tensor that the model receives. */
import type { ArrayColumn, ArrayReading, InputPlan } from '../contracts/dataset.js'
import type { Tensor, TypedArray } from '../contracts/tensor.js'
import { sizeOf } from '../tensor/dtypes.js'
import { fromNumbers } from '../tensor/tensor.js'
import { decoderOf } from './arrays.js'

/** A plan whose input an array fills. */
export type ArrayPlan = InputPlan & { readonly array: ArrayReading }
export const isArrayPlan = (plan: InputPlan): plan is ArrayPlan => plan.array !== undefined

/** Per element of the input's row: where it stands in the array's row, and what becomes of its value. */
export type ElementReading = {
  /** [size] */
  readonly source: Int32Array
  /** [size] (value · scale − mean) / std */
  readonly mean: Float64Array
  readonly std: Float64Array
  readonly scale: number
}

export function readElements({ shape, scale, array: { axes, channelAxis, mean, std } }: ArrayPlan): ElementReading {
  const size = sizeOf(shape)
  const source = new Int32Array(size)
  const means = new Float64Array(size), stds = new Float64Array(size)
  const strides = axes ? stridesOf(shape, axes) : null
  const inner = channelAxis === null ? 1 : sizeOf(shape.slice(channelAxis + 1))
  for (let k = 0; k < size; k++) {
    source[k] = strides ? placeOf(k, shape, strides) : k
    const channel = channelAxis === null ? 0 : Math.floor(k / inner) % shape[channelAxis]
    means[k] = mean[channel]
    stds[k] = std[channel]
  }
  return { source, mean: means, std: stds, scale }
}

/** How far apart neighbours along each of the input's axes stand in the array's row. */
function stridesOf(shape: readonly number[], axes: readonly number[]): number[] {
  const own = axes.map((_, axis) => shape[axes.indexOf(axis)]) // the array's shape
  return axes.map((axis) => sizeOf(own.slice(axis + 1)))
}

function placeOf(k: number, shape: readonly number[], strides: readonly number[]): number {
  let place = 0
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place += (k % shape[axis]) * strides[axis]
    k = Math.floor(k / shape[axis])
  }
  return place
}

/** [rows, ...shape] of the given rows of the view. */
export function fillArray(plan: ArrayPlan, arrays: readonly ArrayColumn[], rows: ArrayLike<number>): Tensor {
  const array = arrays[plan.array.index]
  return fillValues(plan, array.take(rows), rows.length, decoderOf(array.dtype))
}

/** [1, ...shape] of one row of values in units of the data. */
export const fillArrayRow = (plan: ArrayPlan, values: Float64Array): Tensor => fillValues(plan, values, 1, Number)

function fillValues(plan: ArrayPlan, values: TypedArray, rows: number, decode: (value: number | bigint) => number): Tensor {
  const { shape, dtype = 'float32' } = plan
  const dims = [rows, ...shape]
  const size = sizeOf(shape)
  const { source, mean, std, scale } = readElements(plan)
  // Doubles up to the last step, and no second copy of what is largest: float32 inputs.
  const filled = dtype === 'float32' ? new Float32Array(rows * size) : new Float64Array(rows * size)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < size; k++) filled[row * size + k] = (decode(values[row * size + source[k]]) * scale - mean[k]) / std[k]
  }
  return filled instanceof Float32Array ? { data: filled, dims, dtype: 'float32' } : fromNumbers(filled, dims, dtype)
}
