/** @file Adversarial attacks on any model with a gradient. */
export { fgsm } from './fgsm.js'
export { pgd, type PgdOptions } from './pgd.js'
export { runAttack, type AttackMethod, type AttackOptions, type AttackResult } from './attack.js'
export type { Bounds } from './feasible-set.js'
