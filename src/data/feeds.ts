/** @file From the feature matrix and the arrays to the model's inputs, and from gradients back to features. */
import type { DatasetView, Feature, InputPlan } from '../contracts/dataset.js'
import type { Tensor, Tensors } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { sizeOf } from '../tensor/dtypes.js'
import { fromNumbers, toNumbers } from '../tensor/tensor.js'
import { fillArray, fillArrayRow, isArrayPlan } from './array-feeds.js'

/**
 * The model's inputs for the given rows, in their order: one tensor [rows, ...shape] per plan.
 *
 * @param rows row numbers of the view, each complete
 * @param matrix in the layout of `view.matrix`, [view.rows, features]; replaces it, as after an attack
 * @throws ProbityError for a row with a missing feature.
 */
export function fillInputs(view: DatasetView, plans: readonly InputPlan[], rows: readonly number[], matrix: Float64Array = view.matrix): Tensors {
  const block = gatherRows(view, rows, matrix)
  return record(plans.map((plan) => [plan.input, isArrayPlan(plan) ? fillArray(plan, view.arrays, rows) : fillColumns(view.features, plan, rows.length, block)]))
}

/** Rows of the matrix, [rows, features]: what an attack or an explanation starts from. */
export function gatherRows(view: DatasetView, rows: readonly number[], matrix: Float64Array = view.matrix): Float64Array {
  const width = view.features.length
  const block = new Float64Array(rows.length * width)
  for (const [at, row] of rows.entries()) {
    if (view.complete[row] !== 1) throw new ProbityError('data/incomplete-row', `Row ${row} lacks a feature or does not exist, so the model cannot be run on it.`)
    block.set(matrix.subarray(row * width, (row + 1) * width), at * width)
  }
  return block
}

/** The model's inputs for any block [n, features] of feature values, whether or not its rows stand in a file. */
export function fillBlock(features: readonly Feature[], plans: readonly InputPlan[], block: Float64Array): Tensors {
  const rows = features.length === 0 ? 0 : block.length / features.length
  return record(plans.map((plan) => [plan.input, fillColumns(features, plan, rows, block)]))
}

/** The model's inputs for one row of values in units of the data: one per feature, and [size] of each array. */
export function fillRow(features: readonly Feature[], plans: readonly InputPlan[], values: Float64Array, arrays: readonly Float64Array[]): Tensors {
  return record(plans.map((plan) => [plan.input, isArrayPlan(plan) ? fillArrayRow(plan, arrays[plan.array.index]!) : fillColumns(features, plan, 1, values)]))
}

/** [rows, ...shape] */
function fillColumns(features: readonly Feature[], plan: InputPlan, rows: number, block: Float64Array): Tensor {
  const width = features.length
  const per = plan.columns.length
  const dims = [rows, ...plan.shape]
  if (sizeOf(plan.shape) !== per) throw new ProbityError('data/input-shape', `Input "${plan.input}" has ${per} columns for the shape [${plan.shape.join(', ')}].`)
  if (plan.dtype === 'string') {
    const data: string[] = []
    for (let row = 0; row < rows; row++) for (const column of plan.columns) data.push(textOf(features[column]!, block[row * width + column]!))
    return { data, dims, dtype: 'string' }
  }
  const values = new Float64Array(rows * per)
  for (let row = 0; row < rows; row++) for (let k = 0; k < per; k++) values[row * per + k] = block[row * width + plan.columns[k]!]! * plan.scale
  return fromNumbers(values, dims, plan.dtype ?? 'float32')
}

/** Names of inputs come from the model: a null prototype keeps `__proto__` a name like any other. */
function record(entries: readonly (readonly [string, Tensor])[]): Tensors {
  const feeds = Object.create(null) as Record<string, Tensor>
  for (const [name, tensor] of entries) feeds[name] = tensor
  return feeds
}

/**
 * Gradients with respect to the inputs as gradients with respect to features, [rows, features]: the chain rule through `scale`, summed
 * where several inputs read one feature. Inputs without a gradient (integers, text) and inputs that arrays fill add nothing.
 *
 * @throws ProbityError when a gradient does not have the shape of its input.
 */
export function readMatrix(features: readonly Feature[], plans: readonly InputPlan[], gradients: Tensors, rows: number): Float64Array {
  const width = features.length
  const matrix = new Float64Array(rows * width)
  for (const plan of plans) {
    if (isArrayPlan(plan)) continue
    const { input, columns, scale } = plan
    const gradient = Object.hasOwn(gradients, input) ? gradients[input] : undefined
    if (!gradient) continue
    const values = toNumbers(gradient) // [rows, ...shape]
    const per = columns.length
    if (values.length !== rows * per) throw new ProbityError('data/input-shape', `The gradient of input "${input}" has ${values.length} elements where ${rows} rows of ${per} columns are expected.`)
    for (let row = 0; row < rows; row++) for (let k = 0; k < per; k++) matrix[row * width + columns[k]!]! += values[row * per + k]! * scale
  }
  return matrix
}

function textOf({ name, categories }: Feature, index: number): string {
  const text = categories?.[index]
  if (text === undefined) throw new ProbityError('data/input-type', `Feature "${name}" has no text number ${index} for a string input.`)
  return text
}
