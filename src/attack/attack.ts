/** @file What every gradient attack shares. An attack writes only its step; the template owns what must hold whatever the step does. */
import { ProbityError } from '../contracts/errors.js'
import type { Model, ModelInput } from '../contracts/model.js'
import type { Objective, Target } from '../contracts/objective.js'
import type { Feeds, Tensor, Tensors } from '../contracts/tensor.js'
import { isFloat, sizeOf } from '../tensor/dtypes.js'
import { predictedClasses } from '../tensor/predicted-classes.js'
import { randomStream } from '../tensor/random.js'
import { takeRows } from '../tensor/rows.js'
import { fromNumbers, toNumbers, toTensor } from '../tensor/tensor.js'
import { feasibleSet, type Bounds, type FeasibleSet, type Region } from './feasible-set.js'

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
  readonly seed?: number
  /** Names of the rows for randomness, so that a row draws the same numbers in any block; default 0, 1, …. */
  readonly rowNumbers?: ArrayLike<number>
}

export type AttackResult = {
  /** The feeds with the attacked input changed. */
  readonly adversarial: Tensors
  /** [batch] 1 where a fresh prediction of the adversarial row is not its true class. */
  readonly success: Uint8Array
  /** Rows right after the attack / all rows; NaN without rows. */
  readonly robustAccuracy: number
  /** [batch] */
  readonly cleanPredicted: Int32Array
  /** [batch] */
  readonly adversarialPredicted: Int32Array
  /** [batch] largest |change| / scale over the elements that may change. */
  readonly distance: Float64Array
  /** [batch] 1 where every gradient that was taken was zero in every element that may change: the attack saw nothing. */
  readonly zeroGradient: Uint8Array
  /** Share of `zeroGradient` among rows that were right before the attack: a sign of masked gradients. NaN when none was right. */
  readonly zeroGradientShare: number
}

export type AttackMethod = {
  readonly steps: number
  readonly restarts: number
  /** Whether restarts begin at a uniformly random point of the feasible set instead of the clean row. */
  readonly randomStart: boolean
  /**
   * Moves the points, [rows, size], in place, given the gradient there and the scale per element. Whatever it does, the template brings
   * the points back into the feasible set.
   */
  advance(points: Float64Array, gradient: Float64Array, scale: Float64Array): void
}

type Rows = { readonly model: Model; readonly input: ModelInput; readonly feeds: Tensors; readonly targets: Int32Array; readonly dims: readonly number[]; readonly size: number; readonly options: AttackOptions }

/**
 * Best so far: each restart's last iterate is examined, and a row keeps the first that is misclassified (later restarts leave it alone), else
 * the last. A row whose clean version is already wrong falls back to it, so robust accuracy never exceeds accuracy. With one restart and no
 * random start this is the plain attack.
 *
 * @throws ProbityError when options cannot be meant, or the model has no gradient
 */
export async function runAttack(model: Model, feeds: Feeds, options: AttackOptions, method: AttackMethod): Promise<AttackResult> {
  checkOptions(options, method)
  const rows = prepare(model, feeds, options)
  const clean = toNumbers(rows.feeds[rows.input.name])
  const { epsilon, bounds = [0, 1], mask, scale } = options
  const set = feasibleSet(clean, rows.dims, rows.input.dtype, { epsilon, bounds, mask, scale })
  const cleanPredicted = await classify(rows, clean)
  const best = Float64Array.from(clean)
  const zeroGradient = new Uint8Array(rows.targets.length).fill(1)
  let standing = Array.from(rows.targets.keys())
  for (let restart = 0; restart < method.restarts && standing.length > 0; restart++) {
    const points = start(rows, set, clean, standing, restart, method)
    const part = restrict(set, standing, rows.size)
    for (let step = 0; step < method.steps; step++) {
      const gradient = await gradientAt(rows, points, standing)
      noteZeros(zeroGradient, gradient, part.mutable, standing, rows.size)
      method.advance(points, gradient, part.scale)
      project(points, part, rows.input)
    }
    const predicted = await classify(rows, points, standing)
    standing.forEach((row, i) => {
      const isBroken = predicted[i] !== rows.targets[row]
      if (isBroken || cleanPredicted[row] === rows.targets[row]) best.set(points.subarray(i * rows.size, (i + 1) * rows.size), row * rows.size)
    })
    standing = standing.filter((row, i) => predicted[i] === rows.targets[row])
  }
  return judge(rows, best, clean, set, cleanPredicted, zeroGradient)
}

function checkOptions({ epsilon, norm = 'linf' }: AttackOptions, { steps, restarts, randomStart }: AttackMethod): void {
  if (norm !== 'linf') throw new ProbityError('attack/norm', `There is no attack in the norm ${String(norm)}: use linf`)
  if (!(epsilon >= 0 && Number.isFinite(epsilon))) throw new ProbityError('attack/epsilon', `epsilon must be a number ≥ 0, got ${epsilon}`)
  for (const [name, value] of Object.entries({ steps, restarts })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new ProbityError('attack/option', `${name} must be a whole number ≥ 1, got ${value}`)
  }
  if (restarts > 1 && !randomStart) throw new ProbityError('attack/option', `${restarts} restarts from the same point do the same thing: set randomStart, or restarts to 1`)
}

