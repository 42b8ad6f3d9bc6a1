/** @file Operators that put elements at places of a larger tensor. */
import { intsAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** Columns [N, C·taps, windows] → image [N, C, …], where overlaps add up: its transpose cuts the windows out again. */
function col2Im(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const e = c.emitter
  const block = e.constantNumbers(c.input(2))
  if (block === null) throw c.refuse('its block_shape is known only at run time, which the gradient needs. Export the model with a constant block_shape.')
  const taps = block.reduce((product, size) => product * size, 1)
  // One filter per tap, with a single 1.
  const filters = e.constant(Array.from({ length: taps * taps }, (_, i) => (i % (taps + 1) === 0 ? 1 : 0)), c.dtype(c.y), [taps, 1, ...block])
  const images = c.emit('Reshape', [c.dy, e.joinInts([-1, 1, ...block.map((_, axis) => e.size(c.y, axis + 2))])]) // [N·C, 1, …]
  const windows = c.emit('Conv', [images, filters], {
    kernel_shape: block,
    strides: intsAttribute(c.node, 'strides', null) ?? undefined,
    dilations: intsAttribute(c.node, 'dilations', null) ?? undefined,
    pads: intsAttribute(c.node, 'pads', null) ?? undefined,
  }) // [N·C, taps, …]
  return e.reshapeLike(windows, c.x)
}

export const unpool = {
  /** dX = dY at the indices */
  MaxUnpool: (c, i) => {
    if (i !== 0) return null
    const flat = c.emitter.ints([-1])
    const taken = c.emit('GatherElements', [c.emit('Reshape', [c.dy, flat]), c.emit('Reshape', [c.input(1), flat])])
    return c.emitter.reshapeLike(taken, c.x)
  },
  /** dX = the windows of dY */
  Col2Im: col2Im,
} satisfies RuleTable
