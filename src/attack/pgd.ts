/** @file Projected gradient descent (Madry, Makelov, Schmidt, Tsipras & Vladu 2018, arXiv:1706.06083) in the maximum norm. */
import { ProbityError } from '../contracts/errors.js'
import type { Model } from '../contracts/model.js'
import type { Feeds } from '../contracts/tensor.js'
import { runAttack, type AttackResult } from './attack.js'
import type { AttackOptions } from './attacked-rows.js'
import { signedStep } from './signed-step.js'

export type PgdOptions = AttackOptions & {
  /** Default 40. */
  readonly steps?: number
  /** Times `scale`; default epsilon / 10, or more where so few steps could not cross the ball: 2.5 epsilon / steps. */
  readonly stepSize?: number
  /** Default 1; more than one needs a random start. */
  readonly restarts?: number
  /** Default true. */
  readonly randomStart?: boolean
}

/** A fixed share of epsilon would leave an attack of few steps weaker than FGSM: it could not reach the edge of the ball. */
export const defaultStepSize = (epsilon: number, steps: number): number => Math.max(epsilon / 10, (2.5 * epsilon) / steps)

/**
 * Repeated steps along the sign of the loss's gradient, brought back into the ball and the bounds after each.
 *
 * @throws ProbityError when options cannot be meant, or the model has no gradient
 */
export async function pgd(model: Model, feeds: Feeds, options: PgdOptions): Promise<AttackResult> {
  const { steps = 40, stepSize = defaultStepSize(options.epsilon, steps), restarts = 1, randomStart = true } = options
  if (options.stepSize !== undefined && !(stepSize >= 0 && Number.isFinite(stepSize))) throw new ProbityError('attack/option', `stepSize must be a number ≥ 0, got ${stepSize}`)
  return runAttack(model, feeds, options, { steps, restarts, randomStart, advance: (points, gradient, scale) => signedStep(points, gradient, scale, stepSize) })
}
