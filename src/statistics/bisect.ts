/** @file Root finding for monotone functions. */

/**
 * The boundary in [low, high] between points where `isAbove` is false and points where it is true, to the last bit that the doubles
 * between them allow (or `steps` halvings). Returns the side on which `isAbove` holds.
 */
export function bisect(isAbove: (x: number) => boolean, low: number, high: number, steps = 200): number {
  let below = low
  let above = high
  for (let i = 0; i < steps; i++) {
    const middle = below + (above - below) / 2
    if (middle <= below || middle >= above) break
    if (isAbove(middle)) above = middle
    else below = middle
  }
  return above
}
