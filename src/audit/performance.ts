/** @file How well the model does, which must stand beside every other number, and whether its classes look reversed. */
import type { Predictions } from '../contracts/artifact.js'
import type { DatasetView, Finding } from '../contracts/dataset.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Report } from '../contracts/report.js'

type Performance = NonNullable<Report['performance']>

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

export function performanceFindings(performance: Performance | null): Finding[] {
  if (!performance || performance.balancedAccuracy >= 0.4 || performance.n < 30) return []
  return [{
    id: 'class-order',
    severity: 'warning',
    message: `Balanced accuracy is ${performance.balancedAccuracy.toFixed(3)}: class order may be reversed. Check model.output.classes and data.positive.`,
  }]
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