function prepare(model: Model, feeds: Feeds, options: AttackOptions): Rows {
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
function feedsAt({ model, input, feeds, dims }: Rows, points: Float64Array, subset: readonly number[] | null): Tensors {
  const changed = Object.create(null) as Record<string, Tensor>
  for (const { name, batchAxis } of model.inputs) changed[name] = subset === null || batchAxis === null ? feeds[name] : takeRows(feeds[name], subset, batchAxis)
  changed[input.name] = fromNumbers(points, [subset?.length ?? dims[0], ...dims.slice(1)], input.dtype)
  return changed
}

async function classify(rows: Rows, points: Float64Array, subset: readonly number[] | null = null): Promise<Int32Array> {
  return predictedClasses(await rows.model.predict(feedsAt(rows, points, subset)), rows.model.prediction, rows.options.threshold)
}

/** [subset, size]; what is not finite gives no direction and counts as zero. */
async function gradientAt(rows: Rows, points: Float64Array, subset: readonly number[]): Promise<Float64Array> {
  const { options: { loss = 'cross-entropy', output }, targets, input, model } = rows
  const objective: Objective = { output: output ?? model.prediction.output ?? undefined, loss, target: Array.from(subset, (row) => targets[row]) }
  const gradients = await model.gradient(feedsAt(rows, points, subset), objective, { withRespectTo: input.name })
  return toNumbers(gradients[input.name]).map((value) => (Number.isFinite(value) ? value : 0))
}

/** The clean rows, or uniform draws from the feasible set that depend on seed, row number, restart and element alone. */
function start({ options, size }: Rows, { low, high }: FeasibleSet, clean: Float64Array, standing: readonly number[], restart: number, { randomStart }: AttackMethod): Float64Array {
  const random = randomStream(options.seed ?? 0, 'attack/start')
  const points = new Float64Array(standing.length * size)
  standing.forEach((row, i) => {
    for (let k = 0; k < size; k++) {
      const at = row * size + k
      points[i * size + k] = randomStart ? low[at] + (high[at] - low[at]) * random(options.rowNumbers?.[row] ?? row, restart * size + k) : clean[at]
    }
  })
  return points
}

function restrict({ low, high, scale, mutable }: FeasibleSet, subset: readonly number[], size: number): FeasibleSet {
  const rowsOf = <A extends Float64Array | Uint8Array>(values: A, target: A): A => {
    subset.forEach((row, i) => target.set(values.subarray(row * size, (row + 1) * size), i * size))
    return target
  }
  const length = subset.length * size
  return { low: rowsOf(low, new Float64Array(length)), high: rowsOf(high, new Float64Array(length)), scale: rowsOf(scale, new Float64Array(length)), mutable: rowsOf(mutable, new Uint8Array(length)) }
}

/** Rounds to what the input can hold first, so that the limits hold for what the model sees. */
function project(points: Float64Array, { low, high }: FeasibleSet, { dtype }: ModelInput): void {
  const isNarrow = dtype === 'float32'
  for (let i = 0; i < points.length; i++) points[i] = Math.min(Math.max(isNarrow ? Math.fround(points[i]) : points[i], low[i]), high[i])
}

function noteZeros(zeroGradient: Uint8Array, gradient: Float64Array, mutable: Uint8Array, subset: readonly number[], size: number): void {
  subset.forEach((row, i) => {
    for (let k = i * size; k < (i + 1) * size; k++) if (mutable[k] === 1 && gradient[k] !== 0) zeroGradient[row] = 0
  })
}

async function judge(rows: Rows, best: Float64Array, clean: Float64Array, { scale, mutable }: FeasibleSet, cleanPredicted: Int32Array, zeroGradient: Uint8Array): Promise<AttackResult> {
  const { targets, size } = rows
  const adversarial = feedsAt(rows, best, null)
  const adversarialPredicted = predictedClasses(await rows.model.predict(adversarial), rows.model.prediction, rows.options.threshold)
  const success = Uint8Array.from(targets, (target, row) => Number(adversarialPredicted[row] !== target))
  const distance = new Float64Array(targets.length)
  for (let i = 0; i < best.length; i++) {
    if (mutable[i] === 0 || best[i] === clean[i]) continue
    const row = Math.floor(i / size)
    distance[row] = Math.max(distance[row], Math.abs(best[i] - clean[i]) / scale[i])
  }
  const right = Array.from(targets.keys()).filter((row) => cleanPredicted[row] === targets[row])
  return {
    adversarial, success, cleanPredicted, adversarialPredicted, distance, zeroGradient,
    robustAccuracy: success.reduce((sum, broken) => sum + 1 - broken, 0) / targets.length,
    zeroGradientShare: right.filter((row) => zeroGradient[row] === 1).length / right.length,
  }
}
