/** @file Limits for the difference and the ratio of two independent proportions, recovered from the limits of each. */
import type { Interval } from '../contracts/report.js'
import { levelOf, rateOf, wilsonLimits } from './proportions.js'
import type { Limits, Proportion, ProportionLimits } from './proportions.js'

/** Limits of one proportion with its estimate, as the combinations below read them. */
export type Estimated = Limits & { readonly rate: number }

export const estimate = (proportion: Proportion, level: number, limitsOf: ProportionLimits): Estimated => ({ ...limitsOf(proportion, level), rate: rateOf(proportion) })

/** first − second: Newcombe 1998, "Interval estimation for the difference between independent proportions", Stat. Med. 17, method 10 (with Wilson limits). */
export function differenceLimits(first: Estimated, second: Estimated): Limits {
  const difference = first.rate - second.rate
  return {
    low: difference - add(first.rate - first.low, second.high - second.rate),
    high: difference + add(first.high - first.rate, second.rate - second.low),
  }
}

/** Root of the sum of squares; Math.hypot guards against an overflow that cannot happen and is many times slower. */
const add = (a: number, b: number): number => Math.sqrt(a * a + b * b)

/**
 * first / second: MOVER-R, Donner and Zou 2012, "Closed-form confidence intervals for functions of the normal mean and standard deviation",
 * Stat. Methods Med. Res. 21(4). The lower limit is written with its conjugate, which stays finite where 2·rate equals the upper limit.
 * A second rate of 0 has no finite upper limit; a first rate of 0 gives 0 and a finite upper limit.
 */
export function ratioLimits(first: Estimated, second: Estimated): Limits {
  const product = first.rate * second.rate
  const firstLow = first.low * (2 * first.rate - first.low)
  const secondHigh = second.high * (2 * second.rate - second.high)
  const firstHigh = first.high * (2 * first.rate - first.high)
  const secondLow = second.low * (2 * second.rate - second.low)
  return {
    low: first.rate === 0 ? 0 : firstLow / (product + Math.sqrt(Math.max(0, product * product - firstLow * secondHigh))),
    high: second.rate === 0 ? Infinity : (product + Math.sqrt(Math.max(0, product * product - firstHigh * secondLow))) / secondLow,
  }
}

export function newcombeInterval(first: Proportion, second: Proportion, confidence: number): Interval {
  const level = levelOf(confidence)
  return { ...differenceLimits(estimate(first, level, wilsonLimits), estimate(second, level, wilsonLimits)), confidence, method: 'Newcombe' }
}

/** The upper limit is Infinity when `second` has no successes. */
export function moverRatioInterval(first: Proportion, second: Proportion, confidence: number): Interval {
  const level = levelOf(confidence)
  return { ...ratioLimits(estimate(first, level, wilsonLimits), estimate(second, level, wilsonLimits)), confidence, method: 'MOVER-R' }
}
