/** @file GridSample and AffineGrid. */
import { intAttribute, stringAttribute } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'
import { lastOf, linearTaps, reshaped, productOf, settled, sizeName, upTo, weighTaps, zerosOutside, type Tap } from './sampling.js'

/** Parameter of the cubic kernel. */
const CUBIC = -0.75

/** x [N, C, …in], grid [N, …out, axes] whose last axis counts the axes of x from the last one. */
function gridSample(c: NodeContext): string[] {
  const e = c.emitter
  const grid = c.input(1)
  const rank = e.rank(grid) ?? c.rank(c.x)
  const axes = rank - 2
  const [batch, channels] = [e.size(grid, 0), e.size(c.x, 1)]
  const sizes = Array.from({ length: axes }, (_, axis) => e.size(c.x, axis + 2))
  const out = Array.from({ length: axes }, (_, axis) => e.size(grid, axis + 1))
  const points = productOf(c, out)
  const flat = reshaped(c, grid, [batch, points, axes])
  const taps = sizes.map((size, axis) => {
    const column = axes - 1 - axis
    const place = c.emit('Squeeze', [c.emit('Slice', [flat, e.ints([column]), e.ints([column + 1]), e.ints([2])]), e.ints([2])]) // [N, points]
    return tapsOf(c, place, size)
  })
  const samples = weighTaps(c, c.x, { batch, channels, sizes, points }, taps) // [N, points, C]
  return [reshaped(c, c.emit('Transpose', [samples], { perm: [0, 2, 1] }), [batch, channels, ...out])]
}

/** What an axis is sampled at, given places from −1 to 1. */
function tapsOf(c: NodeContext, place: string, size: number | string): Tap[] {
  const e = c.emitter
  const [half, one] = [e.scalar(0.5, place), e.scalar(1, place)]
  const last = lastOf(c, size, place)
  const corners = intAttribute(c.node, 'align_corners', 0) === 1
  const shifted = e.add(place, one)
  const at = corners ? e.mul(e.mul(shifted, half), last) : e.mul(e.sub(e.mul(shifted, e.add(last, one)), one), half)
  const edge: Edge = { from: corners ? e.scalar(0, place) : e.scalar(-0.5, place), span: corners ? last : e.add(last, one) }
  const padding = stringAttribute(c.node, 'padding_mode', 'zeros')
  const settle = (index: string): Tap => {
    if (padding === 'zeros') return zerosOutside(c, index, last)
    return { place: padding === 'border' ? c.emit('Clip', [index, e.scalar(0, place), last]) : c.emit('Round', [reflected(c, index, edge)]), weight: null }
  }
  const inside = padding === 'reflection' ? reflected(c, at, edge) : at
  switch (stringAttribute(c.node, 'mode', 'linear')) {
    case 'nearest': return [settle(c.emit('Round', [at]))]
    case 'cubic': case 'bicubic': return cubicTaps(c, inside, settle)
    default: return linearTaps(c, padding === 'zeros' ? inside : held(c, inside, last), settle)
  }
}

/** The part of an axis that is not padding, from `from` over a length of `span`; all scalars. */
type Edge = { readonly from: string; readonly span: string }

/** Held between the first element and the last; at and beyond them nothing moves the sample, as in PyTorch. */
function held(c: NodeContext, at: string, last: string): string {
  const zero = c.emitter.scalar(0, at)
  const below = c.emit('Where', [c.emit('Less', [at, last]), at, last])
  return c.emit('Where', [c.emit('Greater', [at, zero]), below, zero])
}

/** Mirrored at both ends until inside: a triangle wave. An axis of one element without length stays at its element. */
function reflected(c: NodeContext, at: string, { from, span }: Edge): string {
  const e = c.emitter
  const safe = c.emit('Max', [span, e.scalar(1e-6, at)])
  const period = e.mul(safe, e.scalar(2, at))
  const distance = c.emit('Abs', [e.sub(at, from)])
  const within = e.sub(distance, e.mul(c.emit('Floor', [e.div(distance, period)]), period))
  return e.add(from, e.sub(safe, c.emit('Abs', [e.sub(within, safe)])))
}

