/** @file Captured values of which each turn of a Loop takes its own slice: their gradients are the slices' gradients, joined, instead of a sum of tensors that are zero but for one slice. */
import { intAttribute, type Graph } from '../../graph/ir.js'
import type { Emitter } from '../emitter.js'

/** `slice` is what the turn with number t takes of the captured value `of` at position t along `axis`. */
export type TakenSlice = { readonly slice: string; readonly of: string; readonly axis: number }

/** The body without the nodes that take slices; what they made is to be given to it. */
export function takeSlices(body: Emitter, turn: string, captured: readonly string[]): { graph: Graph; taken: TakenSlice[] } {
  const taken: TakenSlice[] = []
  const nodes = body.graph.nodes.filter((node) => {
    if (node.opType !== 'Gather' || node.domain !== '' || node.inputs[1] !== turn || !captured.includes(node.inputs[0])) return true
    const axis = intAttribute(node, 'axis', 0)
    const rank = body.rank(node.inputs[0])
    if (axis !== 0 && rank === null) return true
    taken.push({ slice: node.outputs[0], of: node.inputs[0], axis: axis < 0 && rank !== null ? axis + rank : axis })
    return false
  })
  return { graph: { ...body.graph, nodes }, taken }
}

/**
 * The gradient of a captured value from those of its slices.
 *
 * @param slices [turns, ...shape of a slice], in the order of the turns
 * @param turns int64 [1]
 */
export function joinSlices(e: Emitter, slices: string, { of, axis }: TakenSlice, turns: string): string {
  const dims = e.dims(of)
  // A Loop without turns does not know the shape of a slice.
  const shape = dims?.some((dim, i) => i !== axis && typeof dim !== 'number') === false ? null : sliceShape(e, of, axis)
  const first = shape === null ? slices : e.emit('Reshape', [slices, e.emit('Concat', [turns, shape], { axis: 0 })], { allowzero: 1 })
  const all = e.dims(first)?.[0]
  const size = e.size(of, axis)
  // Slices that no turn took have no part in the result.
  const whole = typeof all === 'number' && all === size ? first : e.emit('Pad', [first, e.joinInts([0, e.sub(e.joinInts([size]), turns)]), '', e.ints([0])])
  if (axis === 0) return e.describe(whole, e.type(of))
  const order = Array.from({ length: e.rank(of) ?? 0 }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i))
  return e.describe(e.emit('Transpose', [whole], { perm: order }), e.type(of))
}

/** The sizes of all axes but one. */
function sliceShape(e: Emitter, of: string, axis: number): string {
  const after = e.emit('Shape', [of], { start: axis + 1 })
  return axis === 0 ? after : e.emit('Concat', [e.emit('Shape', [of], { start: 0, end: axis }), after], { axis: 0 })
}

/** The first axis the other way round. */
export const reversed = (e: Emitter, name: string): string => e.emit('Slice', [name, e.ints([-1]), e.ints([-Number.MAX_SAFE_INTEGER]), e.ints([0]), e.ints([-1])])
