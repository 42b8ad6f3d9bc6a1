/** @file Moves between channels and space. x [N, C, H, W]. */
import { intAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** The inverse of DepthToSpace; SpaceToDepth has only the order of its mode DCR. */
function depthToSpace(c: RuleContext): string {
  const block = intAttribute(c.node, 'blocksize', 1)
  if (stringAttribute(c.node, 'mode', 'DCR') === 'DCR') return c.emit('SpaceToDepth', [c.dy], { blocksize: block })
  const e = c.emitter
  const [rows, channels, height, width] = [e.size(c.dy, 0), e.size(c.dy, 1), e.size(c.x, 2), e.size(c.x, 3)]
  const blocks = c.emit('Reshape', [c.dy, e.joinInts([rows, channels, height, block, width, block])], { allowzero: 1 })
  return e.reshapeLike(c.emit('Transpose', [blocks], { perm: [0, 1, 3, 5, 2, 4] }), c.x)
}

export const space = {
  /** dX = SpaceToDepth(dY), in the order of the mode */
  DepthToSpace: depthToSpace,
  /** dX = DepthToSpace(dY), in the order of the mode */
  SpaceToDepth: (c) => c.emit('DepthToSpace', [c.dy], { blocksize: intAttribute(c.node, 'blocksize', 1), mode: stringAttribute(c.node, 'mode', 'DCR') }),
} satisfies RuleTable
