import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootstrapDraws, bootstrapInterval, percentileInterval } from '../../src/statistics/bootstrap.js'
import { decisionLimits, largestGapLimits, shownLimits, smallestRatioLimits } from '../../src/statistics/extremes.js'
import { normalCdf } from '../../src/statistics/normal.js'
import { holm, invertTest, SMALLEST_P } from '../../src/statistics/p-values.js'
import { wilsonLimits } from '../../src/statistics/proportions.js'
import { moverRatioInterval, newcombeInterval } from '../../src/statistics/two-proportions.js'
import { truth } from './fixture.js'

const proportion = (successes: number, trials: number) => ({ successes, trials })
const allPairs = <T>(groups: readonly T[]) => groups.flatMap((first, i) => groups.slice(i + 1).map((second) => ({ first, second })))
const countsOfGroups = fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true })).map(([n, share]) => proportion(Math.round(n * share), n)), { minLength: 2, maxLength: 6 })

describe('limits of the largest gap and the smallest ratio', () => {
  const groups = [proportion(60, 100), proportion(30, 90), proportion(45, 120)]
  it('are those of the rules, spelled out over ordered pairs', () => {
    const ordered = groups.flatMap((first) => groups.filter((second) => second !== first).map((second) => ({ first, second })))
    const m = ordered.length
    const gap = shownLimits('difference', allPairs(groups), 0.025)
    expect(gap.low).toBeCloseTo(Math.max(0, ...ordered.map(({ first, second }) => newcombeInterval(first, second, 1 - 0.05 / m).low)), 12)
    expect(gap.high).toBeCloseTo(Math.max(...ordered.map(({ first, second }) => newcombeInterval(first, second, 0.95).high)), 12)
    const ratio = shownLimits('ratio', allPairs(groups), 0.025)
    expect(ratio.low).toBeCloseTo(Math.min(...ordered.map(({ first, second }) => moverRatioInterval(first, second, 0.95).low)), 12)
    expect(ratio.high).toBeCloseTo(Math.min(1, ...ordered.map(({ first, second }) => moverRatioInterval(first, second, 1 - 0.05 / m).high)), 12)
  })
  it('contain the estimate, nest, and never have zero width', () => {
    fc.assert(fc.property(countsOfGroups, fc.double({ min: 0.001, max: 0.2, noNaN: true }), (counts, level) => {
      const pairs = allPairs(counts)
      const rates = counts.map(({ successes, trials }) => successes / trials)
      const levels = { corrected: level, uncorrected: level }
      const gap = largestGapLimits(pairs, levels, wilsonLimits)
      const spread = Math.max(...rates) - Math.min(...rates)
      expect(gap.low).toBeLessThanOrEqual(spread + 1e-12)
      expect(gap.high).toBeGreaterThanOrEqual(spread - 1e-12)
      expect(gap.high).toBeGreaterThan(gap.low)
      const wider = largestGapLimits(pairs, { corrected: level / 2, uncorrected: level / 2 }, wilsonLimits)
      expect(wider.low).toBeLessThanOrEqual(gap.low)
      expect(wider.high).toBeGreaterThanOrEqual(gap.high)
      const ratio = smallestRatioLimits(pairs, levels, wilsonLimits)
      expect(ratio.low).toBeGreaterThanOrEqual(0)
      expect(ratio.high).toBeLessThanOrEqual(1)
      expect(ratio.high).toBeGreaterThan(ratio.low)
      for (const scale of ['difference', 'ratio'] as const) {
        const shown = shownLimits(scale, pairs, level)
        const judged = decisionLimits(scale, pairs, level)
        expect(judged.low).toBeLessThanOrEqual(shown.low)
        expect(judged.high).toBeGreaterThanOrEqual(shown.high)
      }
    }), { numRuns: 60 })
  })
})

describe('p-values', () => {
  it.each([0, 0.4, 1, 1.96, 3, 5])('invert the normal test at z = %d', (z) => {
    const p = 1 - normalCdf(z)
    const found = invertTest((level) => level >= p)
    if (p >= 0.5) expect(found).toBe(1)
    else expect(Math.abs(found - p) / p).toBeLessThan(1e-9)
  })
  it('stop at the smallest and at 1', () => {
    expect(invertTest(() => true)).toBe(SMALLEST_P)
    expect(invertTest(() => false)).toBe(1)
  })
  it('never fall below the boundary', () => {
    fc.assert(fc.property(fc.double({ min: 1e-8, max: 0.49, noNaN: true }), (p) => invertTest((level) => level >= p) >= p))
  })
})

describe('Holm', () => {
  it('agrees with statsmodels', () => {
    holm(truth.holm.p).forEach((adjusted, i) => expect(adjusted).toBeCloseTo(truth.holm.adjusted[i], 14))
  })
  it('counts planned tests that gave no p-value', () => {
    expect(holm([0.01], 3)).toEqual([0.03])
    expect(holm([0.5, 0.01, 0.01])).toEqual([0.5, 0.03, 0.03])
    expect(holm([])).toEqual([])
  })
})

describe('bootstrap within groups', () => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const difference = ([a, b]: readonly (readonly number[])[]) => mean(a) - mean(b)
  const strata = [Array.from({ length: 80 }, (_, i) => Math.sin(i * 1.7) + 1), Array.from({ length: 50 }, (_, i) => 2 * Math.cos(i * 2.3))]
  const run = (seed: number) => bootstrapDraws({ strata, statistic: difference, seed, purpose: 'test' })

  it('has the spread that the formula for two means gives', () => {
    const { values, undefinedShare } = run(1)
    const centre = mean([...values])
    const spread = Math.sqrt(mean([...values].map((value) => (value - centre) ** 2)))
    const variance = (sample: readonly number[]) => mean(sample.map((value) => (value - mean(sample)) ** 2)) / sample.length
    expect(undefinedShare).toBe(0)
    expect(spread / Math.sqrt(variance(strata[0]) + variance(strata[1]))).toBeGreaterThan(0.95)
    expect(spread / Math.sqrt(variance(strata[0]) + variance(strata[1]))).toBeLessThan(1.05)
    expect(centre).toBeCloseTo(difference(strata), 1)
  })
  it('depends on the seed alone', () => {
    expect(run(7).values).toEqual(run(7).values)
    expect(run(7).values).not.toEqual(run(8).values)
  })
  it('widens by its Monte Carlo error and asks no more of the draws than they hold', () => {
    const draws = run(3)
    const interval = percentileInterval(draws, 0.95)
    expect(interval?.low).toBeLessThan(draws.values[49])
    expect(interval?.high).toBeGreaterThan(draws.values[1950])
    expect(percentileInterval(draws, 0.9999)).toBeNull()
  })
  it('has no interval when over 1 % of the draws are undefined, or a group has one value', () => {
    const sometimes = (share: number) => {
      let call = 0
      return bootstrapInterval({ strata, statistic: (groups) => (call++ % Math.round(1 / share) === 0 ? NaN : difference(groups)), seed: 0, purpose: 'test', confidence: 0.95 })
    }
    expect(sometimes(0.02)).toBeNull()
    expect(sometimes(0.005)).not.toBeNull()
    expect(bootstrapInterval({ strata: [[1], [2, 3]], statistic: difference, seed: 0, purpose: 'test', confidence: 0.95 })).toBeNull()
  })
})
