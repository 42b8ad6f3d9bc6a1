/** @file Adversarial attacks on any model with a gradient. */
export { fgsm } from './fgsm.js'
export { defaultStepSize, pgd, type PgdOptions } from './pgd.js'
export { joinInputs, type JoinedModel } from './join-inputs.js'
export { runAttack, type AttackMethod, type AttackResult } from './attack.js'
export type { AttackOptions } from './attacked-rows.js'
export type { Bounds } from './feasible-set.js'
