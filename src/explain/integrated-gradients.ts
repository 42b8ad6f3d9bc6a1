/** @file Integrated gradients (Sundararajan, Taly & Yan 2017, arXiv:1703.01365) with a fixed number of steps. */
import type { Model } from '../contracts/model.js'
import type { Loss, Objective, Target } from '../contracts/objective.js'
import type { Feeds, Tensor, Tensors } from '../contracts/tensor.js'
import { checkBlockRows, DEFAULT_BLOCK_ROWS } from './block-rows.js'
import { evaluateEnds, evaluateStarts, integrate, preparePaths, range, startsOf, toAttributionTensors } from './paths.js'
import { quadrature, type QuadratureMethod } from './quadrature.js'

export type IntegratedGradientsOptions = {
  /** Class per row, or one for all. */
  readonly target?: Target
  readonly output?: string
  /** Without it, the chosen output element is explained. */
  readonly loss?: Loss
  /** Points per row; exactly this many gradients are taken. Default 50. */
  readonly steps?: number
  /** Where paths start: one number, or per input one row for all or one row each. Default 0. */
  readonly baselines?: number | Feeds
  readonly method?: QuadratureMethod
  /** Inputs to attribute to; default: every per-row float input. Others stay at their values. */
  readonly withRespectTo?: string | readonly string[]
  /** Points per run of the model, which bounds memory; default 1024. */
  readonly blockRows?: number
}

export type IntegratedGradients = {
  /** Per input, shaped like it: [batch, …], float64. */
  readonly attributions: Tensors
  /** Σ attributions − (F(x) − F(x′)), float64 [batch]: the numerical error, zero for an exact integral. */
  readonly convergenceDelta: Tensor
}

/**
 * Attributes the objective at each row to the row's features, relative to a baseline.
 *
 * @throws ProbityError when the model has no gradient, or feeds, target, baselines or steps cannot be meant
 */
export async function integratedGradients(model: Model, feeds: Feeds, options: IntegratedGradientsOptions = {}): Promise<IntegratedGradients> {
  const { steps = 50, baselines = 0, method = 'gauss-legendre', withRespectTo, blockRows = DEFAULT_BLOCK_ROWS } = options
  checkBlockRows(blockRows)
  const rule = quadrature(method, steps)
  const objective: Objective = { output: options.output, loss: options.loss, target: options.target }
  const paths = preparePaths(model, feeds, withRespectTo)
  const starts = startsOf(paths, baselines, paths.rows)
  const pairs = range(paths.rows).map((row) => ({ row, start: row }))
  const values = await integrate(model, paths, objective, starts, pairs, rule, blockRows)
  const ends = await evaluateEnds(model, paths, objective)
  const beginnings = await evaluateStarts(model, paths, objective, starts, pairs, blockRows)
  const delta = ends.map((end, row) => values.reduce((sum, all, i) => sum + sumOfRow(all, paths.inputs[i].size, row), 0) - (end - beginnings[row]))
  return { attributions: toAttributionTensors(paths, values), convergenceDelta: { data: delta, dims: [paths.rows], dtype: 'float64' } }
}

const sumOfRow = (values: Float64Array, size: number, row: number): number => values.subarray(row * size, (row + 1) * size).reduce((sum, value) => sum + value, 0)
