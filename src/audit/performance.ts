/** @file What a reader must know of the model's answers before any number. */
import type { Predictions } from '../contracts/artifact.js'
import type { DatasetView, Finding } from '../contracts/dataset.js'
import { areaUnderCurve, type Performance } from '../statistics/performance.js'

/** Both are 0.5 for a model that knows nothing. */
const SUSPICIOUS = 0.4
/** Fewer rows get there by chance. */
const LEAST_ROWS = 30

/** Answers that are worse than no answer often come from classes in the wrong order. */
export function performanceFindings(performance: Performance | null, view: DatasetView, predictions: Predictions): Finding[] {
  if (!performance || performance.n < LEAST_ROWS) return []
  const auc = areaUnderCurve(view, predictions)
  const low = [
    ...(performance.balancedAccuracy < SUSPICIOUS ? [`Balanced accuracy is ${performance.balancedAccuracy.toFixed(3)}`] : []),
    ...(auc !== null && auc < SUSPICIOUS ? [`AUC is ${auc.toFixed(3)}`] : []),
  ]
  return low.length === 0 ? [] : [{
    id: 'class-order',
    severity: 'warning',
    message: `${low.join(', ')}: class order may be reversed. Check model.output.classes and data.positive.`,
    details: { balancedAccuracy: performance.balancedAccuracy, auc },
  }]
}
