/**
 * @file Limits for the largest gap and the smallest ratio among several pairs of groups.
 *
 * The pair with the largest observed gap was chosen by looking, so its own lower limit claims too much: the lower limit is taken over all m
 * ordered comparisons at level/m (Bonferroni). The upper limit needs no correction: the pair with the largest true gap covers by its own
 * limit, and the maximum over pairs is never below that. For the smallest ratio the two sides change places.
 */
import type { Limits, Proportion, ProportionLimits } from './proportions.js'
import { exactLimits, hull, wilsonLimits } from './proportions.js'
import { differenceLimits, estimate, ratioLimits } from './two-proportions.js'

/** Two groups that are compared, in both directions. */
export type Pair = { readonly first: Proportion; readonly second: Proportion }

export type Scale = 'difference' | 'ratio'

/** Levels of the two sides; judging makes the uncorrected side stricter. */
export type SideLevels = { readonly corrected: number; readonly uncorrected: number }

/** Each pair counts as two ordered comparisons. */
export const comparisonsOf = (pairs: readonly Pair[]): number => 2 * pairs.length

/** Limits of max |first − second|, within [0, 1]. */
export function largestGapLimits(pairs: readonly Pair[], levels: SideLevels, limitsOf: ProportionLimits): Limits {
  const corrected = remembering(limitsOf, levels.corrected / comparisonsOf(pairs))
  const own = remembering(limitsOf, levels.uncorrected)
  let low = 0
  let high = 0
  for (const { first, second } of pairs) {
    const narrow = differenceLimits(own(first), own(second))
    const wide = differenceLimits(corrected(first), corrected(second))
    low = Math.max(low, wide.low, -wide.high)
    high = Math.max(high, narrow.high, -narrow.low)
  }
  return { low, high: Math.min(1, high) }
}

/** Limits of the smallest of first/second and second/first, within [0, 1]. */
export function smallestRatioLimits(pairs: readonly Pair[], levels: SideLevels, limitsOf: ProportionLimits): Limits {
  const corrected = remembering(limitsOf, levels.corrected / comparisonsOf(pairs))
  const own = remembering(limitsOf, levels.uncorrected)
  let low = 1
  let high = 1
  for (const { first, second } of pairs) {
    for (const [above, below] of [[first, second], [second, first]] as const) {
      low = Math.min(low, ratioLimits(own(above), own(below)).low)
      high = Math.min(high, ratioLimits(corrected(above), corrected(below)).high)
    }
  }
  return { low, high }
}

const EXTREME: Readonly<Record<Scale, typeof largestGapLimits>> = { difference: largestGapLimits, ratio: smallestRatioLimits }

/** What is shown: Newcombe and MOVER-R from Wilson limits, one-sided at `level` each. */
export const shownLimits = (scale: Scale, pairs: readonly Pair[], level: number): Limits => EXTREME[scale](pairs, { corrected: level, uncorrected: level }, wilsonLimits)

/**
 * Share of the level that the uncorrected side gets in judging, where it has no other reserve. Found by enumerating every outcome of two
 * groups of 30 to 1,000 rows (bench/coverage): it keeps the error at the limit under the level.
 */
export const UNCORRECTED_SHARE = 0.6

/**
 * What is judged: the same combination of Clopper–Pearson limits, widened to contain what is shown, since Wilson's one-sided errors reach
 * twice the nominal level at 30 to 100 rows.
 */
export const decisionLimits = (scale: Scale, pairs: readonly Pair[], level: number, exact: ProportionLimits = exactLimits): Limits =>
  hull(shownLimits(scale, pairs, level), EXTREME[scale](pairs, { corrected: level, uncorrected: UNCORRECTED_SHARE * level }, exact))

/** A group takes part in many pairs; its limits are computed once. */
function remembering(limitsOf: ProportionLimits, level: number) {
  const known = new Map<Proportion, ReturnType<typeof estimate>>()
  return (proportion: Proportion) => {
    let found = known.get(proportion)
    if (!found) known.set(proportion, (found = estimate(proportion, level, limitsOf)))
    return found
  }
}
