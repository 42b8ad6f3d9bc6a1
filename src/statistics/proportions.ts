/** @file Intervals for one proportion. */
import type { Interval } from '../contracts/report.js'
import { betaQuantile } from './beta.js'
import { normalQuantile } from './normal.js'

/** `successes` of `trials`; trials > 0 wherever a limit is asked for. */
export type Proportion = { readonly successes: number; readonly trials: number }

export type Limits = { readonly low: number; readonly high: number }

/** Limits that each miss with probability about `level`: a two-sided interval of confidence 1 − 2·level. */
export type ProportionLimits = (proportion: Proportion, level: number) => Limits

export const rateOf = ({ successes, trials }: Proportion): number => successes / trials
export const levelOf = (confidence: number): number => (1 - confidence) / 2

/** Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22(158). */
export const wilsonLimits: ProportionLimits = ({ successes, trials }, level) => {
  const z = -normalQuantile(level)
  const p = successes / trials
  const scale = 1 + (z * z) / trials
  const centre = (p + (z * z) / (2 * trials)) / scale
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials))
  // At 0 and at all, the limit is exactly the end of the range; rounding must not move it.
  return { low: successes === 0 ? 0 : Math.max(0, centre - half), high: successes === trials ? 1 : Math.min(1, centre + half) }
}

/**
 * Clopper and Pearson 1934, Biometrika 26(4): each limit misses with probability at most `level`, whatever n and the true rate.
 * Judging needs this, because Wilson's one-sided error is far above its nominal level near 0 and 1.
 */
export const exactLimits: ProportionLimits = ({ successes, trials }, level) => ({
  low: successes === 0 ? 0 : betaQuantile(level, successes, trials - successes + 1),
  high: successes === trials ? 1 : 1 - betaQuantile(level, trials - successes, successes + 1),
})

/** Null when there are no trials: 0/0 has no interval. */
export function wilsonInterval(proportion: Proportion, confidence: number): Interval | null {
  if (proportion.trials === 0) return null
  return { ...wilsonLimits(proportion, levelOf(confidence)), confidence, method: 'Wilson' }
}

/** The smallest interval that contains both: what judging inverts, so that it never claims more than the interval shown. */
export function exactOrWilsonInterval(proportion: Proportion, confidence: number): Interval | null {
  if (proportion.trials === 0) return null
  const level = levelOf(confidence)
  return { ...hull(wilsonLimits(proportion, level), exactLimits(proportion, level)), confidence, method: 'Wilson and Clopper–Pearson, the wider' }
}

export const hull = (a: Limits, b: Limits): Limits => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) })
