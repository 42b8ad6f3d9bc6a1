import { describe, expect, it } from 'vitest'
import { philox4x32, randomStream, sampleRows } from '../../src/tensor/random.js'

describe('Philox4x32-10', () => {
  /** Known answers published with Random123 (Salmon et al. 2011), file kat_vectors. */
  it.each([
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ] as const)('counter %j with key %j', (counter, key, words) => expect(philox4x32(counter, key)).toEqual(words))
})

describe('streams', () => {
  it('depend on seed, purpose, row and draw alone, and on each of them', () => {
    const draw = (seed: number, purpose: string, row: number, number: number) => randomStream(seed, purpose)(row, number)
    const base = draw(1, 'a', 2, 3)
    expect(draw(1, 'a', 2, 3)).toBe(base)
    for (const other of [draw(2, 'a', 2, 3), draw(1, 'b', 2, 3), draw(1, 'a', 3, 3), draw(1, 'a', 2, 4), draw(1 + 2 ** 33, 'a', 2, 3)]) expect(other).not.toBe(base)
  })

  it('are uniform: mean 1/2, variance 1/12, no value outside [0, 1), lag-1 correlation 0', () => {
    const n = 100_000
    const stream = randomStream(7, 'uniformity')
    const values = Array.from({ length: n }, (_, i) => stream(i, 0))
    const mean = values.reduce((a, b) => a + b) / n
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n
    const lag = values.slice(1).reduce((sum, x, i) => sum + (x - mean) * (values[i] - mean), 0) / n / variance
    // Five standard errors.
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n))
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n))
    expect(Math.abs(lag)).toBeLessThan(5 / Math.sqrt(n))
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true)
  })

  it('sample without replacement, in order, the same whatever else is in the population beyond the sample', () => {
    const population = Array.from({ length: 1000 }, (_, i) => i)
    const sample = sampleRows(population, 100, randomStream(0, 'sample'))
    expect(new Set(sample).size).toBe(100)
    expect(sample).toEqual([...sample].sort((a, b) => a - b))
    expect(sampleRows(sample, 100, randomStream(0, 'other'))).toEqual(sample)
  })
})
