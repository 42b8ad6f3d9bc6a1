import type { DatasetView } from '../../src/contracts/dataset.js'

/** Three rows, of which the second lacks a feature and the third a label. */
export function exampleView(): DatasetView {
  return {
    path: 'data.csv',
    rowsInFile: 5,
    rows: 3,
    columnNames: ['a', 'b', 'y', 'sex', '__proto__'],
    label: { name: 'y', categories: ['no', 'yes'], codes: Int32Array.of(1, 0, -1) },
    labelMeaning: 'human-decision',
    positive: 'yes',
    favorable: null,
    prediction: { name: 'p', categories: ['yes', 'maybe'], codes: Int32Array.of(0, -1, 1) },
    score: { name: 's', values: Float64Array.of(0.5, NaN, 0) },
    sensitive: [
      { name: 'sex', categories: ['f', 'm'], codes: Int32Array.of(0, 1, -1), columns: ['sex'], parts: [['f'], ['m']], judged: true },
      { name: 'sex & y', categories: ['f & yes', 'm & no'], codes: Int32Array.of(0, 1, -1), columns: ['sex', 'y'], parts: [['f', 'yes'], ['m', 'no']], judged: { reason: 'unlisted intersection' } },
    ],
    features: [{ name: 'a', source: 'a', kind: 'continuous' }, { name: 'b', source: 'b', kind: 'binary' }],
    matrix: Float64Array.of(0.25, 1, NaN, 0, -1, 1),
    arrays: [],
    complete: Uint8Array.of(1, 0, 1),
    excluded: [{ reason: 'missing a', rows: 1 }],
    findings: [{ id: 'possible-leakage', severity: 'warning', message: 'b', details: { rows: 30 } }],
  }
}
