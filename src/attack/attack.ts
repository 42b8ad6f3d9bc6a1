/** @file What every gradient attack shares. An attack writes only its step; the template owns what must hold whatever the step does. */
import { ProbityError } from '../contracts/errors.js'
import type { Model, ModelInput } from '../contracts/model.js'
import type { Feeds, Tensors } from '../contracts/tensor.js'
import { randomStream } from '../tensor/random.js'
import { toNumbers } from '../tensor/tensor.js'
import { classify, feedsAt, gradientAt, prepareRows, type AttackedRows, type AttackOptions } from './attacked-rows.js'
import { feasibleSet, type FeasibleSet } from './feasible-set.js'

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

/**
 * Best so far: each restart's last iterate is examined, and a row keeps the first that is misclassified (later restarts leave it alone), else
 * the last. A row whose clean version is already wrong falls back to it, so robust accuracy never exceeds accuracy. With one restart and no
 * random start this is the plain attack.
 *
 * @throws ProbityError when options cannot be meant, or the model has no gradient
 */
export async function runAttack(model: Model, feeds: Feeds, options: AttackOptions, method: AttackMethod): Promise<AttackResult> {
  checkOptions(options, method)
  const rows = prepareRows(model, feeds, options)
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

/** The clean rows, or uniform draws from the feasible set that depend on seed, row number, restart and element alone. */
function start({ options, size }: AttackedRows, { low, high }: FeasibleSet, clean: Float64Array, standing: readonly number[], restart: number, { randomStart }: AttackMethod): Float64Array {
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

async function judge(rows: AttackedRows, best: Float64Array, clean: Float64Array, { scale, mutable }: FeasibleSet, cleanPredicted: Int32Array, zeroGradient: Uint8Array): Promise<AttackResult> {
  const { targets, size } = rows
  const adversarialPredicted = await classify(rows, best)
  const success = Uint8Array.from(targets, (target, row) => Number(adversarialPredicted[row] !== target))
  const distance = new Float64Array(targets.length)
  for (let i = 0; i < best.length; i++) {
    if (mutable[i] === 0 || best[i] === clean[i]) continue
    const row = Math.floor(i / size)
    distance[row] = Math.max(distance[row], Math.abs(best[i] - clean[i]) / scale[i])
  }
  const right = Array.from(targets.keys()).filter((row) => cleanPredicted[row] === targets[row])
  return {
    adversarial: feedsAt(rows, best, null), success, cleanPredicted, adversarialPredicted, distance, zeroGradient,
    robustAccuracy: success.reduce((sum, broken) => sum + 1 - broken, 0) / targets.length,
    zeroGradientShare: right.filter((row) => zeroGradient[row] === 1).length / right.length,
  }
}
