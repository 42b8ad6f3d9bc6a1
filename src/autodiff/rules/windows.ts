/** @file Sliding windows: the attributes that convolutions and poolings share. */
import { intsAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'

/** All per spatial axis. */
export type Windows = {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Begin and end of each axis; a name of an int64 [1] where the size is known only at run time. */
  readonly begin: readonly (number | string)[]
  readonly end: readonly (number | string)[]
}

/** Size of a window with its holes. */
export const reach = ({ kernel, dilations }: Windows, axis: number): number => dilations[axis] * (kernel[axis] - 1) + 1

export function windowsOf(c: RuleContext, kernel: readonly number[]): Windows {
  const ones = kernel.map(() => 1)
  const strides = intsAttribute(c.node, 'strides', ones)
  const dilations = intsAttribute(c.node, 'dilations', ones)
  const mode = stringAttribute(c.node, 'auto_pad', 'NOTSET')
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') {
    const pads = mode === 'VALID' ? [...ones, ...ones].map(() => 0) : intsAttribute(c.node, 'pads', [...ones, ...ones].map(() => 0))
    return { kernel, strides, dilations, begin: pads.slice(0, kernel.length), end: pads.slice(kernel.length) }
  }
  const totals = kernel.map((size, axis) => samePadding(c, axis, strides[axis], dilations[axis] * (size - 1) + 1))
  const [less, more] = [totals.map((total) => half(c, total, 0)), totals.map((total) => half(c, total, 1))]
  return { kernel, strides, dilations, ...(mode === 'SAME_UPPER' ? { begin: less, end: more } : { begin: more, end: less }) }
}

/** Padding of one axis so that ⌈in / stride⌉ windows fit: max((out − 1)·stride + reach − in, 0). */
function samePadding(c: RuleContext, axis: number, stride: number, width: number): number | string {
  if (stride === 1) return width - 1
  const size = c.dims(c.x)?.[axis + 2]
  if (typeof size === 'number') return Math.max((Math.ceil(size / stride) - 1) * stride + width - size, 0)
  const e = c.emitter
  const at = e.sizeOf(c.x, axis + 2)
  const last = e.mul(e.div(e.sub(at, e.ints([1])), e.ints([stride])), e.ints([stride])) // (⌈in / stride⌉ − 1)·stride
  return e.emit('Max', [e.sub(e.add(last, e.ints([width])), at), e.ints([0])])
}

const half = (c: RuleContext, total: number | string, extra: 0 | 1): number | string =>
  typeof total === 'number' ? Math.floor((total + extra) / 2) : c.emitter.div(c.emitter.add(total, c.emitter.ints([extra])), c.emitter.ints([2]))

export const areNumbers = (values: readonly (number | string)[]): values is readonly number[] => values.every((value) => typeof value === 'number')

/**
 * How far the last window reaches beyond x along each axis, less than 0 where it ends before x does: (out − 1)·stride + reach − begin − in.
 * With `begin`, this is the padding under which the windows cover x exactly.
 */
export function overhang(c: RuleContext, windows: Windows): readonly (number | string)[] {
  const e = c.emitter
  return windows.begin.map((begin, axis) => {
    const [size, count] = [c.dims(c.x)?.[axis + 2], c.dims(c.y)?.[axis + 2]]
    if (typeof begin === 'number' && typeof size === 'number' && typeof count === 'number') return (count - 1) * windows.strides[axis] + reach(windows, axis) - begin - size
    const starts = e.mul(e.sub(e.sizeOf(c.y, axis + 2), e.ints([1])), e.ints([windows.strides[axis]]))
    const first = typeof begin === 'number' ? e.ints([reach(windows, axis) - begin]) : e.sub(e.ints([reach(windows, axis)]), begin)
    return e.sub(e.add(starts, first), e.sizeOf(c.x, axis + 2))
  })
}

/** Cuts what windows have spread, [rows, channels, …], down to the part that is x, and fills what no window reached with zeros. */
export function fit(c: RuleContext, whole: string, windows: Windows): string {
  const pads = [0, 0, ...windows.begin.map((pad) => negated(c, pad)), 0, 0, ...overhang(c, windows).map((pad) => negated(c, pad))]
  return pads.every((pad) => pad === 0) ? whole : c.emitter.pad(whole, pads)
}

/** −1 × a size. */
const negated = (c: RuleContext, value: number | string): number | string => (typeof value === 'number' ? (value === 0 ? 0 : -value) : c.emitter.neg(value))

/** Positions of a window in row-major order. */
export function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>((taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, i) => [...tap, i])), [[]])
}

/** What one position of every window holds, where the windows cover a value exactly: [rows, channels, one for each window]. */
export function tapOf(c: RuleContext, covered: string, windows: Windows, tap: readonly number[]): string {
  const e = c.emitter
  const starts = tap.map((offset, axis) => offset * windows.dilations[axis])
  const ends = starts.map((start, axis) => start + 1 - reach(windows, axis) || END)
  return c.emit('Slice', [covered, e.ints(starts), e.ints(ends), e.ints(tap.map((_, axis) => axis + 2)), e.ints(windows.strides)])
}

/** "To the end" for Slice. */
const END = Number.MAX_SAFE_INTEGER
