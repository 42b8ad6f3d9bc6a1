import { describe, expect, it } from 'vitest'
import { logGamma } from '../../src/statistics/beta.js'
import { powerOfProportion, settleProportion } from '../../src/statistics/power-of-proportion.js'
import { exactLimits } from '../../src/statistics/proportions.js'

/** Every outcome, weighted by its chance: what the rule that judges comes to. */
function enumerated(n: number, alternative: number, shown: (limits: { low: number; high: number }) => boolean, level: number): number {
  let chance = 0
  for (let k = 0; k <= n; k++) {
    if (!shown(exactLimits({ successes: k, trials: n }, level))) continue
    chance += Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(alternative) + (n - k) * Math.log1p(-alternative))
  }
  return chance
}

describe('power for one rate', () => {
  it.each([[40, 0.6, 0.8], [40, 0.6, 0.4], [120, 0.05, 0.12], [300, 0.9, 0.85], [500, 0.6, 0.62]])('is what enumeration gives, n = %i, limit %d, truth %d', (n, limit, truth) => {
    for (const level of [0.025, 0.025 / 7]) {
      const expected = enumerated(n, truth, ({ low, high }) => (truth > limit ? low >= limit : high <= limit), level)
      expect(powerOfProportion(n, limit, truth, level)).toBeCloseTo(expected, 10)
    }
  })
  it('keeps its level at the limit', () => {
    for (const n of [30, 77, 500]) expect(powerOfProportion(n, 0.6, 0.6, 0.025)).toBeLessThanOrEqual(0.025)
  })
})

describe('what would settle a limit on one rate', () => {
  it('asks for rows that decide in 80 % of samples at the stated alternatives, and for more rows the more checks there are', () => {
    const { rowsPerGroup, smallestDecidableGap, limitingCell } = settleProportion(500, 'all attacked rows', { min: 0.6 })
    expect(limitingCell).toBe('all attacked rows')
    expect(powerOfProportion(rowsPerGroup.ifPass ?? 0, 0.6, 0.62, 0.025)).toBeCloseTo(0.8, 2)
    expect(powerOfProportion(rowsPerGroup.ifFail ?? 0, 0.6, 0.58, 0.025)).toBeCloseTo(0.8, 2)
    expect(powerOfProportion(500, 0.6, 0.6 - (smallestDecidableGap ?? 0), 0.025)).toBeCloseTo(0.8, 4)
    const seven = settleProportion(500, '', { min: 0.6, familySize: 7 })
    expect(seven.rowsPerGroup.ifFail).toBeGreaterThan(1.3 * (rowsPerGroup.ifFail ?? 0))
    expect(seven.rowsPerGroup.ifPass).toBe(rowsPerGroup.ifPass)
  })
  it('looks the other way for a maximum', () => {
    const { rowsPerGroup, smallestDecidableGap } = settleProportion(500, '', { max: 0.4 })
    const mirrored = settleProportion(500, '', { min: 0.6 })
    expect(rowsPerGroup).toEqual(mirrored.rowsPerGroup)
    expect(smallestDecidableGap).toBeCloseTo(mirrored.smallestDecidableGap ?? NaN, 6)
  })
  it('says null beyond a hundred times the rows, and where an alternative is no rate', () => {
    expect(settleProportion(10, '', { min: 0.6 }).rowsPerGroup).toEqual({ ifPass: null, ifFail: null })
    expect(settleProportion(500, '', { min: 0.99 }).rowsPerGroup.ifPass).toBeNull()
    expect(settleProportion(3, '', { max: 0.9 }).smallestDecidableGap).toBeNull()
  })
})
