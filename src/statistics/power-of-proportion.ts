/** @file How much a sample can decide about one rate: exact power of the one-sided binomial test that judging inverts. */
import type { Settle } from '../contracts/report.js'
import { incompleteBeta } from './beta.js'
import { bisect } from './bisect.js'
import { POWER } from './power.js'

/** Distance from the limit at which the alternatives lie. */
const STEP = 0.02
const LARGEST_GROWTH = 100
const LEVEL = 0.025

/** P(X ≥ k) of a binomial variable (DLMF 8.17.5). */
const upperTail = (k: number, n: number, p: number): number => (k <= 0 ? 1 : k > n ? 0 : incompleteBeta(p, k, n - k + 1))

/**
 * Chance that the exact test (Clopper and Pearson 1934, Biometrika 26(4)) at `level` shows a rate of `alternative` to lie on its side of the
 * limit. Grows with n up to the teeth that whole numbers of rows give it.
 */
export function powerOfProportion(n: number, limit: number, alternative: number, level: number): number {
  if (alternative < limit) return powerOfProportion(n, 1 - limit, 1 - alternative, level)
  let below = 0
  let critical = n + 1
  while (critical - below > 1) {
    const middle = Math.floor((below + critical) / 2)
    if (upperTail(middle, n, limit) <= level) critical = middle
    else below = middle
  }
  return upperTail(critical, n, alternative)
}

/** As `settle` for gaps, for one rate of `trials` rows; rows are then those of the whole sample. A failure is corrected for `familySize` checks. */
export function settleProportion(trials: number, limitingCell: string, { min, max, familySize = 1 }: { min?: number; max?: number; familySize?: number }): Settle {
  const limit = max ?? min ?? 0
  const worse = max === undefined ? -1 : 1
  const inside = (rate: number) => rate > 0 && rate < 1
  const furthest = worse > 0 ? 1 - limit : limit
  const shows = (distance: number) => powerOfProportion(trials, limit, limit + worse * distance, LEVEL / familySize) >= POWER
  const most = furthest * (1 - 1e-9)
  const rowsFor = (alternative: number, level: number): number | null => {
    if (!inside(alternative) || !inside(limit)) return null
    const decides = (n: number) => powerOfProportion(Math.ceil(n), limit, alternative, level) >= POWER
    return decides(LARGEST_GROWTH * trials) ? Math.ceil(bisect(decides, 1, LARGEST_GROWTH * trials, 40)) : null
  }
  return {
    smallestDecidableGap: inside(limit) && shows(most) ? bisect(shows, 0, most, 40) : null,
    rowsPerGroup: { ifPass: rowsFor(limit - worse * STEP, LEVEL), ifFail: rowsFor(limit + worse * STEP, LEVEL / familySize) },
    limitingCell,
  }
}
