import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactLimits, exactOrWilsonInterval, wilsonInterval, wilsonLimits } from '../../src/statistics/proportions.js'
import { moverRatioInterval, newcombeInterval } from '../../src/statistics/two-proportions.js'
import { pairedDifferenceInterval } from '../../src/statistics/paired.js'
import { truth } from './fixture.js'

const close = (actual: number, expected: number, tolerance = 1e-12) => expect(Math.abs(actual - expected)).toBeLessThan(tolerance)
const proportion = ([successes, trials]: [number, number]) => ({ successes, trials })

describe('one proportion', () => {
  it.each(truth.proportion)('$successes of $trials at level $level, against statsmodels', ({ level, wilson, exact, ...counts }) => {
    const score = wilsonLimits(counts, level)
    close(score.low, wilson[0])
    close(score.high, wilson[1])
    const clopperPearson = exactLimits(counts, level)
    close(clopperPearson.low, exact[0])
    close(clopperPearson.high, exact[1])
  })
  it('has no interval without trials and never one of zero width', () => {
    expect(wilsonInterval({ successes: 0, trials: 0 }, 0.95)).toBeNull()
    expect(exactOrWilsonInterval({ successes: 0, trials: 0 }, 0.95)).toBeNull()
    fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(5000), (trials, some) => {
      const { low, high } = wilsonInterval({ successes: Math.min(some, trials), trials }, 0.95)!
      return low < high && low >= 0 && high <= 1
    }))
  })
})

describe('two proportions', () => {
  it.each(truth.two_proportions)('$first against $second at level $level', ({ first, second, level, newcombe, mover_ratio }) => {
    const difference = newcombeInterval(proportion(first), proportion(second), 1 - 2 * level)
    close(difference.low, newcombe[0])
    close(difference.high, newcombe[1])
    if (!mover_ratio) return
    const ratio = moverRatioInterval(proportion(first), proportion(second), 1 - 2 * level)
    close(ratio.low, mover_ratio[0], 1e-11)
    close(ratio.high, mover_ratio[1], 1e-10 * mover_ratio[1])
  })
  it('reproduces the published example 7/34 against 1/34 (Perondi et al. 2004), with the digits that the R package contingencytables tests', () => {
    const high = { successes: 7, trials: 34 }
    const standard = { successes: 1, trials: 34 }
    const difference = newcombeInterval(high, standard, 0.95)
    expect([difference.low.toFixed(4), difference.high.toFixed(4)]).toEqual(['0.0189', '0.3404'])
    const ratio = moverRatioInterval(high, standard, 0.95)
    expect([ratio.low.toFixed(4), ratio.high.toFixed(4)]).toEqual(['1.1537', '41.9763'])
  })
  it('gives a rate of 0 the ratio limits that it allows', () => {
    const none = { successes: 0, trials: 40 }
    const some = { successes: 9, trials: 50 }
    const below = moverRatioInterval(none, some, 0.95)
    expect(below.low).toBe(0)
    expect(below.high).toBeGreaterThan(0)
    expect(below.high).toBeLessThan(1)
    const above = moverRatioInterval(some, none, 0.95)
    expect(above.high).toBe(Infinity)
    close(above.low * below.high, 1)
  })
  it('mirrors: the ratio limits of b/a are the inverse of those of a/b', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), fc.nat(40), fc.nat(40), (a, b, c, d) => {
      const first = { successes: a, trials: a + c }
      const second = { successes: b, trials: b + d }
      const forth = moverRatioInterval(first, second, 0.95)
      const back = moverRatioInterval(second, first, 0.95)
      expect(forth.low * back.high).toBeCloseTo(1, 9)
      expect(forth.high * back.low).toBeCloseTo(1, 9)
    }))
  })
})

describe('paired difference', () => {
  it.each(truth.paired)('$both, $firstOnly, $secondOnly, $neither', ({ level, interval, ...counts }) => {
    const actual = pairedDifferenceInterval(counts, 1 - 2 * level)!
    close(actual.low, interval[0])
    close(actual.high, interval[1])
  })
  it('reproduces the published paired example 59, 6, 16, 80 (Cavo et al. 2012), with the digits that the R package contingencytables tests', () => {
    const { low, high } = pairedDifferenceInterval({ both: 59, firstOnly: 6, secondOnly: 16, neither: 80 }, 0.95)!
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(['-0.1186', '-0.0046'])
  })
  it('has none without rows', () => {
    expect(pairedDifferenceInterval({ both: 0, firstOnly: 0, secondOnly: 0, neither: 0 }, 0.95)).toBeNull()
  })
})
