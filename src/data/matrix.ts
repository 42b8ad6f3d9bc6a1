/** @file The feature matrix of the audited rows, with every missing value accounted for. */
import type { ArrayColumn, ExcludedRows, InputPlan } from '../contracts/dataset.js'
import type { DType } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { isFloat } from '../tensor/dtypes.js'
import type { FeatureColumn } from './feature-columns.js'
import type { Table } from './table.js'
import { count, quote } from './wording.js'

const LARGEST: Partial<Record<DType, number>> = {
  float32: 3.4028234663852886e38, bfloat16: 3.3895313892515355e38, float16: 65504,
  int8: 127, int16: 32767, int32: 2147483647, int64: Number.MAX_SAFE_INTEGER,
  uint8: 255, uint16: 65535, uint32: 4294967295, uint64: Number.MAX_SAFE_INTEGER, bool: 1,
}

/**
 * Fills [rows, features], row-major. A row with a missing feature is not complete; it is counted once under each column that it lacks.
 *
 * @throws ProbityError for text in a numeric feature, values that an encoding does not map, numbers that an input's type cannot hold, and
 * when no row is complete; naming column, place and value.
 */
export function buildMatrix(table: Table, columns: readonly FeatureColumn[], plans: readonly InputPlan[], rows: readonly number[]): { matrix: Float64Array; complete: Uint8Array; excluded: ExcludedRows[] } {
  const width = columns.length
  const matrix = new Float64Array(rows.length * width)
  const complete = new Uint8Array(rows.length).fill(1)
  const missing = new Map<string, number>()
  for (const [index, { column, values, unusable, feature }] of columns.entries()) {
    let absent = 0
    for (let at = 0; at < rows.length; at++) {
      const code = column.codes[rows[at]!]!
      const value = code < 0 ? NaN : values[code]!
      if (code >= 0 && Number.isNaN(value)) throw new ProbityError('data/not-a-number', `${table.path}, ${table.where(rows[at]!)}: column ${quote(feature.source)} holds ${quote(column.distinct[code]!)}, ${unusable(column.distinct[code]!)}`)
      if (code < 0) {
        complete[at] = 0
        absent++
      }
      matrix[at * width + index] = value
    }
    if (absent > 0) missing.set(feature.source, absent)
  }
  if (width > 0 && !complete.includes(1)) throw new ProbityError('data/no-complete-row', `${table.path}: every one of the ${count(rows.length, 'row')} lacks a feature (${[...missing].slice(0, 5).map(([name, n]) => `${quote(name)}: ${n}`).join(', ')}), so the model cannot be run. Fill the cells, or leave these columns out.`)
  for (const plan of plans) checkRange(table, columns, plan, rows)
  return { matrix, complete, excluded: [...missing].map(([name, n]) => ({ reason: `missing value in ${name}`, rows: n })) }
}

/** @throws ProbityError for values of an array that the model's input cannot hold, after scale, mean and std */
export function checkArrayRange({ input, dtype = 'float32', array: reading, scale }: InputPlan, arrays: readonly ArrayColumn[]): void {
  const limits = limitsOf(dtype)
  if (!reading || !limits) return
  const { name, statistics } = arrays[reading.index]!
  const least = statistics.min.reduce((a, b) => Math.min(a, b)), most = statistics.max.reduce((a, b) => Math.max(a, b))
  const size = Math.max(Math.abs(least * scale), Math.abs(most * scale)) + Math.max(...reading.mean.map(Math.abs))
  const fits = isFloat(dtype) ? size / Math.min(...reading.std) <= limits.most : least >= limits.least && most <= limits.most
  if (!fits) throw new ProbityError('data/input-range', `The array ${quote(name)} holds values from ${least} to ${most}, which the model's input ${quote(input)} of type ${dtype} cannot hold. Correct the values, or the array of that input.`)
}

function limitsOf(dtype: DType): { readonly least: number; readonly most: number; readonly whole: boolean } | null {
  const most = LARGEST[dtype]
  if (most === undefined) return null
  const whole = !isFloat(dtype)
  return { most, whole, least: dtype.startsWith('u') || dtype === 'bool' ? 0 : dtype === 'int64' || !whole ? -most : -most - 1 }
}

function checkRange(table: Table, columns: readonly FeatureColumn[], plan: InputPlan, rows: readonly number[]): void {
  const dtype = plan.dtype ?? 'float32'
  const limits = limitsOf(dtype)
  if (!limits) return
  const { least, most: largest, whole } = limits
  for (const index of plan.columns) {
    const { column, values } = columns[index]!
    const fits = Uint8Array.from(values, (value) => (value * plan.scale >= least && value * plan.scale <= largest && (!whole || Number.isInteger(value * plan.scale)) ? 1 : 0))
    const bad = rows.find((row) => column.codes[row]! >= 0 && fits[column.codes[row]!] === 0)
    if (bad !== undefined) throw new ProbityError('data/input-range', `${table.path}, ${table.where(bad)}: column ${quote(column.name)} holds ${quote(column.distinct[column.codes[bad]!]!)}, which the model's input ${quote(plan.input)} of type ${dtype} cannot hold. Correct the value, or the columns of that input.`)
  }
}
