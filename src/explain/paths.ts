/** @file Straight paths from baselines to inputs, and gradients integrated along them in blocks of bounded size. */
import { ProbityError } from '../contracts/errors.js'
import type { Model, ModelInput } from '../contracts/model.js'
import type { Objective } from '../contracts/objective.js'
import type { Feeds, Tensor, Tensors } from '../contracts/tensor.js'
import { isFloat, sizeOf } from '../tensor/dtypes.js'
import { broadcastOverRows, takeRows } from '../tensor/rows.js'
import { fromNumbers, toNumbers, toTensor } from '../tensor/tensor.js'
import type { Quadrature } from './quadrature.js'

/** One input whose path is followed. */
export type PathInput = {
  readonly name: string
  /** Shape of a row, without the batch axis. */
  readonly rowDims: readonly number[]
  /** Elements of a row. */
  readonly size: number
  readonly dtype: Tensor['dtype']
  /** [rows, size] */
  readonly end: Float64Array
}

export type Paths = {
  readonly rows: number
  readonly inputs: readonly PathInput[]
  /** Feeds that stay as they are along the path, with their batch axis. */
  readonly fixed: readonly { readonly name: string; readonly tensor: Tensor; readonly batchAxis: number | null }[]
}

/** One path: from a row of `starts` to a row of the inputs. */
export type Pair = { readonly row: number; readonly start: number }

/**
 * Sorts the feeds into those whose path is followed (`names`, by default every per-row float input) and those that stay.
 *
 * @throws ProbityError when an input cannot be interpolated
 */
export function preparePaths(model: Model, feeds: Feeds, names?: string | readonly string[]): Paths {
  const wanted = names === undefined ? null : new Set(typeof names === 'string' ? [names] : names)
  for (const name of wanted ?? []) {
    if (!model.inputs.some((input) => input.name === name)) throw new ProbityError('explain/unknown-input', `There is no input ${name} to attribute to; inputs are ${model.inputs.map((input) => input.name).join(', ')}`)
  }
  const inputs: PathInput[] = []
  const fixed: Paths['fixed'][number][] = []
  for (const input of model.inputs) {
    const like = Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined
    if (!like) throw new ProbityError('explain/missing-input', `Input ${input.name} was not fed`)
    const tensor = toTensor(like, input.dtype, `input ${input.name}`)
    if (wanted?.has(input.name) ?? (isFloat(input.dtype) && input.batchAxis === 0)) inputs.push(pathInput(input, tensor))
    else fixed.push({ name: input.name, tensor, batchAxis: input.batchAxis })
  }
  if (inputs.length === 0) throw new ProbityError('explain/no-input', 'The model has no float input with rows along its first axis, so nothing can be interpolated. Explain an embedding or another model.')
  const rows = inputs[0].end.length / inputs[0].size
  return { rows, inputs, fixed }
}

function pathInput(input: ModelInput, tensor: Tensor): PathInput {
  if (!isFloat(input.dtype) || input.batchAxis !== 0) throw new ProbityError('explain/input', `Input ${input.name} (${input.dtype}) cannot be interpolated: attributions need float inputs with rows along the first axis`)
  const rowDims = tensor.dims.slice(1)
  return { name: input.name, rowDims, size: sizeOf(rowDims), dtype: input.dtype, end: toNumbers(tensor) }
}

/** Baselines of the inputs, each [count, size], from one number or from feeds; inputs that the feeds leave out start at zero. */
export function startsOf(paths: Paths, baselines: number | Feeds, count: number): Float64Array[] {
  return paths.inputs.map(({ name, rowDims }) => {
    const like = typeof baselines === 'number' ? baselines : Object.hasOwn(baselines, name) ? baselines[name] : 0
    return broadcastOverRows(like, [count, ...rowDims], `baseline of ${name}`)
  })
}

/** Feeds for a list of points, given by their row (for feeds that stay and for the target) and their value per path input. */
function feedPoints(paths: Paths, rowOf: ArrayLike<number>, values: readonly Float64Array[]): Feeds {
  const feeds = Object.create(null) as Record<string, Tensor>
  paths.inputs.forEach(({ name, rowDims, dtype }, i) => (feeds[name] = fromNumbers(values[i], [rowOf.length, ...rowDims], dtype)))
  for (const { name, tensor, batchAxis } of paths.fixed) feeds[name] = batchAxis === null ? tensor : takeRows(tensor, rowOf, batchAxis)
  return feeds
}

/** The objective with the targets of the given rows. */
export function objectiveFor(objective: Objective, rowOf: ArrayLike<number>, rows: number): Objective {
  const { target } = objective
  if (target === undefined || typeof target === 'number') return objective
  if (target.length === rows) return { ...objective, target: Array.from(rowOf, (row) => Number(target[row])) }
  throw new ProbityError('explain/target', `target has ${target.length} classes for ${rows} rows: give one for all rows, or one per row`)
}

/** F at the given points, [points]. */
async function evaluatePoints(model: Model, paths: Paths, objective: Objective, rowOf: ArrayLike<number>, values: readonly Float64Array[]): Promise<Float64Array> {
  return toNumbers(await model.evaluate(feedPoints(paths, rowOf, values), objectiveFor(objective, rowOf, paths.rows)))
}

