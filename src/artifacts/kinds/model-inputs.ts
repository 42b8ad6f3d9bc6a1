/** @file How the columns of a view reach the model. */
import type { DatasetView, InputPlan } from '../../contracts/dataset.js'

/** A model input of shape [rows, columns] is a table; a higher rank is a tensor such as an image. */
export const isTable = (inputs: readonly InputPlan[]): boolean => inputs.every(({ shape }) => shape.length <= 1)

/** Columns of the file that feed the model; the features of a one-hot encoding share one. */
export const sourceColumns = (view: DatasetView): string[] => [...new Set(view.features.map(({ source }) => source))]

/** Rows that the model can be run on. */
export const completeRows = (view: DatasetView): number[] => Array.from({ length: view.rows }, (_, row) => row).filter((row) => view.complete[row] === 1)
