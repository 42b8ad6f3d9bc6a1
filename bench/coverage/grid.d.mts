import type { Scale } from '../../src/statistics/extremes.js'

export const SIZES: readonly number[]
export const RATES: readonly number[]
export function ratePairs(scale: Scale): [number, number][]
export type Configuration = {
  readonly k: number
  readonly sizes: string
  readonly base: number
  readonly distance: number
  readonly shape: string
  readonly cells: readonly { readonly trials: number; readonly rate: number }[]
}
export function configurations(scale: Scale, groups: readonly number[]): Configuration[]
