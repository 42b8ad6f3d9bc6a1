/** @file The difference of two proportions measured on the same rows, such as accuracy before and after an attack. */
import type { Interval } from '../contracts/report.js'
import { levelOf, wilsonLimits } from './proportions.js'

/** Rows by the outcome of both measurements. */
export type PairedCounts = { readonly both: number; readonly firstOnly: number; readonly secondOnly: number; readonly neither: number }

/**
 * first − second: Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on paired data",
 * Stat. Med. 17(22), method 10: Wilson limits squared and added, with a correlation that is corrected towards 0. Null without rows.
 */
export function pairedDifferenceInterval({ both, firstOnly, secondOnly, neither }: PairedCounts, confidence: number): Interval | null {
  const rows = both + firstOnly + secondOnly + neither
  if (rows === 0) return null
  const level = levelOf(confidence)
  const first = both + firstOnly
  const second = both + secondOnly
  const firstLimits = wilsonLimits({ successes: first, trials: rows }, level)
  const secondLimits = wilsonLimits({ successes: second, trials: rows }, level)
  const correlation = correctedCorrelation(both * neither - firstOnly * secondOnly, first, second, rows)
  const add = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * correlation * a * b + b * b))
  const difference = (first - second) / rows
  return {
    low: difference - add(first / rows - firstLimits.low, secondLimits.high - second / rows),
    high: difference + add(firstLimits.high - first / rows, second / rows - secondLimits.low),
    confidence,
    method: 'Newcombe, paired',
  }
}

function correctedCorrelation(crossProduct: number, first: number, second: number, rows: number): number {
  const spread = Math.sqrt(first * (rows - first) * second * (rows - second))
  if (spread === 0) return 0
  return (crossProduct > 0 ? Math.max(0, crossProduct - rows / 2) : crossProduct) / spread
}
