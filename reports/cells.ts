/**
 * @file Cells of a table of people, and what of them may be shown. A count from 1 to 9 is a small cell. Statistical disclosure control
 * calls hiding it primary suppression, and hiding a neighbour so that no total gives it away complementary suppression
 * (Hundepool et al. 2012, Statistical Disclosure Control, ch. 4).
 */

/** Exact, between two values, or not at all. */
export type Shown = number | { readonly low: number; readonly high: number } | 'withheld'

export const SMALL = 10

export const isSmall = (count: number): boolean => count > 0 && count < SMALL

/** Ranges that a reader can compute anyway tell nothing: between 1 and 9. */
export const UNDER: Shown = { low: 1, high: SMALL - 1 }

/**
 * Protects counts whose total a reader knows. Where the total would pin a small cell down, the largest cell is given as the range that the
 * total leaves open anyway; it loses least by that. Which cell is chosen must not depend on the hidden count, or the choice would tell it:
 * where a runner-up is so close that it might, both are withheld, and where there is no large cell, all are.
 */
export function protectCounts(counts: readonly number[]): readonly Shown[] {
  const small = counts.filter(isSmall)
  if (small.length === 0) return counts
  const k = small.length
  const hidden = small.reduce((sum, count) => sum + count, 0)
  const loose = k > 1 && hidden >= k + 8 && hidden <= 9 * k - 8
  const shown = counts.map((count): Shown => (isSmall(count) ? UNDER : count))
  if (loose) return shown
  const [first, second] = counts.map((count, index) => ({ count, index })).filter(({ count }) => count >= SMALL).sort((a, b) => b.count - a.count)
  const low = (first?.count ?? 0) + hidden - 9 * k
  if (!first || low < SMALL) return counts.map((count): Shown => (count === 0 ? 0 : 'withheld'))
  const close = second !== undefined && second.count >= low
  shown[first.index] = close ? 'withheld' : { low, high: low + 8 * k }
  if (close) shown[second.index] = 'withheld'
  return shown
}

/**
 * Protects the counts of an intersection, whose rows and columns add up to tables that are shown elsewhere: in a table with both margins a
 * small cell needs cover in its row and in its column, so every other cell is withheld.
 */
export const protectCrossed = (counts: readonly number[]): readonly Shown[] =>
  counts.some(isSmall) ? counts.map((count): Shown => (isSmall(count) ? UNDER : count === 0 ? 0 : 'withheld')) : counts

/** People behind a rate: k of n. Null where the value is not a share of people, such as a mean. */
export function numerator(value: number | null, denominator: number): number | null {
  if (value === null || value < 0 || value > 1) return null
  const k = Math.round(value * denominator)
  return Math.abs(value * denominator - k) < 1e-6 * Math.max(1, denominator) ? k : null
}

/** Under 10 on one side, zero included: "none of 164" says as much about each person as "3 of 164". */
export const isSmallRate = (k: number, denominator: number): boolean => k < SMALL || denominator - k < SMALL

/** A rate with a small side, as the bound that every count from 0 to 9 on that side satisfies. */
export function boundRate(k: number, denominator: number): Shown {
  // Of fewer than 20 people one side is always small; which one it is would tell too much.
  if (denominator < 2 * SMALL) return 'withheld'
  return k < SMALL ? { low: 0, high: (SMALL - 1) / denominator } : { low: (denominator - SMALL + 1) / denominator, high: 1 }
}

/** The rate of a neighbour of a bounded cell: the range that the total of both leaves open. */
export function coverRate(k: number, denominator: number, hidden: { readonly k: number; readonly denominator: number }): Shown {
  const total = k + hidden.k
  const spare = denominator - k + hidden.denominator - hidden.k
  const range = hidden.k < SMALL ? { low: total - SMALL + 1, high: total } : { low: denominator - spare, high: denominator - spare + SMALL - 1 }
  return range.low < 0 || range.high > denominator ? 'withheld' : { low: range.low / denominator, high: range.high / denominator }
}

const BIN = 2 * SMALL

/** A rate in steps of twenty people. */
export function coarseRate(k: number, denominator: number): Shown {
  const low = BIN * Math.floor(k / BIN)
  return denominator < 2 * BIN || low + BIN > denominator ? 'withheld' : { low: low / denominator, high: (low + BIN - 1) / denominator }
}

const ends = (shown: Exclude<Shown, 'withheld'>): { readonly low: number; readonly high: number } => (typeof shown === 'number' ? { low: shown, high: shown } : shown)

/** What the shown rates of the groups leave open for their largest difference, or for smallest / largest. */
export function combine(shown: readonly Shown[], how: 'difference' | 'ratio'): Shown {
  const rates = shown.filter((each) => each !== 'withheld').map(ends)
  if (rates.length < shown.length || rates.length < 2) return 'withheld'
  const lows = rates.map(({ low }) => low)
  const highs = rates.map(({ high }) => high)
  const pairs = rates.flatMap((a, i) => rates.flatMap((b, j) => (i === j ? [] : [{ a, b }])))
  if (how === 'difference') {
    return { low: Math.max(0, Math.max(...lows) - Math.min(...highs)), high: Math.max(...pairs.map(({ a, b }) => a.high - b.low)) }
  }
  if (Math.max(...lows) === 0) return 'withheld'
  return { low: Math.min(1, ...pairs.map(({ a, b }) => (b.high === 0 ? 1 : a.low / b.high))), high: Math.min(1, Math.min(...highs) / Math.max(...lows)) }
}
