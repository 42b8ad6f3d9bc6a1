/** @file What a reader must know of the model's answers before any number. */
import type { Predictions } from '../contracts/artifact.js'
import type { DatasetView, Finding } from '../contracts/dataset.js'
import type { ModelSummary } from '../contracts/model.js'
import { areaUnderCurve, type Performance } from '../statistics/performance.js'

/** Four fifths of what a model that knows nothing scores: 0.4 for AUC and for two classes, less for more. */
const SUSPICIOUS = 0.8
const CHANCE_AUC = 0.5
/** Fewer rows get there by chance. */
const LEAST_ROWS = 30

/** Answers that are worse than no answer often come from classes in the wrong order. */
export function performanceFindings(performance: Performance | null, view: DatasetView, predictions: Predictions): Finding[] {
  if (!performance || performance.n < LEAST_ROWS) return []
  const auc = areaUnderCurve(view, predictions)
  const chance = 1 / Math.max(2, predictions.classes.length)
  const low = [
    ...(performance.balancedAccuracy < SUSPICIOUS * chance ? [`Balanced accuracy is ${performance.balancedAccuracy.toFixed(3)}`] : []),
    ...(auc !== null && auc < SUSPICIOUS * CHANCE_AUC ? [`AUC is ${auc.toFixed(3)}`] : []),
  ]
  return low.length === 0 ? [] : [{
    id: 'class-order',
    severity: 'warning',
    message: `${low.join(', ')}: class order may be reversed. Check model.output.classes and data.positive.`,
    details: { balancedAccuracy: performance.balancedAccuracy, auc },
  }]
}

/** Batch statistics, as of a model that was exported in training mode: block sizes would decide the numbers. */
export function rowInfluenceFindings(model: ModelSummary | null): Finding[] {
  if (!model || model.rowIndependent) return []
  return [{
    id: 'rows-influence-each-other',
    severity: 'warning',
    message: "The model's answer for a row depends on the other rows that it is run with (a row alone gave another answer than among others), so its predictions hold for these blocks of rows only and no limit can pass. Export the model in evaluation mode.",
  }]
}
