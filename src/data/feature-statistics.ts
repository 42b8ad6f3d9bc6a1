/** @file Location and spread of every feature: the scale of attacks and the bounds of explanations. */
import type { DatasetView } from '../contracts/dataset.js'

export type FeatureStatistics = {
  /** Complete rows that entered. */
  readonly rows: number
  /** [features] */
  readonly mean: Float64Array
  /** [features] sample standard deviation (n − 1); NaN for fewer than two rows. */
  readonly sd: Float64Array
  /** [features] */
  readonly min: Float64Array
  /** [features] */
  readonly max: Float64Array
}

/** Over complete rows; sums of doubles in row order and in two passes, so that the bits never depend on who computes them. */
export function featureStatistics(view: DatasetView): FeatureStatistics {
  const width = view.features.length
  const zeros = (): Float64Array => new Float64Array(width)
  const mean = zeros(), sd = zeros(), min = zeros().fill(Infinity), max = zeros().fill(-Infinity)
  let rows = 0
  const visit = (each: (column: number, value: number) => void): void => {
    for (let row = 0; row < view.rows; row++) {
      if (view.complete[row] !== 1) continue
      for (let column = 0; column < width; column++) each(column, view.matrix[row * width + column]!)
    }
  }
  for (const flag of view.complete) rows += flag
  visit((column, value) => {
    mean[column]! += value
    min[column] = Math.min(min[column]!, value)
    max[column] = Math.max(max[column]!, value)
  })
  for (let column = 0; column < width; column++) mean[column]! /= rows
  visit((column, value) => { sd[column]! += (value - mean[column]!) ** 2 })
  for (let column = 0; column < width; column++) sd[column] = rows < 2 ? NaN : Math.sqrt(sd[column]! / (rows - 1))
  return { rows, mean, sd, min, max }
}
