import { describe, expect, it } from 'vitest'
import { incompleteBeta, logGamma } from '../../src/statistics/beta.js'
import { meanInterval, studentCdf, studentQuantile, summarize } from '../../src/statistics/means.js'
import { normalCdf, normalQuantile } from '../../src/statistics/normal.js'
import { relativeError, truth } from './fixture.js'

describe('normal distribution against scipy', () => {
  it.each(truth.normal_quantile)('quantile of %d', (p, expected) => {
    expect(Math.abs(normalQuantile(p) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)))
  })
  it.each(truth.normal_cdf)('distribution function at %d', (x, expected) => {
    expect(relativeError(normalCdf(x), expected)).toBeLessThan(1e-12)
  })
  it('is undefined or infinite where it must be', () => {
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(NaN), normalCdf(NaN)]).toEqual([-Infinity, Infinity, NaN, NaN])
  })
})

describe('beta and Student against scipy', () => {
  it.each(truth.log_gamma)('ln Γ(%d)', (x, expected) => {
    expect(Math.abs(logGamma(x) - expected)).toBeLessThan(1e-14 * Math.max(1, Math.abs(expected)))
  })
  it.each(truth.incomplete_beta)('I_%d(%d, %d)', (x, a, b, expected) => {
    expect(Math.abs(incompleteBeta(x, a, b) - expected)).toBeLessThan(Math.max(1e-12, 2e-15 * (a + b)) * expected + 1e-300)
  })
  it.each(truth.student_quantile)('t quantile of %d with %d degrees', (p, degrees, expected) => {
    expect(Math.abs(studentQuantile(p, degrees) - expected)).toBeLessThan(1e-11 * Math.max(1, Math.abs(expected)))
    expect(studentCdf(studentQuantile(p, degrees), degrees)).toBeCloseTo(p, 12)
  })
})

describe('mean interval', () => {
  it('agrees with statsmodels', () => {
    const interval = meanInterval(truth.mean.values, 0.95)!
    expect(relativeError(interval.low, truth.mean.interval[0])).toBeLessThan(1e-12)
    expect(relativeError(interval.high, truth.mean.interval[1])).toBeLessThan(1e-12)
  })
  it('skips missing values and claims nothing without spread', () => {
    expect(summarize([1, NaN, 3])).toEqual({ n: 2, mean: 2, standardDeviation: Math.SQRT2 })
    expect([meanInterval([1], 0.95), meanInterval([2, 2, 2], 0.95), meanInterval([], 0.95)]).toEqual([null, null, null])
  })
})
