/** @file From a model's numbers to probabilities and a decision. */
import type { OutputKind } from '../contracts/model.js'

/**
 * Probabilities of one row from its output columns; a single column is about the second of two classes: logits are [0, z].
 * Softmax is shifted by the maximum, so that it never overflows.
 */
export function toProbabilities(columns: Float64Array, kind: Exclude<OutputKind, 'label' | 'score'>): Float64Array {
  if (kind === 'probabilities') return columns.length === 1 ? Float64Array.of(1 - columns[0]!, columns[0]!) : columns
  const logits = columns.length === 1 ? Float64Array.of(0, columns[0]!) : columns
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const exponentials = logits.map((logit) => Math.exp(logit - largest))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((exponential) => exponential / sum)
}

/** Index of the largest value, the first on ties; −1 when a value is NaN. `except` is passed over. */
export function argmax(values: Float64Array, except = -1): number {
  let best = -1
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return -1
    if (i !== except && (best < 0 || values[i]! > values[best]!)) best = i
  }
  return best
}

/**
 * The positive class when its score reaches the threshold, else the most likely of the others.
 * @param ranking what the other classes are compared by
 */
export function decideByThreshold(score: number, threshold: number, positive: number, ranking: Float64Array): number {
  if (Number.isNaN(score)) return -1
  return score >= threshold ? positive : argmax(ranking, positive)
}
