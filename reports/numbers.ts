/** @file Numbers as a reader sees them: rounded to what the interval supports, never across the limit they are judged by. */
import type { Interval } from '../src/contracts/report.js'
import type { Shown } from './cells.js'

const NARROW_SPACE = '\u202f'
export const MINUS = '\u2212'
export const DASH = '\u2013'

export const isShare = (unit: string): boolean => unit === 'share'

function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text
}

export const integer = (value: number): string => fixed(value, 0)

/** Three significant digits. */
function significant(value: number): string {
  if (value === 0) return '0'
  const magnitude = Math.floor(Math.log10(Math.abs(value)))
  if (magnitude < -5 || magnitude > 8) return value.toExponential(2).replace('-', MINUS)
  return fixed(value, Math.min(8, Math.max(0, 2 - magnitude)))
}

/**
 * Decimals for a value and its interval: the last digit is not finer than a thirtieth of the interval's half-width; beyond that there is
 * nothing but noise. More are added while rounding would move the value or an end across one of `limits`.
 */
export function decimalsFor(value: number, interval: Interval | null, unit: string, limits: readonly number[] = []): number | null {
  const half = interval ? (interval.high - interval.low) / 2 : 0
  // Beyond six decimals three significant digits read better.
  if (half < 1e-6) return null
  let decimals = Math.min(6, Math.max(/shares?$/.test(unit) ? 2 : 0, Math.floor(1.5 - Math.log10(half))))
  const numbers = interval ? [value, interval.low, interval.high] : [value]
  const crosses = (limit: number): boolean => numbers.some((each) => Math.sign(Number(each.toFixed(decimals)) - limit) !== Math.sign(each - limit))
  while (decimals < 6 && limits.some(crosses)) decimals += 1
  return decimals
}

/** A value in its unit: shares as percentages, everything else as the number that the config speaks of. */
export function format(value: number, unit: string, decimals: number | null): string {
  if (isShare(unit)) return fixed(value * 100, decimals === null ? 1 : Math.max(0, decimals - 2)) + NARROW_SPACE + '%'
  return decimals === null ? significant(value) : fixed(value, decimals)
}

export function formatInterval(interval: Interval, unit: string, decimals: number | null): string {
  return `${format(interval.low, unit, decimals)} to ${format(interval.high, unit, decimals)}`
}

/** A limit exactly as it was configured, in the unit of the value that it limits. */
export const formatLimit = (limit: number, unit: string): string => (isShare(unit) ? `${Number((limit * 100).toPrecision(12))}${NARROW_SPACE}%` : String(limit).replace('-', MINUS))

export const confidenceWords = (interval: Interval): string => `${fixed(interval.confidence * 100, interval.confidence * 100 % 1 ? 1 : 0)}${NARROW_SPACE}% interval`

/** A count of people or rows. */
export function formatCount(shown: Shown): string {
  if (shown === 'withheld') return 'withheld'
  if (typeof shown === 'number') return integer(shown)
  return shown.low === 1 ? `<${shown.high + 1}` : `${integer(shown.low)}${DASH}${integer(shown.high)}`
}

/** Ranges are rounded outwards: what they promise stays true. */
export function formatShown(shown: Shown, unit: string, decimals: number | null): string {
  if (shown === 'withheld') return 'withheld'
  if (typeof shown === 'number') return format(shown, unit, decimals)
  if (shown.high - shown.low < 1e-9) return format(shown.low, unit, null)
  const step = 1e3
  const low = Math.floor(shown.low * step + 1e-9) / step
  const high = Math.ceil(shown.high * step - 1e-9) / step
  const bound = isShare(unit) || unit.startsWith('ratio')
  if (low <= 0) return `at most ${format(high, unit, 3)}`
  if (bound && high >= 1) return `at least ${format(low, unit, 3)}`
  return `${format(low, unit, 3)} to ${format(high, unit, 3)}`
}

/** A number of a table or a list of facts, whose unit is known or not. */
export function formatCell(value: string | number | boolean | null, unit: string): string {
  if (value === null) return DASH
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (isShare(unit)) return format(value, unit, null)
  if (unit === 'difference of shares') return `${fixed(value * 100, 1)} percentage points`
  return Number.isInteger(value) ? integer(value) : significant(value)
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  return count < 1e6 ? `${significant(count / 1e3)} kB` : `${significant(count / 1e6)} MB`
}

export const duration = (durationMs: number): string => (durationMs < 1000 ? `${integer(durationMs)} ms` : `${fixed(durationMs / 1000, 1)} s`)
