/** @file Predictions that stand in the data: a column of classes, a column of scores, or both. */
import type { Predictions } from '../contracts/artifact.js'
import type { DatasetView } from '../contracts/dataset.js'
import { spelledLike } from './class-labels.js'
import type { Decision } from './kind.js'

const ASSUMED_THRESHOLD = 0.5

/** @returns `unavailable` with what the config lacks. */
export function storedPredictions(view: DatasetView, { threshold }: Decision): { value: Predictions } | { unavailable: string } {
  if (view.prediction) return { value: fromClasses(view, view.prediction) }
  if (view.score) return fromScores(view, view.score, threshold)
  return { unavailable: 'there is neither a model nor a column of predictions; give --model, --prediction or --score' }
}

function fromClasses(view: DatasetView, { name, categories, codes }: NonNullable<DatasetView['prediction']>): Predictions {
  const known = view.label?.categories ?? null
  const spelled = categories.map((category) => spelledLike(known, category))
  const classes = [...new Set([...(known ?? []), ...spelled])]
  const indices = spelled.map((category) => classes.indexOf(category))
  return {
    classes,
    predicted: codes.map((code) => (code < 0 ? -1 : indices[code]!)),
    probabilities: null,
    score: view.score?.values ?? null,
    decisionRule: `column ${name}`,
  }
}

function fromScores(view: DatasetView, { name, values }: NonNullable<DatasetView['score']>, configured: number | null): { value: Predictions } | { unavailable: string } {
  const { positive, label } = view
  if (positive === null) return { unavailable: `column ${name} holds scores, and of which class is not stated; give data.positive` }
  const classes = label ? [...label.categories] : [`not ${positive}`, positive]
  const index = classes.indexOf(positive)
  if (classes.length !== 2 || index < 0) return { unavailable: `column ${name} scores ${positive} alone, and there are ${classes.length} classes; give the predicted class with data.prediction` }
  if (configured === null && values.some((value) => value < 0 || value > 1)) {
    return { unavailable: `column ${name} holds scores outside 0 to 1, and from which on ${positive} is meant is not stated; give decision.threshold` }
  }
  const threshold = configured ?? ASSUMED_THRESHOLD
  return {
    value: {
      classes,
      predicted: Int32Array.from(values, (value) => (Number.isNaN(value) ? -1 : value >= threshold ? index : 1 - index)),
      probabilities: null,
      score: values,
      decisionRule: `score of ${positive} ≥ ${threshold}${configured === null ? ' (assumed)' : ''}`,
    },
  }
}
