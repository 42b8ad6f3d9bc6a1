/** @file How the answer is read: what the graph shows, overruled by what the caller says. */
import { ProbityError } from '../contracts/errors.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { ModelOutput, Prediction } from '../contracts/model.js'
import { nearest } from '../contracts/near-names.js'
import { sizeOf } from '../tensor/dtypes.js'
import type { LoadOptions } from './options.js'

/**
 * @param detected What the graph shows, of the named output where there is one.
 * @param aliases Outputs that cannot be fetched → the tensors that stand for them.
 * @throws ProbityError for an output that does not exist, or classes that do not fit its columns
 */
export function settlePrediction(detected: Prediction, override: LoadOptions['prediction'], outputs: readonly ModelOutput[], aliases: ReadonlyMap<string, string>): Prediction {
  const fetched = (name: string) => aliases.get(name) ?? name
  const named = override?.name === undefined ? null : fetched(override.name)
  if (named !== null && !outputs.some(({ name }) => name === named)) {
    throw new ProbityError('engine/unknown-output', `The model has no output ${named}. ${nearest(named, outputs.map(({ name }) => name))}`)
  }
  const output = detected.output === null ? named : fetched(detected.output)
  const kind = override?.kind ?? detected.kind
  const classes = override?.classes?.map(String) ?? detected.classes
  const renamed = labelClassesOf(detected, classes)
  if (kind === 'label') return { output: null, kind, logits: null, labelOutput: named ?? detected.labelOutput ?? output, classes, ...renamed, columns: null }
  const columns = detected.columns ?? columnsOf(outputs.find(({ name }) => name === output))
  const classCount = columns === 1 ? 2 : columns
  if (override?.classes && classCount !== null && override.classes.length !== classCount) {
    throw new ProbityError('engine/classes', `${override.classes.length} classes were given, and output ${output} has ${columns === 1 ? 'one column, which is two classes' : `${columns} columns`}`)
  }
  return { output, kind, logits: kind === detected.kind ? detected.logits : null, labelOutput: detected.labelOutput, classes, ...renamed, columns }
}

/** Names that share nothing with the model's own rename them by index (0, 1 → no, yes); where some are the same, the model's labels speak for themselves. */
function labelClassesOf({ labelOutput, classes: own }: Prediction, classes: readonly string[] | null): Pick<Prediction, 'labelClasses'> {
  const isRenamed = labelOutput !== null && own !== null && classes !== null && own.length === classes.length && own.every((name) => indexOfLabel(classes, name) < 0)
  return isRenamed ? { labelClasses: own } : {}
}

/** Columns of a [batch, …] output; null when only known at run time. */
function columnsOf(output: ModelOutput | undefined): number | null {
  if (!output?.dims) return null
  const inner = output.dims.slice(1)
  return inner.every((dim) => typeof dim === 'number') ? sizeOf(inner as number[]) : null
}
