/** @file Reading attributions: a column's values, and its mean absolute attribution. */
import type { Attributions } from '../../src/contracts/artifact.js'

/** [n] attributions of one column. */
export function columnOf({ values, columns, rows }: Attributions, column: number): Float64Array {
  return Float64Array.from(rows, (_, i) => values[i * columns.length + column])
}

/** Columns by falling mean absolute attribution. */
export function rankColumns(attributions: Attributions): { readonly name: string; readonly absolute: Float64Array; readonly mean: number; readonly importance: number }[] {
  return attributions.columns
    .map((name, column) => {
      const values = columnOf(attributions, column)
      const absolute = values.map(Math.abs)
      return { name, absolute, mean: mean(values), importance: mean(absolute) }
    })
    .sort((a, b) => b.importance - a.importance || (a.name < b.name ? -1 : 1))
}

export const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
