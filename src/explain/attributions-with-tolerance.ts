/** @file Integrated gradients for audits: several baselines, and steps refined row by row until the integral closes. */
import { ProbityError } from '../contracts/errors.js'
import type { Model } from '../contracts/model.js'
import type { Objective } from '../contracts/objective.js'
import type { Feeds, Tensors } from '../contracts/tensor.js'
import { checkBlockRows, DEFAULT_BLOCK_ROWS } from './block-rows.js'
import { evaluateEnds, evaluateStarts, integrate, preparePaths, range, startsOf, toAttributionTensors, type Pair, type Paths } from './paths.js'
import { quadrature } from './quadrature.js'

export type ToleranceOptions = {
  /** Its output defaults to the one that the prediction is read from. */
  readonly objective: Objective
  /** Baseline rows by input, each [count, …]: attributions are averaged over them. */
  readonly baselines: Feeds
  /** Standard deviation of F over the data: the scale below which differences of F are noise. */
  readonly sd: number
  /** Of max(|F(x) − mean F(x′)|, sd); default 0.01. */
  readonly relativeTolerance?: number
  /** Steps that every row starts with; default 32. They double until the row converges. */
  readonly steps?: number
  /** Default 2048. */
  readonly maximumSteps?: number
  readonly withRespectTo?: string | readonly string[]
  readonly blockRows?: number
}

export type TolerantAttributions = {
  /** Per input, shaped like it, float64: the mean over baselines. */
  readonly attributions: Tensors
  /** [batch] F(x) */
  readonly output: Float64Array
  /** Mean of F over the baselines; where F differs by row (targets per row, inputs that stay), the mean of that over rows. */
  readonly baselineOutput: number
  /** [batch] Σ attributions − (F(x) − mean F(x′)) */
  readonly gap: Float64Array
  /** [batch] what |gap| must not exceed */
  readonly tolerance: Float64Array
  /** [batch] steps of the attributions that are given */
  readonly steps: Int32Array
  /** [batch] 1 where |gap| ≤ tolerance */
  readonly converged: Uint8Array
}

/**
 * Each row is refined alone, so its result does not depend on its neighbours' convergence.
 *
 * @throws ProbityError when the model has no gradient, or options cannot be meant
 */
export async function attributionsWithTolerance(model: Model, feeds: Feeds, options: ToleranceOptions): Promise<TolerantAttributions> {
  const { sd, relativeTolerance = 0.01, maximumSteps = 2048, blockRows = DEFAULT_BLOCK_ROWS } = options
  checkBlockRows(blockRows)
  const objective = { ...options.objective, output: options.objective.output ?? model.prediction.output ?? undefined }
  if (!(sd >= 0)) throw new ProbityError('explain/option', `sd must be a number ≥ 0, got ${sd}`)
  const paths = preparePaths(model, feeds, options.withRespectTo)
  const count = baselineCount(paths, options.baselines)
  const starts = startsOf(paths, options.baselines, count)
  const output = await evaluateEnds(model, paths, objective)
  const baselineMeans = await meanOfStarts(model, paths, objective, starts, count, blockRows)
  const tolerance = output.map((value, row) => relativeTolerance * Math.max(Math.abs(value - baselineMeans[row]), sd))

  const values = paths.inputs.map(({ size }) => new Float64Array(paths.rows * size))
  const gap = new Float64Array(paths.rows)
  const steps = new Int32Array(paths.rows)
  const converged = new Uint8Array(paths.rows)
  let open = range(paths.rows)
  for (let n = options.steps ?? 32; n <= maximumSteps && open.length > 0; n *= 2) {
    const rule = quadrature('gauss-legendre', n)
    for (const row of open) {
      const integrals = await integrate(model, paths, objective, starts, pairsOf(row, count), rule, blockRows)
      let sum = 0
      paths.inputs.forEach(({ size }, i) => {
        for (let k = 0; k < size; k++) sum += values[i][row * size + k] = meanOfColumn(integrals[i], size, k, count)
      })
      gap[row] = sum - (output[row] - baselineMeans[row])
      steps[row] = n
      converged[row] = Number(Math.abs(gap[row]) <= tolerance[row])
    }
    open = open.filter((row) => converged[row] === 0)
  }
  return { attributions: toAttributionTensors(paths, values), output, baselineOutput: mean(baselineMeans), gap, tolerance, steps, converged }
}

function baselineCount(paths: Paths, baselines: Feeds): number {
  const counts = new Set(paths.inputs.map(({ name }) => (Object.hasOwn(baselines, name) ? baselines[name].dims[0] : undefined)))
  const [count] = counts
  if (counts.size !== 1 || !count) throw new ProbityError('explain/baselines', `Every input needs the same number of baseline rows, at least one: ${paths.inputs.map(({ name }) => name).join(', ')}`)
  return count
}

const pairsOf = (row: number, count: number): Pair[] => range(count).map((start) => ({ row, start }))

/** Mean of F over the baselines for each row, [rows]; one evaluation serves all rows when nothing else differs between them. */
async function meanOfStarts(model: Model, paths: Paths, objective: Objective, starts: readonly Float64Array[], count: number, blockRows: number): Promise<Float64Array> {
  const isShared = typeof (objective.target ?? 0) === 'number' && paths.fixed.every(({ batchAxis }) => batchAxis === null)
  const rows = range(isShared ? Math.min(1, paths.rows) : paths.rows)
  const all = await evaluateStarts(model, paths, objective, starts, rows.flatMap((row) => pairsOf(row, count)), blockRows)
  const means = rows.map((row) => mean(all.subarray(row * count, (row + 1) * count)))
  return Float64Array.from({ length: paths.rows }, (_, row) => means[isShared ? 0 : row])
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

function meanOfColumn(values: Float64Array, size: number, column: number, count: number): number {
  let sum = 0
  for (let start = 0; start < count; start++) sum += values[start * size + column]
  return sum / count
}
