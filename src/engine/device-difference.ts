/** @file How far two devices' answers for the same rows are apart, and how much of that rounding explains. */
import type { Tensor, Tensors } from '../contracts/tensor.js'
import { isFloat } from '../tensor/dtypes.js'
import { takeRows } from '../tensor/rows.js'
import { toNumbers } from '../tensor/tensor.js'

/** An answer's values, row by row; one entry where it belongs to no row. */
export type RowAnswers = ReadonlyMap<string, readonly (Float64Array | readonly string[])[]>

/** Per row: the largest difference in any element of any answer, and that relative to the largest magnitude of the answer it occurs in. */
export type RowDifference = { readonly relative: number; readonly absolute: ReadonlyMap<string, number> }

/** The given rows of each tensor, cut along its own axis; what does not divide by the number of rows belongs to all of them. */
export function answersOf(tensors: Tensors, axisOf: (name: string) => number | null, rows: number | null, taken: readonly number[]): RowAnswers {
  return new Map(Object.entries(tensors).map(([name, tensor]) => {
    const axis = rows === null ? null : axisOf(name)
    const perRow = axis === null ? NaN : (tensor.dims[axis] ?? NaN) / rows!
    if (axis === null || !Number.isInteger(perRow)) return [name, [valuesOf(tensor)]]
    return [name, taken.map((row) => valuesOf(takeRows(tensor, Array.from({ length: perRow }, (_, i) => row * perRow + i), axis)))]
  }))
}

/** Labels, counts and truth values have no "nearly": they are compared as text. */
const valuesOf = (tensor: Tensor): Float64Array | readonly string[] => (isFloat(tensor.dtype) ? toNumbers(tensor) : Array.from(tensor.data as ArrayLike<unknown>, String))

/** The largest finite magnitude of each answer. */
export function scalesOf(answers: RowAnswers): ReadonlyMap<string, number> {
  return new Map(Array.from(answers, ([name, rows]) => [name, rows.reduce((most, values) => Math.max(most, magnitudeOf(values)), 0)]))
}

function magnitudeOf(values: Float64Array | readonly string[]): number {
  return values instanceof Float64Array ? values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0) : 0
}

/** How far row `index` of the answers lies from the expected ones. */
export function differenceOf(actual: RowAnswers, expected: RowAnswers, scales: ReadonlyMap<string, number>, index: number): RowDifference {
  const absolute = new Map<string, number>()
  let relative = 0
  for (const [name, rows] of expected) {
    const at = Math.min(index, rows.length - 1)
    const distance = distanceOf(actual.get(name)![at], rows[at])
    absolute.set(name, distance)
    if (distance > 0) relative = Math.max(relative, distance / scales.get(name)!)
  }
  return { relative, absolute }
}

function distanceOf(actual: Float64Array | readonly string[], expected: Float64Array | readonly string[]): number {
  if (actual.length !== expected.length) return Infinity
  if (!(expected instanceof Float64Array)) return expected.every((value, i) => value === actual[i]) ? 0 : Infinity
  return expected.reduce((most, value, i) => {
    const other = Number(actual[i])
    if (Object.is(value, other) || value === other) return most
    const distance = Math.abs(value - other)
    return Math.max(most, Number.isNaN(distance) ? Infinity : distance)
  }, 0)
}
