/** @file Samples of images between their elements, from Gather and arithmetic: what moves the places has a gradient as well. */
import type { NodeContext } from '../node-context.js'

/** One element that a sample is made of, along one axis: where it is and what it counts. */
export type Tap = {
  /** Whole numbers inside the axis, as floats; [batch, points]. */
  readonly place: string
  /** null for 1; else [batch, points]. */
  readonly weight: string | null
}

/** The product of sizes, of which some may be known only at run time. */
export function productOf(c: NodeContext, sizes: readonly (number | string)[]): number | string {
  const known = sizes.reduce<number>((product, size) => (typeof size === 'number' ? product * size : product), 1)
  const names = sizes.filter((size) => typeof size === 'string')
  if (names.length === 0) return known
  return names.reduce((product, name) => c.emitter.mul(product, name), c.emitter.ints([known]))
}

/** int64 [1] */
export const sizeName = (c: NodeContext, size: number | string): string => (typeof size === 'number' ? c.emitter.ints([size]) : size)

export const reshaped = (c: NodeContext, name: string, sizes: readonly (number | string)[]): string => c.emit('Reshape', [name, c.emitter.joinInts(sizes)], { allowzero: 1 })

/** 0 … size − 1, int64. */
export const upTo = (c: NodeContext, size: number | string): string =>
  c.emit('Range', [c.emitter.constant(0, 'int64'), typeof size === 'number' ? c.emitter.constant(size, 'int64') : c.emit('Squeeze', [size]), c.emitter.constant(1, 'int64')])

/**
 * Σ over all combinations of taps, one per axis.
 *
 * @param x [batch, channels, …sizes]
 * @param axes for each axis of `sizes`, the taps along it
 * @returns [batch, points, channels]
 */
export function weighTaps(c: NodeContext, x: string, shape: { batch: number | string; channels: number | string; sizes: readonly (number | string)[]; points: number | string }, axes: readonly (readonly Tap[])[]): string {
  const e = c.emitter
  const { batch, channels, sizes, points } = shape
  const area = productOf(c, sizes)
  const channelsLast = c.emit('Transpose', [reshaped(c, x, [batch, channels, area])], { perm: [0, 2, 1] })
  const elements = reshaped(c, channelsLast, [productOf(c, [batch, area]), channels])
  const firstOfRow = e.mul(c.emit('Unsqueeze', [upTo(c, batch), e.ints([1])]), sizeName(c, area)) // [batch, 1]
  const all = combine(axes)
  const positions = all.map((taps) => {
    const inside = taps.reduce<string | null>((position, { place }, axis) => {
      const index = e.cast(place, 'int64')
      return position === null ? index : e.add(e.mul(position, sizeName(c, sizes[axis])), index)
    }, null) as string
    return c.emit('Unsqueeze', [e.add(firstOfRow, inside), e.ints([0])]) // [1, batch, points]
  })
  const weights = all.map((taps) => taps.reduce<string | null>((product, { weight }) => (product === null || weight === null ? product ?? weight : e.mul(product, weight)), null))
  const flat = reshaped(c, joined(c, positions), [productOf(c, [all.length, batch, points]), 1])
  const values = reshaped(c, c.emit('GatherND', [elements, flat]), [all.length, batch, points, channels])
  if (weights.every((weight) => weight === null)) return c.emit('Squeeze', [values, e.ints([0])])
  const stacked = joined(c, weights.map((weight) => c.emit('Unsqueeze', [weight as string, e.ints([0])]))) // [taps, batch, points]
  return c.emit('ReduceSum', [e.mul(values, c.emit('Unsqueeze', [stacked, e.ints([3])])), e.ints([0])], { keepdims: 0 })
}

const joined = (c: NodeContext, parts: readonly string[]): string => (parts.length === 1 ? parts[0] : c.emit('Concat', parts, { axis: 0 }))

/** Every choice of one entry per list, the last list running fastest. */
const combine = <T>(lists: readonly (readonly T[])[]): T[][] => lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((entry) => [...head, entry])), [[]])

/** The two neighbours of a place, weighed by how near they are. `settle` brings a neighbour inside and says what else it counts. */
export function linearTaps(c: NodeContext, at: string, settle: (place: string) => Tap): Tap[] {
  const e = c.emitter
  const low = c.emit('Floor', [at])
  const part = e.sub(at, low)
  const one = e.scalar(1, at)
  return [settled(c, settle(low), e.sub(one, part)), settled(c, settle(e.add(low, one)), part)]
}

/** A tap that counts `weight` times what it counted. */
export const settled = (c: NodeContext, tap: Tap, weight: string): Tap => ({ place: tap.place, weight: tap.weight === null ? weight : c.emitter.mul(tap.weight, weight) })

/** Clips a place to the axis, and counts it only where that changed nothing. `last` is a scalar float, size − 1. */
export function zerosOutside(c: NodeContext, place: string, last: string): Tap {
  const clipped = c.emit('Clip', [place, c.emitter.scalar(0, place), last])
  return { place: clipped, weight: c.emitter.cast(c.emit('Equal', [clipped, place]), c.dtype(place)) }
}

/** size − 1 as a scalar of the dtype of `like`. */
export function lastOf(c: NodeContext, size: number | string, like: string): string {
  if (typeof size === 'number') return c.emitter.scalar(size - 1, like)
  return c.emitter.cast(c.emit('Squeeze', [c.emitter.sub(size, c.emitter.ints([1]))]), c.dtype(like))
}
