/** @file Geometry of the inline charts. Positions are percentages of the drawing's width or height: numbers made here, never text from a report. */

export type Tick = { readonly at: number; readonly value: number }
export type Scale = { readonly low: number; readonly high: number; readonly ticks: readonly Tick[]; readonly at: (value: number) => number }

/** Room at both ends, in percent, so that end labels and dots are not cut. */
const PAD = 7

const round = (value: number): number => Math.round(value * 100) / 100

function niceStep(span: number, count: number): number {
  const raw = span / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10
  return step * power
}

/** Beyond these, differences and quotients of the values leave what a double can hold. */
const LARGEST = 1e300
const SMALLEST_SPAN = 1e-300

/** A linear scale with round ticks that covers all values; `within` keeps shares from running past 0 or 1. */
export function linearScale(values: readonly number[], options: { readonly within?: readonly [number | null, number | null]; readonly ticks?: number; readonly pad?: number } = {}): Scale {
  const finite = values.filter((value) => Math.abs(value) <= LARGEST)
  const [floor, ceiling] = options.within ?? [null, null]
  const smallest = Math.min(...finite, Infinity)
  const largest = Math.max(...finite, -Infinity)
  const [from, to] = finite.length === 0 ? [0, 1] : largest - smallest <= Math.max(SMALLEST_SPAN, Math.abs(largest) * 1e-12) ? [smallest - Math.abs(smallest) * 0.1 - 0.01, largest + Math.abs(largest) * 0.1 + 0.01] : [smallest, largest]
  const step = niceStep(to - from, options.ticks ?? 4)
  const low = Math.max(floor ?? -Infinity, Math.floor(from / step + 1e-9) * step)
  const high = Math.min(ceiling ?? Infinity, Math.ceil(to / step - 1e-9) * step)
  const pad = options.pad ?? PAD
  const at = (value: number): number => round(pad + ((100 - 2 * pad) * (Math.min(high, Math.max(low, value)) - low)) / (high - low || 1))
  const count = Math.max(1, Math.round((high - low) / step))
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((low + index * step).toPrecision(12))).filter((value) => value <= high + step * 1e-6)
  return { low, high, ticks: ticks.map((value) => ({ value, at: at(value) })), at }
}

export type Mark = {
  /** A dot at the value; null where there is only a range. */
  readonly dot: number | null
  /** The interval, or the range of a value that is not shown exactly. */
  readonly from: number | null
  readonly to: number | null
  readonly vague: boolean
}

/** Points of a polygon in percent units, as an SVG attribute of digits, commas and spaces. */
export const pointsAttribute = (points: readonly (readonly [number, number])[]): string => points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')
