/** @file Gathering by index tensors. Negative indices count from the end and repeated ones add up. */
import { intAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { scatterAdd, scatterBack } from './scatter.js'
import type { RuleTable } from './operators.js'

/** y = x[…, indices, …]: dX adds each slice of dY to where it was taken from. */
function gather(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const stated = intAttribute(c.node, 'axis', 0)
  const rank = c.emitter.rank(c.x)
  if (rank === null) return scatterBack(c, (positions) => c.emit('Gather', [positions, c.input(1)], { axis: stated }))
  const axis = (stated + rank) % rank
  const run = consecutive(c.emitter.constantNumbers(c.input(1)))
  if (run !== null) return padBack(c, axis, rank, run)
  const sizes = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => c.emitter.size(c.x, from + i))
  const count = c.emit('Reshape', [c.emit('Size', [c.input(1)]), c.emitter.ints([1])]) // [1]
  const shape = c.emitter.joinInts([...sizes(0, axis), count, ...sizes(axis + 1, rank)])
  const dy = c.emit('Reshape', [c.dy, shape], { allowzero: 1 }) // [a…, indices, b…]
  const column = Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1))
  const indices = c.emit('Expand', [c.emit('Reshape', [c.input(1), c.emitter.ints(column)]), shape])
  return scatterAdd(c, c.emitter.shapeOf(c.x), indices, dy, axis)
}

type Run = { readonly first: number; readonly count: number }

/** Known indices that follow one another, such as the one of a class token or the positions of a sequence. */
function consecutive(indices: readonly number[] | null): Run | null {
  if (indices === null || indices.length === 0) return null
  const [first] = indices
  const last = first + indices.length - 1
  return indices.every((index, i) => index === first + i) && (first >= 0 || last < 0) ? { first, count: indices.length } : null
}

/** What was one slice gets zeros around it: much faster than to scatter. */
function padBack(c: RuleContext, axis: number, rank: number, { first, count }: Run): string {
  const e = c.emitter
  const scalar = e.rank(c.input(1)) === 0
  const whole = e.rank(c.input(1)) === 1
  const sizes = Array.from({ length: rank }, (_, i) => (i === axis ? count : e.size(c.x, i)))
  const dy = scalar ? c.emit('Unsqueeze', [c.dy, e.ints([axis])]) : whole ? c.dy : c.emit('Reshape', [c.dy, e.joinInts(sizes)], { allowzero: 1 })
  const size = e.size(c.x, axis)
  // Pads before and after add up to what is missing; one of them is known whatever the size.
  const missing = typeof size === 'number' ? size - count : e.sub(size, e.ints([count]))
  const known = first >= 0 ? first : -(first + count)
  const other = typeof missing === 'number' ? missing - known : known === 0 ? missing : e.sub(missing, e.ints([known]))
  const [before, after] = first >= 0 ? [known, other] : [other, known]
  const pads = [before, after].flatMap((amount) => Array.from({ length: rank }, (_, i) => (i === axis ? amount : 0)))
  return pads.every((amount) => amount === 0) ? dy : e.pad(dy, pads)
}

export const indexing = {
  Gather: gather,
  /** dX[indices] += dY */
  GatherElements: (c, i) => (i === 0 ? scatterAdd(c, c.emitter.shapeOf(c.x), c.input(1), c.dy, intAttribute(c.node, 'axis', 0)) : null),
  /** dX[indices] += dY */
  GatherND: (c, i) => (i === 0 ? scatterBack(c, (positions) => c.emit('GatherND', [positions, c.input(1)], { batch_dims: intAttribute(c.node, 'batch_dims', 0) })) : null),
} satisfies RuleTable
