/** @file How the columns of a view reach the model. */
import type { DatasetView, InputPlan } from '../../contracts/dataset.js'
import { isFloat } from '../../tensor/dtypes.js'

/** A model input of shape [rows, columns] is a table; a higher rank is a tensor such as an image. */
export const isTable = (inputs: readonly InputPlan[]): boolean => inputs.every(({ shape }) => shape.length <= 1)

/** Inputs that a gradient leads to; integers and texts stay as each row has them. */
export const floatInputs = (inputs: readonly InputPlan[]): InputPlan[] => inputs.filter(({ dtype = 'float32' }) => isFloat(dtype))

/** Columns of the file that feed these inputs, in the order of features; the features of a one-hot encoding share one. */
export function sourceColumns({ features }: DatasetView, inputs: readonly InputPlan[]): string[] {
  const used = new Set(inputs.flatMap(({ columns }) => columns))
  return [...new Set(features.flatMap(({ source }, i) => (used.has(i) ? [source] : [])))]
}

/** Rows that the model can be run on. */
export const completeRows = (view: DatasetView): number[] => Array.from({ length: view.rows }, (_, row) => row).filter((row) => view.complete[row] === 1)
