import type { Scale, decisionLimits, shownLimits } from '../../src/statistics/extremes.js'
import type { ProportionLimits, exactLimits } from '../../src/statistics/proportions.js'
import type { logGamma } from '../../src/statistics/beta.js'
import type { randomStream } from '../../src/tensor/random.js'

export type Statistics = {
  readonly shownLimits: typeof shownLimits
  readonly decisionLimits: typeof decisionLimits
  readonly exactLimits: typeof exactLimits
  readonly logGamma: typeof logGamma
  readonly randomStream: typeof randomStream
}
export type Errors = { readonly truth: number; /** Shares of outcomes. */ readonly miss: number; readonly falseFail: number; readonly falsePass: number }

export const LEVEL: number
export function binomial(statistics: Pick<Statistics, 'logGamma'>, n: number, p: number): Float64Array
export function remembered(statistics: Pick<Statistics, 'exactLimits'>): ProportionLimits
export function enumerateTwoGroups(statistics: Statistics, scale: Scale, trials: readonly [number, number], ratePairs: readonly (readonly [number, number])[], familySize?: number): (Errors & { readonly rates: readonly [number, number] })[]
export function simulateGroups(
  statistics: Statistics,
  scale: Scale,
  cells: readonly (readonly { readonly trials: number; readonly rate: number }[])[],
  options: { readonly replications: number; readonly seed: number; readonly purpose: string; readonly exact?: ProportionLimits },
): Errors
