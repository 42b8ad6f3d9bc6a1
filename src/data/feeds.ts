/** @file From the feature matrix to the model's inputs, and from gradients back to features. */
import type { DatasetView, Feature, InputPlan } from '../contracts/dataset.js'
import type { Tensor, Tensors } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { sizeOf } from '../tensor/dtypes.js'
import { fromNumbers, toNumbers } from '../tensor/tensor.js'

/**
 * The model's inputs for the given rows, in their order: one tensor [rows, ...shape] per plan.
 *
 * @param rows row numbers of the view, each complete
 * @param matrix in the layout of `view.matrix`, [view.rows, features]; replaces it, as after an attack
 * @throws ProbityError for a row with a missing feature.
 */
export function fillInputs(view: DatasetView, plans: readonly InputPlan[], rows: readonly number[], matrix: Float64Array = view.matrix): Tensors {
  return fillBlock(view.features, plans, gatherRows(view, rows, matrix))
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
  const width = features.length
  const rows = width === 0 ? 0 : block.length / width
  const feeds: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>
  for (const plan of plans) {
    const per = plan.columns.length
    const dims = [rows, ...plan.shape]
    if (sizeOf(plan.shape) !== per) throw new ProbityError('data/input-shape', `Input "${plan.input}" has ${per} columns for the shape [${plan.shape.join(', ')}].`)
    if (plan.dtype === 'string') {
      const data: string[] = []
      for (let row = 0; row < rows; row++) for (const column of plan.columns) data.push(textOf(features[column]!, block[row * width + column]!))
      feeds[plan.input] = { data, dims, dtype: 'string' } // [rows, ...shape]
      continue
    }
    const values = new Float64Array(rows * per)
    for (let row = 0; row < rows; row++) for (let k = 0; k < per; k++) values[row * per + k] = block[row * width + plan.columns[k]!]! * plan.scale
    feeds[plan.input] = fromNumbers(values, dims, plan.dtype ?? 'float32') // [rows, ...shape]
  }
  return feeds
}

/**
 * Gradients with respect to the inputs as gradients with respect to features, [rows, features]: the chain rule through `scale`, summed
 * where several inputs read one feature. Inputs without a gradient (integers, text) add nothing.
 *
 * @throws ProbityError when a gradient does not have the shape of its input.
 */
export function readMatrix(features: readonly Feature[], plans: readonly InputPlan[], gradients: Tensors, rows: number): Float64Array {
  const width = features.length
  const matrix = new Float64Array(rows * width)
  for (const { input, columns, scale } of plans) {
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
