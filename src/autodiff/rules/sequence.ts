/** @file Operators along a time axis. */
import type { RuleTable } from './operators.js'

export const sequence = {
  /** dX = dY with every row reversed again */
  ReverseSequence: (c, i) => (i === 0 ? c.emit('ReverseSequence', [c.dy, c.input(1)], { time_axis: c.node.attributes.get('time_axis'), batch_axis: c.node.attributes.get('batch_axis') }) : null),
} satisfies RuleTable
