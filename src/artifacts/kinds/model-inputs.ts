/** @file How the columns of a view reach the model. */
import type { DatasetView, InputPlan } from '../../contracts/dataset.js'
import { isArrayPlan } from '../../data/index.js'
import { isFloat, sizeOf } from '../../tensor/dtypes.js'
import { cellsOf } from './array-cells.js'

/** A model input of shape [rows, columns] is a table; a higher rank is a tensor such as an image. */
export const isTable = (inputs: readonly InputPlan[]): boolean => inputs.every(({ shape, array }) => shape.length <= 1 && array === undefined)

/** Inputs that a gradient leads to; integers and texts stay as each row has them. */
export const floatInputs = (inputs: readonly InputPlan[]): InputPlan[] => inputs.filter(({ dtype = 'float32' }) => isFloat(dtype))

/** Columns of the file that feed these inputs, in the order of features; the features of a one-hot encoding share one. Arrays follow, in cells. */
export function sourceColumns(view: DatasetView, inputs: readonly InputPlan[]): string[] {
  const { features } = view
  const used = new Set(inputs.flatMap(({ columns }) => columns))
  const columns = new Set(features.flatMap(({ source }, i) => (used.has(i) ? [source] : [])))
  return [...columns, ...new Set(inputs.filter(isArrayPlan).flatMap((plan) => cellsOf(view, plan).names))]
}

/** Rows that the model can be run on. */
export const completeRows = (view: DatasetView): number[] => Array.from({ length: view.rows }, (_, row) => row).filter((row) => view.complete[row] === 1)

/** Elements of a row of all inputs. */
const rowElements = (inputs: readonly InputPlan[]): number => inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0)

/** The most rows, up to `most`, of which a block holds no more than so many elements: rows of images are cut into smaller blocks than rows of tables. */
export const rowsWithin = (inputs: readonly InputPlan[], most: number, elements: number): number => Math.min(most, Math.max(1, Math.floor(elements / Math.max(1, rowElements(inputs)))))
