/** @file The fast gradient sign method (Goodfellow, Shlens & Szegedy 2015, arXiv:1412.6572). */
import type { Model } from '../contracts/model.js'
import type { Feeds } from '../contracts/tensor.js'
import { runAttack, type AttackResult } from './attack.js'
import type { AttackOptions } from './attacked-rows.js'
import { signedStep } from './signed-step.js'

/**
 * One step of size epsilon along the sign of the loss's gradient, from the clean row.
 *
 * @throws ProbityError when options cannot be meant, or the model has no gradient
 */
export function fgsm(model: Model, feeds: Feeds, options: AttackOptions): Promise<AttackResult> {
  return runAttack(model, feeds, options, {
    steps: 1,
    restarts: 1,
    randomStart: false,
    advance: (points, gradient, scale) => signedStep(points, gradient, scale, options.epsilon),
  })
}
