/** @file What a model answered for a block of rows, as plain numbers and texts; read in the child, interpreted in the parent. */
import { ProbityError } from '../contracts/errors.js'
import type { Prediction } from '../contracts/model.js'
import type { Tensor, Tensors } from '../contracts/tensor.js'
import { sizeOf } from '../tensor/dtypes.js'
import { toNumbers } from '../tensor/tensor.js'

/** @throws ProbityError for outputs that do not hold one answer per row */
export function readAnswers({ output, labelOutput }: Prediction, outputs: Tensors, rows: number): Record<string, Tensor> {
  const answers: Record<string, Tensor> = {}
  if (output !== null) {
    const tensor = required(outputs, output)
    const columns = sizeOf(tensor.dims) / rows
    // [rows], [rows, classes], or with further axes of size 1; anything else has no class per row.
    const isPerRow = tensor.dims[0] === rows && sizeOf(tensor.dims.slice(2)) === 1
    if (!isPerRow || columns < 1) throw shapeError(output, tensor, rows)
    answers.output = { data: toNumbers(tensor), dims: [rows, columns], dtype: 'float64' }
  }
  if (labelOutput !== null) {
    const tensor = required(outputs, labelOutput)
    if (sizeOf(tensor.dims) !== rows) throw shapeError(labelOutput, tensor, rows)
    answers.label = { data: Array.from(tensor.data as ArrayLike<string | number | bigint>, String), dims: [rows], dtype: 'string' }
  }
  return answers
}

function required(outputs: Tensors, name: string): Tensor {
  const tensor = Object.hasOwn(outputs, name) ? outputs[name] : undefined
  if (!tensor) throw new ProbityError('predictions/output', `The model returned no output ${name}. Name another with model.output.name.`)
  return tensor
}

const shapeError = (name: string, { dims }: Tensor, rows: number): ProbityError =>
  new ProbityError('predictions/shape', `Output ${name} has the shape [${dims.join(', ')}] for ${rows} rows; one answer per row is needed. Name another output with model.output.name.`)
