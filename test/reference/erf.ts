/** @file The error function to double precision. */

/**
 * Below 3 the Maclaurin series 2/√π Σ (−1)^n x^(2n+1) / (n! (2n+1)); above, 1 − erfc by its continued fraction
 * (Abramowitz & Stegun 7.1.5 and 7.1.14). Absolute error under 1e-12.
 */
export function erf(x: number): number {
  if (x < 0) return -erf(-x)
  return x < 3 ? series(x) : 1 - tail(x)
}

function series(x: number): number {
  let power = x
  let total = x
  for (let n = 1; n < 100; n++) {
    power *= -(x * x) / n
    total += power / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * total
}

function tail(x: number): number {
  if (x > 30) return 0
  let fraction = x
  for (let k = 100; k > 0; k--) fraction = x + k / 2 / fraction
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction)
}
