/** @file Operators on images that simpler ones can say. */
import { intsAttribute } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'

/** Pads or cuts half of the difference at the beginning of each axis, rounded towards zero, and the rest at its end. */
function centerCropPad(c: NodeContext): string[] {
  const e = c.emitter
  const stated = intsAttribute(c.node, 'axes', null)
  const shape = e.shapeOf(c.x)
  const axes = stated ? e.ints(stated) : null
  const target = e.knownDtype(c.input(1)) === 'int64' ? c.input(1) : e.cast(c.input(1), 'int64')
  const difference = e.sub(target, axes ? c.emit('Gather', [shape, axes]) : shape) // [axes]
  const begin = e.div(difference, e.ints([2]))
  const end = e.sub(difference, begin)
  const rank = e.rank(c.x)
  if (stated === null || rank === null) return [c.emit('Pad', [c.x, c.emit('Concat', [begin, end], { axis: 0 }), ...(axes ? ['', axes] : [])])]
  const places = Array.from({ length: rank }, (_, axis) => stated.findIndex((one) => (one + rank) % rank === axis))
  return [e.pad(c.x, [begin, end].flatMap((of) => places.map((at) => (at < 0 ? 0 : e.emit('Slice', [of, e.ints([at]), e.ints([at + 1])])))))]
}

export const images = {
  CenterCropPad: centerCropPad,
} satisfies LoweringTable
