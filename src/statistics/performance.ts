/** @file How well predictions agree with labels, which must stand beside every other number. */
import type { Predictions } from '../contracts/artifact.js'
import type { DatasetView } from '../contracts/dataset.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Report } from '../contracts/report.js'

export type Performance = NonNullable<Report['performance']>

/** Accuracy, balanced accuracy (mean recall over the classes present) and what a constant model would score. Null without labels. */
export function measurePerformance(view: DatasetView, predictions: Predictions): Performance | null {
  const { label } = view
  if (!label) return null
  const toLabel = predictions.classes.map((name) => indexOfLabel(label.categories, name))
  const rows = new Array<number>(label.categories.length).fill(0)
  const right = new Array<number>(label.categories.length).fill(0)
  for (let row = 0; row < view.rows; row++) {
    const truth = label.codes[row]
    const predicted = predictions.predicted[row]
    if (truth < 0 || predicted < 0) continue
    rows[truth]++
    if (toLabel[predicted] === truth) right[truth]++
  }
  const n = sum(rows)
  if (n === 0) return null
  const recalls = rows.flatMap((count, i) => (count > 0 ? [right[i] / count] : []))
  const majority = rows.indexOf(Math.max(...rows))
  return { accuracy: sum(right) / n, balancedAccuracy: sum(recalls) / recalls.length, majorityClassAccuracy: rows[majority] / n, majorityClass: label.categories[majority], n }
}

/**
 * Area under the ROC curve of the positive class: the chance that a positive row scores above another one, ties counting half (Mann and
 * Whitney 1947, Ann. Math. Stat. 18(1)). Null without scores, or where one of the two sides has no row.
 */
export function areaUnderCurve({ label, positive }: DatasetView, { score }: Predictions): number | null {
  const target = label && positive !== null ? indexOfLabel(label.categories, positive) : -1
  if (!label || !score || target < 0) return null
  const scored = Array.from(score, (value, row) => ({ value, truth: label.codes[row] })).filter(({ value, truth }) => !Number.isNaN(value) && truth >= 0).sort((a, b) => a.value - b.value)
  let positives = 0, negatives = 0, ordered = 0
  for (let from = 0; from < scored.length; ) {
    let to = from, tied = 0
    for (; to < scored.length && scored[to].value === scored[from].value; to++) if (scored[to].truth === target) tied++
    ordered += tied * (negatives + (to - from - tied) / 2)
    positives += tied
    negatives += to - from - tied
    from = to
  }
  return positives === 0 || negatives === 0 ? null : ordered / (positives * negatives)
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
