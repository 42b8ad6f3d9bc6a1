/**
 * @file How much a sample can decide: power of the one-sided tests on a gap or a ratio, from stated alternatives and never from what was
 * observed, which would only restate the p-value (Hoenig and Heisey 2001, "The abuse of power", Am. Stat. 55(1)).
 */
import type { Settle } from '../contracts/report.js'
import { bisect } from './bisect.js'
import type { Scale } from './extremes.js'
import { normalCdf, normalQuantile } from './normal.js'

/** Two cells that are compared: their denominators, and the rate that lies midway between theirs. */
export type Design = { readonly scale: Scale; readonly rate: number; readonly trials: readonly [number, number] }

/** What is tested: the truth lies at `alternative`, the limit at `limit`, the test is one-sided at `level`. */
export type Question = { readonly limit: number; readonly alternative: number; readonly level: number }

export const POWER = 0.8

/**
 * Power of the test, by the normal approximation on the scale of the difference or of the log ratio, with the variance of the limit for the
 * test and of the alternative for the outcome (Fleiss, Levin, Paik 2003, "Statistical methods for rates and proportions", ch. 4).
 * With `continuity`, half a success per group is taken off, as limits that hold for small counts do. Which cell has the higher rate is not
 * known: the lower power of the two cases counts.
 */
export function power({ scale, rate, trials }: Design, { limit, alternative, level }: Question, continuity = 0.5): number {
  const [atLimit, atAlternative] = [cellRates(scale, rate, limit), cellRates(scale, rate, alternative)]
  const distance = scale === 'difference' ? Math.abs(alternative - limit) : Math.abs(Math.log(alternative / limit))
  const weight = (p: number) => (scale === 'difference' ? 1 : 1 / p)
  const inOrder = ([n, m]: readonly [number, number]) => {
    const deviation = ([p, q]: readonly [number, number]) => Math.sqrt(variance(scale, p) / n + variance(scale, q) / m)
    const step = continuity * (weight(atAlternative[0]) / n + weight(atAlternative[1]) / m)
    return normalCdf((distance - step + normalQuantile(level) * deviation(atLimit)) / deviation(atAlternative))
  }
  return Math.min(inOrder(trials), inOrder([trials[1], trials[0]]))
}

/** Of one row: of its success, or of the logarithm of the rate. */
const variance = (scale: Scale, p: number): number => (scale === 'difference' ? p * (1 - p) : (1 - p) / p)

/** Two rates around `rate` that differ by a gap, or whose ratio is given; moved where one would leave [0, 1]. */
function cellRates(scale: Scale, rate: number, value: number): readonly [number, number] {
  if (scale === 'difference') {
    const middle = Math.min(1 - value / 2, Math.max(value / 2, rate))
    return [middle + value / 2, middle - value / 2]
  }
  const larger = Math.min(1, (2 * rate) / (1 + value))
  return [value * larger, larger]
}

export type SettleInput = {
  readonly scale: Scale
  /** Mean of the compared groups' rates: a nuisance, not the effect. */
  readonly rate: number
  /** Denominators of the two smallest compared cells, smallest first. */
  readonly trials: readonly [number, number]
  /** People of the smallest cell's group per row in its denominator. */
  readonly peoplePerTrial: number
  readonly limitingCell: string
  /** Levels of the two tests. */
  readonly levels: { readonly fail: number; readonly pass: number }
}

/** Distance from the limit at which the alternatives lie. */
const STEP: Readonly<Record<Scale, number>> = { difference: 0.02, ratio: 0.05 }
const LARGEST_GROWTH = 100
const GRID = 200

/**
 * `smallestDecidableGap`: how far beyond the limit the truth must lie for this sample to show the violation with 80 % power; null when no
 * possible value is that far. `rowsPerGroup`: rows that each of two groups needs so that a truth one step inside (`ifPass`) or outside
 * (`ifFail`) the limit is shown with 80 % power; null beyond 100 times the smallest group, "not decidable at this limit".
 */
export function settle(input: SettleInput, { min, max }: { min?: number; max?: number }): Settle {
  const { scale, rate, trials, levels } = input
  const limit = max ?? min ?? 0
  const worse = max === undefined ? -1 : 1
  const step = STEP[scale]
  const usable = (value: number) => (scale === 'difference' ? value >= 0 && value <= 1 : value > 0 && value <= 1)
  const powerAt = (alternative: number, n: readonly [number, number], level: number) => power({ scale, rate, trials: n }, { limit, alternative, level })

  const furthest = worse > 0 ? 1 - limit : limit
  const enough = (distance: number) => usable(limit + worse * distance) && powerAt(limit + worse * distance, trials, levels.fail) >= POWER
  // The approximation fails for rates next to 0, so the first distance that is enough is looked for from the limit outward.
  const grid = usable(limit) ? Array.from({ length: GRID }, (_, i) => ((i + 1) / GRID) * furthest) : []
  const found = grid.findIndex(enough)
  const smallestDecidableGap = found < 0 ? null : bisect(enough, found === 0 ? 0 : grid[found - 1], grid[found], 40)

  const rowsFor = (alternative: number, level: number): number | null => {
    if (!usable(alternative) || !usable(limit) || alternative === limit) return null
    const cap = LARGEST_GROWTH * trials[0]
    const decides = (n: number) => powerAt(alternative, [n, n], level) >= POWER
    if (!decides(cap)) return null
    return Math.ceil(Math.ceil(bisect(decides, 1, cap, 60)) * input.peoplePerTrial)
  }
  return {
    smallestDecidableGap,
    rowsPerGroup: { ifPass: rowsFor(limit - worse * step, levels.pass), ifFail: rowsFor(limit + worse * step, levels.fail) },
    limitingCell: input.limitingCell,
  }
}
