/** @file Where an objective attaches, and the target that is fed for it. */
import { ProbityError } from '../contracts/errors.js'
import type { Dim, ModelOutput, Prediction } from '../contracts/model.js'
import { nearest } from '../contracts/near-names.js'
import { LOSSES, type Loss, type Objective, type Target } from '../contracts/objective.js'
import type { DType, Tensor } from '../contracts/tensor.js'
import { isFloat, sizeOf } from '../tensor/dtypes.js'
import { fromNumbers } from '../tensor/tensor.js'
import { describeDims } from './feeds.js'

export type Attachment = { readonly output: string; readonly loss?: Loss; readonly on: 'logits' | 'probabilities' }

export type ObjectiveSources = {
  readonly outputs: readonly ModelOutput[]
  readonly prediction: Prediction
  /** The output that the caller chose when loading; settles which of several float outputs is meant. */
  readonly chosenOutput: string | null
  readonly aliases: ReadonlyMap<string, string>
  /** Every value of the graph that could carry an objective. */
  readonly values: ReadonlySet<string>
  /** Whether columns of the prediction's output are probabilities of their own (sigmoid), not of one choice (softmax). */
  readonly independentColumns: boolean
}

/**
 * Cross-entropy on probabilities flattens gradients where the model is sure, which fakes robustness: losses attach to the logits behind
 * probabilities where the graph shows them, else to log p.
 *
 * @throws ProbityError when no output is named and several could be meant, or a name is unknown
 */
export function attach({ output, loss }: Objective, sources: ObjectiveSources): Attachment {
  if (loss !== undefined && !LOSSES.includes(loss)) throw new ProbityError('engine/loss', `There is no loss ${String(loss)}. ${nearest(String(loss), LOSSES)}`)
  const { prediction, aliases, values, outputs } = sources
  const name = output === undefined ? defaultOutput(sources) : (aliases.get(output) ?? output)
  if (!values.has(name)) throw new ProbityError('engine/unknown-output', `The model has no value ${name}. ${nearest(name, outputs.map((known) => known.name))}`)
  if (loss === undefined) return { output: name, on: 'logits' }
  if (loss === 'mse') return { output: name, loss, on: 'logits' }
  const isProbabilities = name === prediction.output && prediction.kind === 'probabilities'
  if (!isProbabilities) return { output: name, loss, on: 'logits' }
  // Binary cross-entropy reads each column through a sigmoid, which the logits of a softmax are not made for.
  const fits = prediction.logits !== null && (loss !== 'binary-cross-entropy' || sources.independentColumns)
  return fits ? { output: prediction.logits!, loss, on: 'logits' } : { output: name, loss, on: 'probabilities' }
}

function defaultOutput({ outputs, chosenOutput }: ObjectiveSources): string {
  if (chosenOutput !== null) return chosenOutput
  const floats = outputs.filter(({ dtype }) => isFloat(dtype)).map(({ name }) => name)
  if (floats.length === 1) return floats[0]
  if (floats.length === 0) throw new ProbityError('engine/no-float-output', `The model has no float output to differentiate: ${outputs.map(({ name, dtype }) => `${name} is ${dtype}`).join(', ')}`)
  throw new ProbityError('engine/ambiguous-output', `The model has several float outputs, so the objective must name one: output: ${floats.join(' or ')}`)
}

/**
 * The target as the compiled objective reads it: class indices [rows] as int64, or for binary cross-entropy and squared error floats of the output's shape.
 *
 * @param dims Of the value that the objective attaches to.
 * @throws ProbityError naming the class that does not exist, or the number of targets that is missing
 */
export function targetTensor(target: Target | undefined, { output, loss }: Attachment, dims: readonly Dim[] | null, dtype: DType, rows: number): Tensor {
  if (target === undefined) throw new ProbityError('engine/target', `The objective ${loss ?? 'of a chosen element'} on ${output} ${describeDims(dims)} needs a target: a class for all rows, or one per row`)
  if (loss === 'binary-cross-entropy' || loss === 'mse') return floatTarget(target, loss, output, dims, dtype, rows)
  const columns = columnsOf(dims)
  const classes = columns === 1 && loss !== undefined ? 2 : columns
  if (typeof target !== 'number' && target.length !== rows) throw new ProbityError('engine/target', `target has ${target.length} classes for ${rows} rows: give one for all rows, or one per row`)
  const labels = new BigInt64Array(rows)
  for (let row = 0; row < rows; row++) {
    const label = Number(typeof target === 'number' ? target : target[row])
    if (!Number.isInteger(label) || label < 0 || (classes !== null && label >= classes)) {
      throw new ProbityError('engine/target', `target of row ${row} is class ${label}, and ${output} has ${classes ?? 'no such'} classes${classes === null ? '' : `, 0 to ${classes - 1}`}`)
    }
    labels[row] = BigInt(label)
  }
  return { data: labels, dims: [rows], dtype: 'int64' }
}

function floatTarget(target: Target, loss: 'binary-cross-entropy' | 'mse', output: string, dims: readonly Dim[] | null, dtype: DType, rows: number): Tensor {
  const inWords = loss === 'mse' ? 'squared error' : 'binary cross-entropy'
  const inner = (dims ?? [null, null]).slice(1)
  const open = inner.filter((dim) => typeof dim !== 'number').length
  if (open > 1) throw new ProbityError('engine/target', `The shape ${describeDims(dims)} of ${output} leaves the target's shape open. Export the model with fixed sizes.`)
  const known = sizeOf(inner.filter((dim) => typeof dim === 'number'))
  const given = typeof target === 'number' ? rows * known : target.length
  const missing = rows * known === 0 ? 0 : given / (rows * known)
  const shape = [rows, ...inner.map((dim) => (typeof dim === 'number' ? dim : missing))]
  if (sizeOf(shape) !== given || !shape.every(Number.isInteger)) throw new ProbityError('engine/target', `target has ${given} values, and ${inWords} needs one for each of ${rows} rows of ${output} ${describeDims(dims)}`)
  const values = Float64Array.from({ length: given }, (_, i) => Number(typeof target === 'number' ? target : target[i]))
  const outside = values.find((value) => (loss === 'mse' ? !Number.isFinite(value) : !(value >= 0 && value <= 1)))
  if (outside !== undefined) throw new ProbityError('engine/target', `targets of ${inWords} ${loss === 'mse' ? 'are finite numbers' : 'lie in [0, 1]'}, got ${outside}`)
  return fromNumbers(values, shape, dtype)
}

/** Classes lie on axis 1; a vector has one. */
const columnsOf = (dims: readonly Dim[] | null): number | null => (dims === null ? null : dims.length === 1 ? 1 : typeof dims[1] === 'number' ? dims[1] : null)
