import type { DatasetView, Feature } from '../../../src/contracts/dataset.js'

/** A view of rows of feature values: `y` is the label, nothing is sensitive. */
export function smallView(rows: readonly (readonly number[])[], features: readonly Feature[], labels: readonly number[], more: Partial<DatasetView> = {}): DatasetView {
  return {
    path: 'd.csv', rowsInFile: rows.length, rows: rows.length, columnNames: [], label: { name: 'y', categories: ['0', '1'], codes: Int32Array.from(labels) }, labelMeaning: null,
    positive: '1', favorable: '0', prediction: null, score: null, sensitive: [], features, matrix: Float64Array.from(rows.flat()), arrays: [],
    complete: Uint8Array.from(rows, (row) => Number(row.every((value) => !Number.isNaN(value)))), excluded: [], findings: [], ...more,
  }
}

export const continuous = (...names: readonly string[]): Feature[] => names.map((name) => ({ name, source: name, kind: 'continuous' }))
