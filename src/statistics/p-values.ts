/** @file p-values and corrections for many tests. */

/** p-values below this are reported as this. */
export const SMALLEST_P = 1e-9

/**
 * The smallest one-sided level at which a test still rejects, by bisection on a logarithmic scale: relative error under 1e-9, never below
 * the true boundary. `rejects` must be monotone, as nested intervals are. A test that does not reject at level 0.5 gets 1, since a
 * two-sided interval says nothing beyond it; one that rejects at `SMALLEST_P` gets `SMALLEST_P`.
 */
export function invertTest(rejects: (level: number) => boolean): number {
  const almostHalf = 0.5 - 1e-12
  if (!rejects(almostHalf)) return 1
  if (rejects(SMALLEST_P)) return SMALLEST_P
  let below = Math.log(SMALLEST_P)
  let above = Math.log(almostHalf)
  for (let i = 0; i < 40; i++) {
    const middle = (below + above) / 2
    if (rejects(Math.exp(middle))) above = middle
    else below = middle
  }
  return Math.exp(above)
}

/**
 * Adjusted p-values of Holm's step-down procedure (Holm 1979, Scand. J. Statist. 6(2)), in the order given: rejecting those ≤ α keeps the
 * chance of any false rejection at α, whatever the dependence. `familySize` counts tests that were planned but gave no p-value.
 */
export function holm(pValues: readonly number[], familySize = pValues.length): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b] || a - b)
  const adjusted = new Array<number>(pValues.length)
  let largest = 0
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (familySize - rank) * pValues[index]))
    adjusted[index] = largest
  })
  return adjusted
}
