/** @file The decision rule: which class a model predicts, from its outputs. */
import { indexOfLabel } from '../contracts/labels.js'
import type { Prediction } from '../contracts/model.js'
import type { Tensor, Tensors } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { sizeOf } from './dtypes.js'
import { toNumbers } from './tensor.js'

/**
 * Class index per row: the model's own label output if it has one, else the largest column (the first of equals), else, for one column,
 * 1 where the probability or score (the sigmoid of a logit) is at least `threshold`. −1 where the answer is NaN or no known class.
 *
 * @param threshold Of one-column outputs; 0.5 by default, which is logit ≥ 0.
 */
export function predictedClasses(outputs: Tensors, prediction: Prediction, threshold = 0.5): Int32Array {
  if (prediction.labelOutput !== null && outputs[prediction.labelOutput]) return labelsToIndices(outputs[prediction.labelOutput], prediction.labelClasses ?? prediction.classes)
  const output = prediction.output === null ? undefined : outputs[prediction.output]
  if (!output) throw new ProbityError('tensor/prediction', `No prediction can be read: output ${prediction.output ?? '(none)'} is not among ${Object.keys(outputs).join(', ')}`)
  const rows = output.dims[0] ?? 1
  const columns = sizeOf(output.dims.slice(1))
  if (output.dims.filter((dim, axis) => axis > 0 && dim !== 1).length > 1) {
    throw new ProbityError('tensor/prediction', `Output ${prediction.output} has shape [${output.dims.join(', ')}], not one column per class`)
  }
  const values = toNumbers(output) // [rows, columns]
  const limit = prediction.kind === 'logits' ? Math.log(threshold / (1 - threshold)) : threshold
  return Int32Array.from({ length: rows }, (_, row) => {
    if (columns !== 1) return argmax(values.subarray(row * columns, (row + 1) * columns))
    return Number.isNaN(values[row]) ? -1 : Number(values[row] >= limit)
  })
}

/** Index of the largest value, the first of equals; −1 where any is NaN or there is none. */
function argmax(values: Float64Array): number {
  let best = -1
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return -1
    if (best < 0 || values[i] > values[best]) best = i
  }
  return best
}

function labelsToIndices(labels: Tensor, classes: readonly string[] | null): Int32Array {
  const indices = new Map<string | number | bigint, number>()
  return Int32Array.from(labels.data as ArrayLike<string | number | bigint>, (label) => {
    let index = indices.get(label)
    if (index === undefined) indices.set(label, (index = classes ? indexOfLabel(classes, String(label)) : wholeOrNone(Number(label))))
    return index
  })
}

/** A model that names no classes means its labels as indices. */
const wholeOrNone = (index: number): number => (Number.isInteger(index) && index >= 0 ? index : -1)
