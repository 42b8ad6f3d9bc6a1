/** @file The decision rule of an audit: from what a model answers for a row to the class that it counts as. One rule for predictions and for attacks. */
import { ProbityError } from '../contracts/errors.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Prediction } from '../contracts/model.js'
import type { Tensor } from '../contracts/tensor.js'
import { argmax, decideByThreshold, toProbabilities } from './decide.js'

/** What the config states: the class that scores speak of, and from which score on it is chosen. */
export type Stated = { readonly positive: string | null; readonly threshold: number | null }

export type SettledRow = {
  /** [classes]; null for scores, which are no probabilities. */
  readonly probabilities: Float64Array | null
  /** [classes] what classes are ranked by: the model's own numbers, since softmax can make near values equal. */
  readonly ranking: Float64Array
  readonly score: number
}

export type Rule = {
  /** Index of the positive class, −1 where none is stated. */
  readonly positive: number
  readonly inWords: string
  /** Class index, −1 where there is no answer. */
  readonly decide: (row: SettledRow | null, label: string | null) => number
}

/** A threshold that the config states is obeyed before the model's own label, which knows nothing of it. */
export function chooseRule(prediction: Prediction, classes: readonly string[], { positive: positiveClass, threshold }: Stated): Rule {
  const positive = positiveClass === null ? -1 : indexOfLabel(classes, positiveClass)
  if (threshold !== null && prediction.output !== null) {
    if (positive < 0) throw new ProbityError('predictions/threshold', `decision.threshold needs to know the score of which class is compared. Give data.positive: one of ${classes.join(', ')}.`)
    if (positive === 0 && prediction.kind === 'score' && prediction.columns === 1) {
      throw new ProbityError('predictions/threshold', `The model's score speaks of ${classes[1]}, and decision.threshold is about ${classes[0]}, the positive class. Make ${classes[1]} the positive class, or turn model.output.classes round.`)
    }
    return { positive, inWords: `score of ${classes[positive]} ≥ ${threshold}`, decide: (row) => (row ? decideByThreshold(row.score, threshold, positive, row.ranking) : -1) }
  }
  if (prediction.labelOutput !== null) return { positive, inWords: 'the model\'s own label', decide: (_row, label) => indexOfClass(prediction.labelClasses ?? classes, label ?? '') }
  return { positive, inWords: 'most likely class (assumed)', decide: (row) => (row ? argmax(row.ranking) : -1) }
}

function indexOfClass(classes: readonly string[], label: string): number {
  const index = indexOfLabel(classes, label)
  if (index < 0) throw new ProbityError('predictions/unknown-label', `The model gave the label "${label.slice(0, 80)}", which is not one of its classes (${classes.join(', ')}). Correct model.output.classes.`)
  return index
}

/** One row's columns as probabilities, ranking and score. */
export function settleRow(raw: Float64Array, { kind }: Prediction, positive: number): SettledRow {
  if (kind === 'score' || kind === 'label') {
    const ranking = raw.length === 1 ? Float64Array.of(0, raw[0]!) : raw
    return { probabilities: null, ranking, score: raw.length === 1 ? scoreOfSecond(raw[0]!, positive) : (raw[positive] ?? NaN) }
  }
  const probabilities = toProbabilities(raw, kind)
  const ranking = kind === 'logits' ? (raw.length === 1 ? Float64Array.of(0, raw[0]!) : raw) : probabilities
  return { probabilities, ranking, score: probabilities[positive] ?? NaN }
}

/** A lone score speaks of the second class; where the first is positive, its order is turned round. */
const scoreOfSecond = (score: number, positive: number): number => (positive === 0 ? -score : score)

/** The columns of an answer, which must be one per class. */
export function columnsOf({ data, dims }: Tensor, prediction: Prediction, classes: readonly string[]): { data: Float64Array; rows: number; columns: number } {
  const [rows, columns] = dims as readonly [number, number]
  const expected = classes.length
  if (columns !== expected && !(columns === 1 && expected === 2)) {
    throw new ProbityError('predictions/classes', `Output ${prediction.output} has ${columns} columns for ${expected} classes (${classes.join(', ')}). State model.output.classes, one for each column in order.`)
  }
  return { data: data as Float64Array, rows, columns }
}

/** [rows] class index of every row of a block's answers (see `readAnswers`). */
export function decideRows(answers: Readonly<Record<string, Tensor>>, prediction: Prediction, classes: readonly string[], stated: Stated): Int32Array {
  const rule = chooseRule(prediction, classes, stated)
  const output = answers.output ? columnsOf(answers.output, prediction, classes) : null
  const labels = answers.label ? (answers.label.data as readonly string[]) : null
  return Int32Array.from({ length: output?.rows ?? labels?.length ?? 0 }, (_, row) =>
    rule.decide(output && settleRow(output.data.subarray(row * output.columns, (row + 1) * output.columns), prediction, rule.positive), labels?.[row] ?? null))
}
