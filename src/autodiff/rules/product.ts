/** @file Products of many elements. */
import { intAttribute } from '../../graph/ir.js'
import { asLines, compareIndices, fromLines } from '../lines.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** Longer lines are multiplied in two stages, because each element gets a product of all the others: size² factors. */
const LONGEST = 64

/**
 * dX = dY·Π of the other elements, from those elements and not from y / x: right with zeros among them, however many, and differentiable
 * again there.
 */
function reduceProd(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const e = c.emitter
  const axes = c.hasInput(1) ? e.constantNumbers(c.input(1)) : []
  if (axes === null) throw c.refuse('its axes are computed when the graph runs, and its gradient needs them before. Export the model with constant axes.')
  if (axes.length === 0) {
    if (intAttribute(c.node, 'noop_with_empty_axes', 0) === 1) return c.dy
    const all = e.emit('Reshape', [c.x, e.ints([1, 1, -1])])
    return e.mul(e.reshapeLike(othersOf(c, all, e.size(all, 2)), c.x), e.emit('Reshape', [c.dy, e.ints([])]))
  }
  let gradient = intAttribute(c.node, 'keepdims', 1) === 1 ? c.dy : c.emit('Unsqueeze', [c.dy, c.input(1)])
  // One axis after the other: stage k multiplies what the stages before it left.
  const stages = axes.map((_, k) => (k === 0 ? c.x : c.emit('ReduceProd', [c.x, e.ints(axes.slice(0, k))], { keepdims: 1 })))
  for (let k = axes.length - 1; k >= 0; k--) gradient = e.mul(gradient, fromLines(e, othersOf(c, asLines(e, stages[k], axes[k]), e.size(stages[k], axes[k])), stages[k]))
  return gradient
}

/** [before, after, size] → the same shape: for each element the product of the others on its line. */
function othersOf(c: RuleContext, lines: string, size: number | string): string {
  const e = c.emitter
  if (typeof size !== 'number' || size <= LONGEST) return productsWithoutOne(c, lines, size)
  const length = Math.ceil(Math.sqrt(size))
  const count = Math.ceil(size / length)
  const before = [e.size(lines, 0), e.size(lines, 1)]
  const padded = c.emit('Pad', [lines, e.ints([0, 0, 0, 0, 0, count * length - size]), c.scalar(1)])
  const blocks = c.emit('Reshape', [padded, e.joinInts([...before, count, length])], { allowzero: 1 }) // [before, after, count, length]
  const otherBlocks = productsWithoutOne(c, c.emit('ReduceProd', [blocks, e.ints([3])], { keepdims: 0 }), count) // [before, after, count]
  const products = e.mul(productsWithoutOne(c, blocks, length), c.emit('Unsqueeze', [otherBlocks, e.ints([3])]))
  const joined = c.emit('Reshape', [products, e.joinInts([...before, count * length])], { allowzero: 1 })
  return c.emit('Slice', [joined, e.ints([0]), e.ints([size]), e.ints([2])])
}

/** Along the last axis. */
function productsWithoutOne(c: RuleContext, values: string, size: number | string): string {
  const itself = compareIndices(c.emitter, 'Equal', size) // [size, size]
  const others = c.emit('Where', [itself, c.scalar(1), c.emit('Unsqueeze', [values, c.emitter.ints([-2])])]) // […, size, size]
  return c.emit('ReduceProd', [others, c.emitter.ints([-1])], { keepdims: 0 })
}

export const product = {
  ReduceProd: reduceProd,
} satisfies RuleTable
