/** @file Bootstrap within groups, for statistics that are not rates (Efron and Tibshirani 1993, "An introduction to the bootstrap", ch. 8 and 13). */
import type { Interval } from '../contracts/report.js'
import { randomStream } from '../tensor/random.js'
import { normalQuantile } from './normal.js'
import { levelOf } from './proportions.js'

export type Bootstrap<T> = {
  /** The values of each group; a draw keeps every group's size. */
  readonly strata: readonly (readonly T[])[]
  /** NaN where it is undefined for a draw. */
  readonly statistic: (strata: readonly (readonly T[])[]) => number
  readonly seed: number
  /** What the random numbers are for, so that two bootstraps of one audit do not share them. */
  readonly purpose: string
  readonly draws?: number
}

export type Draws = { /** Ascending, without the undefined ones. */ readonly values: Float64Array; readonly undefinedShare: number }

const DEFAULT_DRAWS = 2000
const LARGEST_UNDEFINED_SHARE = 0.01
/** One-sided, for the Monte Carlo error of a limit. */
const MONTE_CARLO_Z = -normalQuantile(0.01)

export function bootstrapDraws<T>({ strata, statistic, seed, purpose, draws = DEFAULT_DRAWS }: Bootstrap<T>): Draws {
  const stream = randomStream(seed, `bootstrap/${purpose}`)
  const offsets: number[] = []
  strata.reduce((offset, stratum) => (offsets.push(offset), offset + stratum.length), 0)
  const values = new Float64Array(draws)
  let defined = 0
  for (let draw = 0; draw < draws; draw++) {
    const value = statistic(strata.map((stratum, g) => stratum.map((_, i) => stratum[Math.floor(stream(offsets[g] + i, draw) * stratum.length)])))
    if (Number.isFinite(value)) values[defined++] = value
  }
  return { values: values.subarray(0, defined).sort(), undefinedShare: (draws - defined) / draws }
}

/**
 * Percentile interval of draws. Each limit moves outward by its Monte Carlo error (99 %), so that no conclusion hangs on the seed; for the same
 * reason there is none where the confidence asks for more draws than there are. Null too when over 1 % of the draws are undefined.
 */
export function percentileInterval({ values, undefinedShare }: Draws, confidence: number): Interval | null {
  if (undefinedShare > LARGEST_UNDEFINED_SHARE || values.length === 0) return null
  const level = levelOf(confidence)
  const rank = Math.floor(level * values.length - MONTE_CARLO_Z * Math.sqrt(values.length * level * (1 - level)))
  if (rank < 1) return null
  const low = values[rank - 1]
  const high = values[values.length - rank]
  return low < high ? { low, high, confidence, method: `bootstrap within groups, ${values.length} draws` } : null
}

/** Draws and interval at once. Never judge a maximum over groups with it: such intervals miss a true gap of 0. */
export function bootstrapInterval<T>({ confidence, ...bootstrap }: Bootstrap<T> & { readonly confidence: number }): Interval | null {
  return bootstrap.strata.some((stratum) => stratum.length < 2) ? null : percentileInterval(bootstrapDraws(bootstrap), confidence)
}
