/** @file Operators that move elements about without changing them. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { scatterBack } from './scatter.js'
import { slice } from './slicing.js'
import type { RuleTable } from './operators.js'

/** dX = dY in the shape of x */
const reshape = (c: RuleContext, input: number): string | null => (input === 0 ? c.emitter.reshapeLike(c.dy, c.x) : null)

/** dXᵢ = the part of dY that xᵢ became. */
function concat(c: RuleContext, input: number): string {
  if (c.node.inputs.length === 1) return c.dy
  const axis = intAttribute(c.node, 'axis', 0)
  const start = c.node.inputs.slice(0, input).reduce<string>((sum, name) => plus(c, sum, c.emitter.sizeOf(name, axis)), c.emitter.ints([0]))
  return c.emit('Slice', [c.dy, start, plus(c, start, c.emitter.sizeOf(c.input(input), axis)), c.emitter.ints([axis])])
}

/** Adds int64 vectors of one element, at build time where both are known. */
function plus(c: RuleContext, a: string, b: string): string {
  const [x, y] = [c.emitter.constantNumbers(a), c.emitter.constantNumbers(b)]
  return x && y ? c.emitter.ints([x[0] + y[0]]) : c.emitter.add(a, b)
}

/** dX = the gradients of the parts, joined; zeros for parts that nothing reads. */
function split(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  return c.emit('Concat', c.node.outputs.map((_, i) => (c.hasGradient(i) ? c.gradient(i) : c.emitter.filled(0, c.emitter.shapeOf(c.emitter.extraOutput(c.node, i, 'part')), c.dtype(c.x)))), { axis: intAttribute(c.node, 'axis', 0) })
}

/** dX = the copies' gradients, added up. */
function tile(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const e = c.emitter
  const pairs = [c.input(1), e.shapeOf(c.x)].map((sizes) => c.emit('Unsqueeze', [sizes, e.ints([1])]))
  const shape = c.emit('Reshape', [c.emit('Concat', pairs, { axis: 1 }), e.ints([-1])]) // [copies, size, copies, size, …]
  const rank = e.rank(c.x)
  const axes = rank === null ? c.emit('Range', [e.constant(0, 'int64'), c.emit('Squeeze', [c.emit('Shape', [shape])]), e.constant(2, 'int64')]) : e.ints(Array.from({ length: rank }, (_, i) => 2 * i))
  const copies = c.emit('Reshape', [c.dy, shape], { allowzero: 1 })
  return e.describe(c.emit('ReduceSum', [copies, axes], { keepdims: 0, noop_with_empty_axes: 1 }), e.type(c.x))
}

/** Whether more is to be wrapped round an axis than it has: ONNX Runtime 1.30 then reads beyond the tensor. */
function wrapsTwice(c: RuleContext): boolean {
  const [pads, dims] = [c.emitter.constantNumbers(c.input(1)), c.dims(c.x)]
  const axes = c.hasInput(3) ? c.emitter.constantNumbers(c.input(3)) : dims?.map((_, axis) => axis)
  if (!pads || !dims || !axes || stringAttribute(c.node, 'mode', 'constant') !== 'wrap') return false
  return pads.some((amount, i) => amount > toSize(dims.at(axes[i % axes.length])))
}
const toSize = (dim: Dim | undefined): number => (typeof dim === 'number' ? dim : Infinity)

/** Constant mode: dX = dY without the pads. Other modes repeat elements of x, whose gradients add up. */
function pad(c: RuleContext, input: number): string | null {
  const mode = c.node.attributes.get('mode')
  const constant = mode === undefined || (mode.type === 'string' && new TextDecoder().decode(mode.value) === 'constant')
  if (wrapsTwice(c)) throw c.refuse('it wraps more round an axis than the axis has, which ONNX Runtime answers with what happens to lie in memory. Pad in several steps.')
  if (input === 0 && !constant) return scatterBack(c, (positions) => c.emit('Pad', [positions, c.input(1), '', c.input(3)].slice(0, c.hasInput(3) ? 4 : 2), { mode }))
  const pads = c.emitter.constantNumbers(c.input(1))?.map((value) => (value === 0 ? 0 : -value))
  const negated = pads ? c.emitter.ints(pads) : c.emitter.neg(c.input(1))
  const inside = c.hasInput(3) ? c.emit('Pad', [c.dy, negated, '', c.input(3)]) : pads ? c.emitter.pad(c.dy, pads) : c.emit('Pad', [c.dy, negated])
  if (input === 0) return inside
  if (input !== 2) return null
  return c.emitter.reshapeLike(c.emitter.sub(c.emit('ReduceSum', [c.dy], { keepdims: 0 }), c.emit('ReduceSum', [inside], { keepdims: 0 })), c.input(2))
}

/** dX = dY with the axes put back. */
function transpose(c: RuleContext): string {
  const perm = intsAttribute(c.node, 'perm', null)
  return c.emit('Transpose', [c.dy], { perm: perm?.map((_, axis) => perm.indexOf(axis)) })
}

export const movement = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  /** dX = U(dY) */
  Expand: (c, i) => (i === 0 ? c.sumToInput(0, c.dy) : null),
  /** dX = the copies' gradients, added up */
  Tile: tile,
} satisfies RuleTable
