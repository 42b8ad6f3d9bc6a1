/** @file Reading attributions: a column's values, its mean absolute attribution, and the rows that have none. */
import type { Attributions } from '../../src/contracts/artifact.js'
import type { DatasetView, ExcludedRows } from '../../src/contracts/dataset.js'

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

/** Rows without attributions, to account for every row of the view. */
export function unexplainedRows({ rows }: Attributions, data: DatasetView): ExcludedRows[] {
  const missing = data.rows - rows.length
  return missing > 0 ? [{ reason: 'not in the seeded sample of explained rows, or with a missing feature', rows: missing }] : []
}

export const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
