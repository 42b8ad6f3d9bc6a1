/** @file Predictions: what the model answers for every complete row, or what the data already holds. */
import type { Predictions } from '../../contracts/artifact.js'
import { ProbityError } from '../../contracts/errors.js'
import { indexOfLabel } from '../../contracts/labels.js'
import type { Prediction } from '../../contracts/model.js'
import { fillInputs } from '../../data/index.js'
import { classLabels, spelledLike } from '../class-labels.js'
import { chooseRule, columnsOf, settleRow } from '../decision-rule.js'
import type { ArtifactGatherer, PlanContext } from '../kind.js'
import { readAnswers } from '../model-answers.js'
import { rowsWithin } from './model-inputs.js'
import { storedPredictions } from '../stored-predictions.js'

/** 64 MB of float32. */
const BLOCK_ELEMENTS = 2 ** 24

export const predictionsGatherer: ArtifactGatherer<'predictions', Record<string, never>> = {
  kind: 'predictions',
  dependsOn: () => ({}),

  plan(_parameters, _dependencies, { view, model, inputs, decision, blockRows }) {
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
    return { concrete: {}, rows: Array.from({ length: view.rows }, (_, row) => row).filter((row) => view.complete[row] === 1), blockRows: rowsWithin(inputs, blockRows, BLOCK_ELEMENTS) }
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
    const chosen = chooseRule(prediction, classes, { positive: view.positive, threshold: context.decision.threshold })
    const answer: Predictions = {
      classes,
      predicted: new Int32Array(view.rows).fill(-1),
      probabilities: prediction.output !== null && prediction.kind !== 'score' ? new Float64Array(view.rows * classes.length).fill(NaN) : null,
      score: prediction.output !== null && chosen.positive >= 0 ? new Float64Array(view.rows).fill(NaN) : null,
      decisionRule: `${chosen.inWords}${assumed ? `; output columns read as ${classes.join(', ')} (assumed)` : ''}`,
    }
    let at = 0
    for (const part of parts) {
      const output = prediction.output === null ? null : columnsOf(part.tensors.output!, prediction, classes)
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

/** Labels that a label-only model gives beside those of the data are classes too. */
function settleClasses(prediction: Prediction, modelLabels: readonly string[] | null, { view }: PlanContext): { classes: readonly string[]; assumed: boolean } {
  const labels = classLabels(prediction, view)
  if ('unavailable' in labels) throw new ProbityError('predictions/classes', `The classes are not known: ${labels.unavailable}.`)
  if (prediction.output !== null || prediction.classes || !modelLabels) return labels
  const given = [...new Set(modelLabels)].map((label) => spelledLike(labels.classes, label))
  return { classes: [...new Set([...labels.classes, ...given.sort()])], assumed: false }
}
