import { describe, expect, it } from 'vitest'
import { configurations, ratePairs } from '../../bench/coverage/grid.mjs'
import { enumerateTwoGroups, LEVEL, remembered, simulateGroups } from '../../bench/coverage/simulate.mjs'
import { logGamma } from '../../src/statistics/beta.js'
import { decisionLimits, largestGapLimits, shownLimits } from '../../src/statistics/extremes.js'
import { exactLimits, wilsonLimits } from '../../src/statistics/proportions.js'
import { randomStream } from '../../src/tensor/random.js'

/** A fast part of bench/coverage, which runs the whole grid. */
const statistics = { shownLimits, decisionLimits, exactLimits, logGamma, randomStream }
const exact = remembered(statistics)
const worst = (values: readonly number[]) => Math.max(...values)

describe.each(['difference', 'ratio'] as const)('landing conditions of a %s', (scale) => {
  it.each([[30, 30], [30, 120], [60, 100]] as const)('two groups of %d and %d rows, every outcome enumerated', (n, m) => {
    const results = enumerateTwoGroups(statistics, scale, [n, m], ratePairs(scale))
    expect(worst(results.map(({ miss }) => miss))).toBeLessThanOrEqual(0.07)
    expect(worst(results.map(({ falseFail }) => falseFail))).toBeLessThanOrEqual(0.025)
    expect(worst(results.map(({ falsePass }) => falsePass))).toBeLessThanOrEqual(0.025)
  })
  it('four and sixteen groups, at no gap and at the limit, simulated', () => {
    const chosen = configurations(scale, [4, 16]).filter(({ base, sizes, shape, distance }) =>
      (base === 0.01 || base === 0.2) && (sizes === 'all 30' || sizes === '30 to 1000') && (shape === 'one apart' || shape === 'steps') && (distance === 0 || distance === 1 || distance === 0.1 || distance === 0.8))
    expect(chosen.length).toBeGreaterThanOrEqual(12)
    const replications = 250
    for (const { cells, ...rest } of chosen) {
      const { miss, falseFail, falsePass } = simulateGroups(statistics, scale, [cells], { replications, seed: 5, purpose: JSON.stringify(rest), exact })
      // Four standard errors of the simulation: the seed is fixed, and the bench repeats what comes close with more draws.
      const chance = (share: number) => 4 * Math.sqrt((share * (1 - share)) / replications)
      expect(miss).toBeLessThanOrEqual(0.07 + chance(0.07))
      expect(falseFail).toBeLessThanOrEqual(0.025 + chance(0.025))
      expect(falsePass).toBeLessThanOrEqual(0.025 + chance(0.025))
    }
  })
})

describe('why judging is stricter than what is shown', () => {
  const falsePass = (limits: typeof decisionLimits) =>
    worst(enumerateTwoGroups({ ...statistics, decisionLimits: limits }, 'difference', [30, 400], ratePairs('difference')).map(({ falsePass: share }) => share))
  it('Wilson limits pass falsely more than allowed; exact limits at the full level too', () => {
    expect(falsePass((scale, pairs, level) => shownLimits(scale, pairs, level))).toBeGreaterThan(0.04)
    expect(falsePass((_scale, pairs, level) => largestGapLimits(pairs, { corrected: level, uncorrected: level }, exact))).toBeGreaterThan(LEVEL)
  })
  it('without correction for the number of groups, equal groups of 100 would fail more often than not', () => {
    const uncorrected: typeof decisionLimits = (_scale, pairs, level) => largestGapLimits(pairs, { corrected: 2 * pairs.length * level, uncorrected: level }, wilsonLimits)
    const cells = new Array<{ trials: number; rate: number }>(8).fill({ trials: 100, rate: 0.3 })
    expect(simulateGroups({ ...statistics, decisionLimits: uncorrected }, 'difference', [cells], { replications: 300, seed: 1, purpose: 'naive' }).falseFail).toBeGreaterThan(0.4)
    expect(simulateGroups(statistics, 'difference', [cells], { replications: 300, seed: 1, purpose: 'naive' }).falseFail).toBeLessThan(0.03)
  })
})
