/** @file Running sums. */
import { intAttribute } from '../../graph/ir.js'
import type { RuleTable } from './operators.js'

export const cumulative = {
  /** dX = the running sum of dY from the other end, exclusive where the operator is */
  CumSum: (c, i) => {
    if (i !== 0) return null
    return c.emit('CumSum', [c.dy, c.input(1)], { exclusive: intAttribute(c.node, 'exclusive', 0), reverse: 1 - intAttribute(c.node, 'reverse', 0) })
  },
} satisfies RuleTable
