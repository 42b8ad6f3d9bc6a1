/** @file Intervals for a mean. */
import type { Interval } from '../contracts/report.js'
import { incompleteBeta } from './beta.js'
import { bisect } from './bisect.js'

/** P(T ≤ t) for Student's t with `degrees` > 0 degrees of freedom (DLMF 8.17 with x = ν/(ν + t²)). */
export function studentCdf(t: number, degrees: number): number {
  const tail = 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
  return t > 0 ? 1 - tail : tail
}

/** The t with P(T ≤ t) = p, for p in (0, 1). */
export function studentQuantile(p: number, degrees: number): number {
  if (p === 0.5) return 0
  if (p < 0.5) return -studentQuantile(1 - p, degrees)
  let high = 2
  while (studentCdf(high, degrees) < p && high < 1e150) high *= 2
  return bisect((t) => studentCdf(t, degrees) >= p, 0, high)
}

export type MeanSummary = { readonly n: number; readonly mean: number; /** Sample standard deviation, n − 1 in the denominator. */ readonly standardDeviation: number }

/** Mean and standard deviation of the finite values, summed in order with Welford's update (Technometrics 4(3), 1962). */
export function summarize(values: ArrayLike<number>): MeanSummary {
  let n = 0
  let mean = 0
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (!Number.isFinite(value)) continue
    n++
    const delta = value - mean
    mean += delta / n
    squares += delta * (value - mean)
  }
  return { n, mean: n === 0 ? NaN : mean, standardDeviation: n < 2 ? NaN : Math.sqrt(squares / (n - 1)) }
}

/**
 * Student's interval for a mean. Null with fewer than two values, and with no spread at all: an interval of zero width would claim
 * certainty that a sample cannot give.
 */
export function meanInterval(values: ArrayLike<number> | MeanSummary, confidence: number): Interval | null {
  const { n, mean, standardDeviation } = 'mean' in values ? values : summarize(values)
  if (n < 2 || !(standardDeviation > 0)) return null
  const half = (studentQuantile(0.5 + confidence / 2, n - 1) * standardDeviation) / Math.sqrt(n)
  return { low: mean - half, high: mean + half, confidence, method: 'Student t' }
}