/** Four neighbours under the kernel of Keys, 1981. */
function cubicTaps(c: NodeContext, at: string, settle: (place: string) => Tap): Tap[] {
  const e = c.emitter
  const low = c.emit('Floor', [at])
  const t = e.sub(at, low)
  const number = (value: number) => e.scalar(value, at)
  const polynomial = (x: string, factors: readonly number[]) => factors.slice(1).reduce((sum, factor) => (factor === 0 ? e.mul(sum, x) : e.add(e.mul(sum, x), number(factor))), number(factors[0]))
  const near = (x: string) => polynomial(x, [CUBIC + 2, -(CUBIC + 3), 0, 1])
  const far = (x: string) => polynomial(x, [CUBIC, -5 * CUBIC, 8 * CUBIC, -4 * CUBIC])
  const rest = e.sub(number(1), t)
  const weights = [far(e.add(t, number(1))), near(t), near(rest), far(e.add(rest, number(1)))]
  return weights.map((weight, i) => settled(c, settle(i === 1 ? low : e.add(low, number(i - 1))), weight))
}

/** theta [N, axes, axes + 1] times the places of an image of `size` (N, C, …), from −1 to 1, → [N, …, axes]. */
function affineGrid(c: NodeContext): string[] {
  const e = c.emitter
  const theta = c.x
  const [stated, sizeCount] = [c.dims(theta)?.[1], c.dims(c.input(1))?.[0]]
  const axes = typeof stated === 'number' ? stated : typeof sizeCount === 'number' ? sizeCount - 2 : null
  if (axes === null) throw c.refuse('the number of axes of its grid is unknown, which the gradient needs. Export the model with shape information.')
  const size = (axis: number) => c.emit('Gather', [c.input(1), e.ints([axis + 2])]) // [1]
  const sizes = Array.from({ length: axes }, (_, axis) => size(axis))
  const shape = c.emit('Concat', sizes, { axis: 0 })
  const corners = intAttribute(c.node, 'align_corners', 0) === 1
  const columns = Array.from({ length: axes }, (_, i) => {
    const axis = axes - 1 - i
    const line = c.emit('Reshape', [linePlaces(c, sizes[axis], corners, theta), e.ints(Array.from({ length: axes }, (_, other) => (other === axis ? -1 : 1)))])
    return c.emit('Reshape', [c.emit('Expand', [line, shape]), e.ints([-1, 1])]) // [points, 1]
  })
  const ones = e.filled(1, e.shapeOf(columns[0]), c.dtype(theta))
  const places = c.emit('Concat', [...columns, ones], { axis: 1 }) // [points, axes + 1]
  const grid = c.emit('MatMul', [places, c.emit('Transpose', [theta], { perm: [0, 2, 1] })]) // [N, points, axes]
  return [c.emit('Reshape', [grid, e.joinInts([e.size(theta, 0), shape, axes])])]
}

/** Places of the elements of one axis: with aligned corners the ends lie at −1 and 1, a single element at 0 as in PyTorch; else the ends lie half an element further in. */
function linePlaces(c: NodeContext, size: string, corners: boolean, like: string): string {
  const e = c.emitter
  const float = (name: string) => e.cast(name, c.dtype(like))
  const steps = e.mul(float(upTo(c, size)), e.scalar(2, like))
  const one = e.scalar(1, like)
  if (corners) {
    const gaps = e.sub(size, e.ints([1]))
    return e.sub(e.div(steps, float(c.emit('Max', [gaps, e.ints([1])]))), float(c.emit('Min', [gaps, e.ints([1])])))
  }
  return e.sub(e.div(e.add(steps, one), float(sizeName(c, size))), one)
}

export const gridSampling = { GridSample: gridSample, AffineGrid: affineGrid } satisfies LoweringTable
