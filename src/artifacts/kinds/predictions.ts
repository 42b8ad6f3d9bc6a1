/** @file Predictions: what the model answers for every complete row, or what the data already holds. */
import type { Predictions } from '../../contracts/artifact.js'
import { ProbityError } from '../../contracts/errors.js'
import { indexOfLabel } from '../../contracts/labels.js'
import type { Prediction } from '../../contracts/model.js'
import { fillInputs } from '../../data/index.js'
import { classLabels, spelledLike } from '../class-labels.js'
import { argmax, decideByThreshold, toProbabilities } from '../decide.js'
import type { ArtifactGatherer, Part, PlanContext } from '../kind.js'
import { readAnswers } from '../model-answers.js'
import { storedPredictions } from '../stored-predictions.js'

export const predictionsGatherer: ArtifactGatherer<'predictions', Record<string, never>> = {
  kind: 'predictions',
  dependsOn: () => ({}),

  plan(_parameters, _dependencies, { view, model, decision, blockRows }) {
    if (!model) return storedPredictions(view, decision)
    const labels = classLabels(model.prediction, view)
    if ('unavailable' in labels) return labels
    const { kind, columns } = model.prediction
    if (kind === 'score' && columns === 1 && decision.threshold === null && model.prediction.labelOutput === null) {
      return { unavailable: 'the model gives a score, and from which score on the class is positive is not stated; give decision.threshold (or model.output.kind: probabilities or logits if that is what it gives)' }
    }
    if (view.positive !== null && labels.classes.length > 0 && indexOfLabel(labels.classes, view.positive) < 0) {
      return { unavailable: `the positive class ${view.positive} is not one of the model's classes (${labels.classes.join(', ')}); correct data.positive or model.output.classes` }
    }
    return { concrete: {}, rows: Array.from({ length: view.rows }, (_, row) => row).filter((row) => view.complete[row] === 1), blockRows }
  },

  async gather(rows, _concrete, { model, view, inputs }) {
    const outputs = await model.predict(fillInputs(view, inputs, rows))
    return { json: null, tensors: readAnswers(model.prediction, outputs, rows.length) }
  },

  combine(parts, { rows }, _dependencies, context) {
    const { view, model } = context
    const prediction = model!.prediction
    const modelLabels = prediction.labelOutput === null ? null : parts.flatMap((part) => part.tensors.label!.data as readonly string[])
    const { classes, assumed } = settleClasses(prediction, modelLabels, context)
    const chosen = chooseRule(prediction, classes, context)
    const answer: Predictions = {
      classes,
      predicted: new Int32Array(view.rows).fill(-1),
      probabilities: prediction.output !== null && prediction.kind !== 'score' ? new Float64Array(view.rows * classes.length).fill(NaN) : null,
      score: prediction.output !== null && chosen.positive >= 0 ? new Float64Array(view.rows).fill(NaN) : null,
      decisionRule: `${chosen.inWords}${assumed ? `; output columns read as ${classes.join(', ')} (assumed)` : ''}`,
    }
    let at = 0
    for (const part of parts) {
      const output = prediction.output === null ? null : columnsOf(part, prediction, classes)
      const partRows = output?.rows ?? part.tensors.label!.dims[0]!
      for (let i = 0; i < partRows; i++, at++) {
        const row = rows[at]!
        const raw = output && output.data.subarray(i * output.columns, (i + 1) * output.columns) // [columns]
        const settled = raw && settleRow(raw, prediction, chosen.positive)
        if (settled?.probabilities) answer.probabilities?.set(settled.probabilities, row * classes.length)
        if (settled && answer.score) answer.score[row] = settled.score
        answer.predicted[row] = chosen.decide(settled, modelLabels?.[at] ?? null)
      }
    }
    return answer
  },
}

type SettledRow = {
  /** [classes]; null for scores, which are no probabilities. */
  readonly probabilities: Float64Array | null
  /** [classes] what classes are ranked by: the model's own numbers, since softmax can make near values equal. */
  readonly ranking: Float64Array
  readonly score: number
}

/** Labels that a label-only model gives beside those of the data are classes too. */
function settleClasses(prediction: Prediction, modelLabels: readonly string[] | null, { view }: PlanContext): { classes: readonly string[]; assumed: boolean } {
  const labels = classLabels(prediction, view)
  if ('unavailable' in labels) throw new ProbityError('predictions/classes', `The classes are not known: ${labels.unavailable}.`)
  if (prediction.output !== null || prediction.classes || !modelLabels) return labels
  const given = [...new Set(modelLabels)].map((label) => spelledLike(labels.classes, label))
  return { classes: [...new Set([...labels.classes, ...given.sort()])], assumed: false }
}

/** A threshold that the config states is obeyed before the model's own label, which knows nothing of it. */
function chooseRule(prediction: Prediction, classes: readonly string[], { view, decision }: PlanContext): { positive: number; inWords: string; decide: (row: SettledRow | null, label: string | null) => number } {
  const positive = view.positive === null ? -1 : indexOfLabel(classes, view.positive)
  const { threshold } = decision
  if (threshold !== null && prediction.output !== null) {
    if (positive < 0) throw new ProbityError('predictions/threshold', `decision.threshold needs to know the score of which class is compared. Give data.positive: one of ${classes.join(', ')}.`)
    if (positive === 0 && prediction.kind === 'score' && prediction.columns === 1) {
      throw new ProbityError('predictions/threshold', `The model's score speaks of ${classes[1]}, and decision.threshold is about ${classes[0]}, the positive class. Make ${classes[1]} the positive class, or turn model.output.classes round.`)
    }
    return { positive, inWords: `score of ${classes[positive]} ≥ ${threshold}`, decide: (row) => (row ? decideByThreshold(row.score, threshold, positive, row.ranking) : -1) }
  }
  if (prediction.labelOutput !== null) return { positive, inWords: 'the model\'s own label', decide: (_row, label) => indexOfClass(classes, label ?? '') }
  return { positive, inWords: 'most likely class (assumed)', decide: (row) => (row ? argmax(row.ranking) : -1) }
}

function indexOfClass(classes: readonly string[], label: string): number {
  const index = indexOfLabel(classes, label)
  if (index < 0) throw new ProbityError('predictions/unknown-label', `The model gave the label "${label.slice(0, 80)}", which is not one of its classes (${classes.join(', ')}). Correct model.output.classes.`)
  return index
}

function settleRow(raw: Float64Array, { kind }: Prediction, positive: number): SettledRow {
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

function columnsOf(part: Part, prediction: Prediction, classes: readonly string[]): { data: Float64Array; rows: number; columns: number } {
  const { data, dims } = part.tensors.output!
  const [rows, columns] = dims as readonly [number, number]
  const expected = classes.length
  if (columns !== expected && !(columns === 1 && expected === 2)) {
    throw new ProbityError('predictions/classes', `Output ${prediction.output} has ${columns} columns for ${expected} classes (${classes.join(', ')}). State model.output.classes, one for each column in order.`)
  }
  return { data: data as Float64Array, rows, columns }
}
