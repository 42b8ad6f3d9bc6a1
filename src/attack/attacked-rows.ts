/** @file The rows under attack: their feeds, true classes, predictions and gradients. */
import { ProbityError } from '../contracts/errors.js'
import type { Model, ModelInput } from '../contracts/model.js'
import type { Objective, Target } from '../contracts/objective.js'
import type { Feeds, Tensor, Tensors } from '../contracts/tensor.js'
import { isFloat, sizeOf } from '../tensor/dtypes.js'
import { predictedClasses } from '../tensor/predicted-classes.js'
import { takeRows } from '../tensor/rows.js'
import { fromNumbers, toNumbers, toTensor } from '../tensor/tensor.js'
import type { Bounds, Region } from './feasible-set.js'

export type AttackOptions = {
  /** The true class per row, or one for all: what the attack leads away from. */
  readonly target: Target
  /** Largest change per element, times `scale`. */
  readonly epsilon: number
  /** Where values may lie; default [0, 1]. */
  readonly bounds?: Bounds
  readonly mask?: Region['mask']
  readonly scale?: Region['scale']
  readonly norm?: 'linf'
  /** What is increased; `margin` does not saturate where the model is sure. Default `cross-entropy`. */
  readonly loss?: 'cross-entropy' | 'margin'
  /** The input that is changed; default: the model's only float input. */
  readonly input?: string
  /** The output whose loss is increased; default: the one that the prediction is read from. */
  readonly output?: string
  /** For models of one column; default 0.5. */
  readonly threshold?: number
  /** Class index per row from the model's outputs, where another rule decides than the model's own label, the largest column or `threshold`. */
  readonly classify?: (outputs: Tensors, rows: number) => Int32Array
  readonly seed?: number
  /** Names of the rows for randomness, so that a row draws the same numbers in any block; default 0, 1, …. */
  readonly rowNumbers?: ArrayLike<number>
}

export type AttackedRows = {
  readonly model: Model
  /** The input that is changed. */
  readonly input: ModelInput
  readonly feeds: Tensors
  /** [rows] true class */
  readonly targets: Int32Array
  /** [rows, …] of the attacked input */
  readonly dims: readonly number[]
  /** Elements of a row. */
  readonly size: number
  readonly options: AttackOptions
}

export function prepareRows(model: Model, feeds: Feeds, options: AttackOptions): AttackedRows {
  const input = attackedInput(model, options.input)
  const tensors = Object.create(null) as Record<string, Tensor>
  for (const { name, dtype } of model.inputs) {
    if (!Object.hasOwn(feeds, name)) throw new ProbityError('attack/missing-input', `Input ${name} was not fed`)
    tensors[name] = toTensor(feeds[name], dtype, `input ${name}`)
  }
  const { dims } = tensors[input.name]
  const { target } = options
  if (typeof target !== 'number' && target.length !== dims[0]) throw new ProbityError('attack/target', `target has ${target.length} classes for ${dims[0]} rows: give one for all rows, or one per row`)
  if (options.rowNumbers && options.rowNumbers.length !== dims[0]) throw new ProbityError('attack/option', `rowNumbers has ${options.rowNumbers.length} numbers for ${dims[0]} rows`)
  const targets = Int32Array.from({ length: dims[0] }, (_, row) => Number(typeof target === 'number' ? target : target[row]))
  return { model, input, feeds: tensors, targets, dims, size: sizeOf(dims.slice(1)), options }
}

function attackedInput(model: Model, name: string | undefined): ModelInput {
  const floats = model.inputs.filter(({ dtype, batchAxis }) => isFloat(dtype) && batchAxis === 0)
  const found = name === undefined ? floats : floats.filter((input) => input.name === name)
  if (found.length === 1) return found[0]
  const choices = floats.map((input) => input.name).join(', ') || 'none'
  throw new ProbityError('attack/input', name === undefined ? `An attack changes one float input with rows along its first axis, and the model has ${floats.length}: name one in input (${choices})` : `There is no float input ${name} with rows along its first axis to attack; known: ${choices}`)
}

/** Feeds in which the attacked input holds `points`; `subset` lists the rows that the points belong to. */
export function feedsAt({ model, input, feeds, dims }: AttackedRows, points: Float64Array, subset: readonly number[] | null): Tensors {
  const changed = Object.create(null) as Record<string, Tensor>
  for (const { name, batchAxis } of model.inputs) changed[name] = subset === null || batchAxis === null ? feeds[name] : takeRows(feeds[name], subset, batchAxis)
  changed[input.name] = fromNumbers(points, [subset?.length ?? dims[0], ...dims.slice(1)], input.dtype)
  return changed
}

/** Classes at the given points. */
export async function classify(rows: AttackedRows, points: Float64Array, subset: readonly number[] | null = null): Promise<Int32Array> {
  const outputs = await rows.model.predict(feedsAt(rows, points, subset))
  const { classify: own, threshold } = rows.options
  return own ? own(outputs, subset?.length ?? rows.dims[0]) : predictedClasses(outputs, rows.model.prediction, threshold)
}

/** [subset, size]; what is not finite gives no direction and counts as zero. */
export async function gradientAt(rows: AttackedRows, points: Float64Array, subset: readonly number[]): Promise<Float64Array> {
  const { options: { loss = 'cross-entropy', output }, targets, input, model } = rows
  const objective: Objective = { output: output ?? model.prediction.output ?? undefined, loss, target: Array.from(subset, (row) => targets[row]) }
  const gradients = await model.gradient(feedsAt(rows, points, subset), objective, { withRespectTo: input.name })
  return toNumbers(gradients[input.name]).map((value) => (Number.isFinite(value) ? value : 0))
}
