/** @file Activations and reductions that are short compositions of others. */
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import { asLines, compareIndices, fromLines } from '../lines.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'

/** For each place the product of the places up to it, by multiplying each whole line with the rest hidden by ones. */
function cumProd(c: NodeContext): readonly string[] {
  const e = c.emitter
  const axis = e.constantNumbers(c.input(1))?.[0]
  if (axis === undefined) throw c.refuse('its axis is computed when the graph runs, and its gradient needs it before. Export the model with a constant axis.')
  const lines = asLines(e, c.x, axis) // [before, after, size]
  const exclusive = intAttribute(c.node, 'exclusive', 0) === 1
  const order = intAttribute(c.node, 'reverse', 0) === 1 ? 'Less' : 'Greater'
  const taken = compareIndices(e, exclusive ? order : `${order}OrEqual`, e.size(c.x, axis)) // [size, size]: place, factor
  const factors = e.emit('Where', [taken, e.emit('Unsqueeze', [lines, e.ints([2])]), c.scalar(1)]) // [before, after, size, size]
  return [fromLines(e, e.emit('ReduceProd', [factors, e.ints([3])], { keepdims: 0 }), c.x)]
}

export const pointwise = {
  /** x·tanh(softplus(x)) */
  Mish: (c) => [c.emitter.mul(c.x, c.emit('Tanh', [c.emit('Softplus', [c.x])]))],
  /** x·σ(α·x) */
  Swish: (c) => {
    const alpha = floatAttribute(c.node, 'alpha', 1)
    return [c.emitter.mul(c.x, c.emit('Sigmoid', [alpha === 1 ? c.x : c.emitter.mul(c.x, c.scalar(alpha))]))]
  },
  /** log Σ x */
  ReduceLogSum: (c) => [c.emit('Log', [c.emit('ReduceSum', c.node.inputs, { keepdims: intAttribute(c.node, 'keepdims', 1), noop_with_empty_axes: intAttribute(c.node, 'noop_with_empty_axes', 0) })])],
  /** Π of the elements up to each place */
  CumProd: cumProd,
} satisfies LoweringTable