/** F at the end of every path, [rows]. */
export function evaluateEnds(model: Model, paths: Paths, objective: Objective): Promise<Float64Array> {
  return evaluatePoints(model, paths, objective, range(paths.rows), paths.inputs.map(({ end }) => end))
}

/** F at the start of each pair, [pairs]. */
export async function evaluateStarts(model: Model, paths: Paths, objective: Objective, starts: readonly Float64Array[], pairs: readonly Pair[], blockRows: number): Promise<Float64Array> {
  const values = new Float64Array(pairs.length)
  for (let from = 0; from < pairs.length; from += blockRows) {
    const block = pairs.slice(from, from + blockRows)
    const points = paths.inputs.map(({ size }, i) => gather(starts[i], size, block.map(({ start }) => start)))
    values.set(await evaluatePoints(model, paths, objective, block.map(({ row }) => row), points), from)
  }
  return values
}

/**
 * (x − x′) · ∫ ∂F/∂x along each pair's path, per path input [pairs, size]: Sundararajan, Taly & Yan 2017 (arXiv:1703.01365), eq. 1.
 * A run of the model sees at most `blockRows` points. A model that follows paths by itself is asked to, which takes less arithmetic.
 */
export async function integrate(model: Model, paths: Paths, objective: Objective, starts: readonly Float64Array[], pairs: readonly Pair[], rule: Quadrature, blockRows: number): Promise<Float64Array[]> {
  const totals = await (model.pathGradient && pairs.length > 0 ? integrateByModel : integrateByPoints)(model, paths, objective, starts, pairs, rule, blockRows)
  paths.inputs.forEach(({ end, size }, i) => pairs.forEach(({ row, start }, pair) => {
    for (let k = 0; k < size; k++) totals[i][pair * size + k] *= end[row * size + k] - starts[i][start * size + k]
  }))
  return totals
}

async function integrateByModel(model: Model, paths: Paths, objective: Objective, starts: readonly Float64Array[], pairs: readonly Pair[], rule: Quadrature, blockRows: number): Promise<Float64Array[]> {
  const rowOf = pairs.map(({ row }) => row)
  const ends = feedPoints(paths, rowOf, paths.inputs.map(({ end, size }) => gather(end, size, rowOf)))
  const beginnings = feedPoints({ ...paths, fixed: [] }, rowOf, paths.inputs.map(({ size }, i) => gather(starts[i], size, pairs.map(({ start }) => start))))
  const sums = await model.pathGradient!({ ends, starts: beginnings, ...rule, blockRows }, objectiveFor(objective, rowOf, paths.rows))
  return paths.inputs.map(({ name }) => toNumbers(sums[name]))
}

/** Points are pair-major; sums are in double precision, in order. */
async function integrateByPoints(model: Model, paths: Paths, objective: Objective, starts: readonly Float64Array[], pairs: readonly Pair[], { nodes, weights }: Quadrature, blockRows: number): Promise<Float64Array[]> {
  const totals = paths.inputs.map(({ size }) => new Float64Array(pairs.length * size))
  const names = paths.inputs.map(({ name }) => name)
  const steps = nodes.length
  for (let from = 0; from < pairs.length * steps; from += blockRows) {
    const count = Math.min(blockRows, pairs.length * steps - from)
    const rowOf = Int32Array.from({ length: count }, (_, i) => pairs[Math.floor((from + i) / steps)].row)
    const points = paths.inputs.map((input, i) => interpolate(input, starts[i], pairs, nodes, from, count))
    const gradients = await model.gradient(feedPoints(paths, rowOf, points), objectiveFor(objective, rowOf, paths.rows), { withRespectTo: names })
    paths.inputs.forEach(({ name, size }, i) => accumulate(totals[i], toNumbers(gradients[name]), weights, from, count, size))
  }
  return totals
}

function interpolate({ end, size }: PathInput, starts: Float64Array, pairs: readonly Pair[], nodes: Float64Array, from: number, count: number): Float64Array {
  const points = new Float64Array(count * size)
  for (let i = 0; i < count; i++) {
    const { row, start } = pairs[Math.floor((from + i) / nodes.length)]
    const alpha = nodes[(from + i) % nodes.length]
    for (let k = 0; k < size; k++) points[i * size + k] = starts[start * size + k] + alpha * (end[row * size + k] - starts[start * size + k])
  }
  return points
}

function accumulate(total: Float64Array, gradient: Float64Array, weights: Float64Array, from: number, count: number, size: number): void {
  for (let i = 0; i < count; i++) {
    const pair = Math.floor((from + i) / weights.length)
    const weight = weights[(from + i) % weights.length]
    for (let k = 0; k < size; k++) total[pair * size + k] += weight * gradient[i * size + k]
  }
}

function gather(values: Float64Array, size: number, rows: readonly number[]): Float64Array {
  const gathered = new Float64Array(rows.length * size)
  rows.forEach((row, i) => gathered.set(values.subarray(row * size, (row + 1) * size), i * size))
  return gathered
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Attributions as tensors shaped like the inputs. */
export function toAttributionTensors(paths: Paths, values: readonly Float64Array[]): Tensors {
  const tensors = Object.create(null) as Record<string, Tensor>
  paths.inputs.forEach(({ name, rowDims }, i) => (tensors[name] = { data: values[i], dims: [paths.rows, ...rowDims], dtype: 'float64' }))
  return tensors
}

