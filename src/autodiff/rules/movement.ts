/** @file Operators that move elements about without changing them. */
import { intAttribute, intsAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { scatterBack } from './scatter.js'
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
  return c.emit('Concat', c.node.outputs.map((_, i) => c.gradient(i)), { axis: intAttribute(c.node, 'axis', 0) })
}

/** dX = dY put back where it was cut out, zeros elsewhere. */
function slice(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const pads = slicePads(c)
  if (pads === null) return scatterBack(c, (positions) => c.emit('Slice', [positions, ...c.node.inputs.slice(1)]))
  return pads.some((pad) => pad > 0) ? c.emit('Pad', [c.dy, c.emitter.ints(pads)]) : c.dy
}

/** What Pad needs to undo a slice with known bounds and steps of 1; null when something is only known at run time. */
function slicePads(c: RuleContext): number[] | null {
  const dims = c.dims(c.x)
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => (c.hasInput(i) ? c.emitter.constantNumbers(c.input(i)) : undefined))
  if (!dims || !starts || !ends || axes === null || steps === null || steps?.some((step) => step !== 1)) return null
  const pads = new Array<number>(dims.length * 2).fill(0)
  for (let i = 0; i < starts.length; i++) {
    const axis = ((axes?.[i] ?? i) + dims.length) % dims.length
    const size = dims[axis]
    if (typeof size !== 'number') return null
    const clamp = (bound: number) => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size)
    const start = clamp(starts[i])
    pads[axis] = start
    pads[axis + dims.length] = size - Math.max(clamp(ends[i]), start)
    // An empty slice does not say where between start and end it lies; the sum of both pads does.
  }
  return pads
}

/** Constant mode: dX = dY without the pads. Other modes repeat elements of x, whose gradients add up. */
function pad(c: RuleContext, input: number): string | null {
  const mode = c.node.attributes.get('mode')
  const constant = mode === undefined || (mode.type === 'string' && new TextDecoder().decode(mode.value) === 'constant')
  if (input === 0 && !constant) return scatterBack(c, (positions) => c.emit('Pad', [positions, c.input(1), '', c.input(3)].slice(0, c.hasInput(3) ? 4 : 2), { mode }))
  const pads = c.emitter.constantNumbers(c.input(1))
  const negated = pads ? c.emitter.ints(pads.map((value) => (value === 0 ? 0 : -value))) : c.emitter.neg(c.input(1))
  const inside = c.emit('Pad', c.hasInput(3) ? [c.dy, negated, '', c.input(3)] : [c.dy, negated])
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
  Tile: (c, i) => (i === 0 ? scatterBack(c, (positions) => c.emit('Tile', [positions, c.input(1)])) : null),
} satisfies RuleTable
