/** @file How an output is read by what its structure shows; the same rules as for ONNX graphs. */
import type { Dim, OutputKind } from '../../contracts/model.js'
import type { Signature } from '../batch.js'
import type { Reading } from './network.js'

/** The last step of an output: softmax or sigmoid, and the value before it where it has a name. */
export type LastStep = { readonly activation: 'softmax' | 'sigmoid'; readonly logits: string | null }

/** Columns of [batch] and [batch, classes]; null for other shapes. */
export function columnsOf(dims: readonly Dim[] | null): number | null {
  if (dims === null || dims.length > 2) return null
  const last = dims.length === 2 ? dims[1] : 1
  return typeof last === 'number' ? last : null
}

/** Two or more columns are logits, one is a score, unless the last step or the name says otherwise. */
export function readFloat({ name, dims }: Signature, last: LastStep | null, classes: readonly string[] | null): Reading {
  const columns = columnsOf(dims)
  // Before it stand the layers or scopes that a value within lies in.
  const own = name.slice(name.lastIndexOf('/') + 1)
  const kind: OutputKind = last || /prob/i.test(own) ? 'probabilities' : (dims !== null && dims.length > 2) || (columns === 1 && !/logit/i.test(own)) ? 'score' : 'logits'
  const fits = classes !== null && (columns === null || columns === classes.length || (columns === 1 && classes.length === 2))
  return {
    prediction: { output: name, kind, logits: last?.logits ?? null, labelOutput: null, classes: fits ? classes : null, columns: columns ?? (fits ? classes.length : null) },
    independentColumns: last?.activation === 'sigmoid',
  }
}

/** Of several float outputs the one that looks most like an answer; ties go to the first. */
export function bestReading(readings: readonly Reading[]): Reading | null {
  const rank = ({ prediction: { output, kind, columns } }: Reading) =>
    (kind === 'probabilities' ? 4 : 0) + (/prob|logit|score/i.test(output ?? '') ? 2 : 0) + (columns !== null ? 1 : 0)
  return [...readings].sort((a, b) => rank(b) - rank(a))[0] ?? null
}

export const isLabelLike = ({ name, dtype, dims }: Signature, isOnly: boolean): boolean =>
  dtype !== 'float32' && (dims === null || dims.length <= 2) && (isOnly || /label|class|predict/i.test(name))
