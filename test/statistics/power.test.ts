import { describe, expect, it } from 'vitest'
import { decisionLimits } from '../../src/statistics/extremes.js'
import type { Scale } from '../../src/statistics/extremes.js'
import { logGamma } from '../../src/statistics/beta.js'
import { power, settle } from '../../src/statistics/power.js'
import { truth } from './fixture.js'

/** statsmodels speaks of the second group's rate; ours of the rate in the middle. */
const design = (difference: number, rate: number, trials: [number, number]) => ({ scale: 'difference' as const, rate: rate + difference / 2, trials })

describe('power against statsmodels, without continuity', () => {
  it.each(truth.power)('gap $difference at $rate with $trials', ({ difference, rate, trials, level, power: expected }) => {
    expect(power(design(difference, rate, [trials, trials]), { limit: 0, alternative: difference, level }, 0)).toBeCloseTo(expected, 10)
  })
  it.each(truth.sample_size)('rows for a gap of $difference at $rate', ({ difference, rate, level, trials }) => {
    const at = (n: number) => power(design(difference, rate, [n, n]), { limit: 0, alternative: difference, level }, 0)
    expect(at(trials)).toBeCloseTo(0.8, 9)
  })
})

const binomial = (n: number, p: number) => Array.from({ length: n + 1 }, (_, x) => Math.exp(logGamma(n + 1) - logGamma(x + 1) - logGamma(n - x + 1) + x * Math.log(p) + (n - x) * Math.log1p(-p)))

/** Chance that the rule, at the level of one test, shows the truth on its side of the limit: every outcome of two groups is enumerated. */
function decided(scale: Scale, sizes: number | [number, number], rates: [number, number], shown: (limits: { low: number; high: number }) => boolean): number {
  const [n, m] = typeof sizes === 'number' ? [sizes, sizes] : sizes
  const [first, second] = [binomial(n, rates[0]), binomial(m, rates[1])]
  let chance = 0
  for (let a = 0; a <= n; a++) {
    if (first[a] < 1e-5) continue
    for (let b = 0; b <= m; b++) {
      const weight = first[a] * second[b]
      if (weight < 1e-7) continue
      if (shown(decisionLimits(scale, [{ first: { successes: a, trials: n }, second: { successes: b, trials: m } }], 0.025))) chance += weight
    }
  }
  return chance
}

describe('rows that settle asks for decide in about 80 % of samples, by enumeration', () => {
  const input = (scale: Scale, rate: number, corrected: boolean) => ({
    scale, rate, trials: [60, 60] as const, peoplePerTrial: 1, limitingCell: 'a',
    levels: corrected ? { fail: 0.0125, pass: 0.015 } : { fail: 0.015, pass: 0.0125 },
  })
  it('for a gap far beyond the limit, by its smallest decidable gap', () => {
    const { smallestDecidableGap } = settle(input('difference', 0.5, true), { max: 0.1 })
    const gap = 0.1 + (smallestDecidableGap ?? NaN)
    expect(decided('difference', 60, [0.5 + gap / 2, 0.5 - gap / 2], ({ low }) => low > 0.1)).toBeGreaterThan(0.76)
    expect(decided('difference', 60, [0.5 + gap / 2, 0.5 - gap / 2], ({ low }) => low > 0.1)).toBeLessThan(0.88)
  })
  it('for a ratio below the limit', () => {
    const { smallestDecidableGap } = settle(input('ratio', 0.5, true), { min: 0.8 })
    const ratio = 0.8 - (smallestDecidableGap ?? NaN)
    const larger = 1 / (1 + ratio)
    const chance = decided('ratio', 60, [ratio * larger, larger], ({ high }) => high < 0.8)
    expect(chance).toBeGreaterThan(0.76)
    expect(chance).toBeLessThan(0.88)
  })
  it('for groups of different sizes, whichever has the higher rate', () => {
    const { smallestDecidableGap } = settle({ ...input('difference', 0.8, true), trials: [60, 240] }, { max: 0.05 })
    const gap = 0.05 + (smallestDecidableGap ?? NaN)
    const middle = Math.min(0.8, 1 - gap / 2)
    const chances = [[middle + gap / 2, middle - gap / 2], [middle - gap / 2, middle + gap / 2]].map((rates) => decided('difference', [60, 240], rates as [number, number], ({ low }) => low > 0.05))
    expect(Math.min(...chances)).toBeGreaterThan(0.72)
    expect(Math.min(...chances)).toBeLessThan(0.88)
  })
  it('for a pass, whose alternative lies one step inside the limit', () => {
    const { rowsPerGroup } = settle({ ...input('ratio', 0.9, true), trials: [100, 100] }, { min: 0.8 })
    const n = rowsPerGroup.ifPass ?? NaN
    const larger = 1.8 / 1.85
    const chance = decided('ratio', n, [0.85 * larger, larger], ({ low }) => low > 0.8)
    expect(chance).toBeGreaterThan(0.76)
    expect(chance).toBeLessThan(0.88)
  })
})

describe('settle', () => {
  const base = { scale: 'difference' as const, rate: 0.3, trials: [200, 400] as const, peoplePerTrial: 1, limitingCell: 'a', levels: { fail: 0.0125, pass: 0.015 } }
  it('turns rows of the denominator into people', () => {
    const one = settle({ ...base, trials: [2000, 4000] }, { max: 0.1 }).rowsPerGroup.ifFail ?? NaN
    expect(settle({ ...base, trials: [2000, 4000], peoplePerTrial: 3 }, { max: 0.1 }).rowsPerGroup.ifFail).toBe(3 * one)
  })
  it('is null where no possible truth can be decided', () => {
    expect(settle({ ...base, trials: [3, 3] }, { max: 0.9 }).smallestDecidableGap).toBeNull()
    expect(settle(base, { max: 1 })).toMatchObject({ smallestDecidableGap: null, rowsPerGroup: { ifFail: null } })
  })
})
