/** @file How far two lists of numbers are apart. */

/** Largest |a − b| / max(1, |b|). Equal infinities and pairs of NaN agree; anything else that is not finite is infinitely far away. */
export function largestError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue
    const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]))
    largest = Math.max(largest, Number.isFinite(error) ? error : actual[i] === expected[i] ? 0 : Infinity)
  }
  return largest
}
