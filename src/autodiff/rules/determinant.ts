/** @file Determinants. */
import { range } from '../lines.js'
import type { NodeContext } from '../node-context.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** dX = dY·cofactors of X. They are polynomials, so this is the gradient of singular matrices too, and can be differentiated again. */
function determinantOf(c: RuleContext): string {
  const incoming = c.emit('Unsqueeze', [c.dy, c.emitter.ints([-2, -1])]) // […, 1, 1]
  return c.emitter.size(c.x, -1) === 1 ? incoming : c.emitter.mul(incoming, cofactors(c, c.x))
}

/** The cofactors of square matrices x […, n, n]. */
export function cofactors(c: NodeContext, x: string): string {
  const e = c.emitter
  const size = e.size(x, -1)
  if (size === 1) return e.filled(1, e.shapeOf(x), c.dtype(x))
  const matrices = c.emit('Reshape', [x, e.joinInts([-1, size, size])]) // [batch, n, n]
  const others = indicesWithoutOne(c, size) // [n, n − 1]
  const minors = c.emit('Transpose', [c.emit('Gather', [c.emit('Gather', [matrices, others], { axis: 1 }), others], { axis: 3 })], { perm: [0, 1, 3, 2, 4] }) // [batch, n, n, n − 1, n − 1]
  return e.reshapeLike(e.mul(c.emit('Det', [minors]), alternatingSigns(c, size)), x)
}

/** Row i: 0 … n − 1 without i. */
function indicesWithoutOne(c: NodeContext, size: number | string): string {
  const e = c.emitter
  if (typeof size === 'number') return e.constant(Array.from({ length: size * (size - 1) }, (_, k) => (k % (size - 1)) + (k % (size - 1) >= Math.floor(k / (size - 1)) ? 1 : 0)), 'int64', [size, size - 1])
  const numbers = range(e, e.sub(size, e.ints([1]))) // [n − 1]
  const rows = c.emit('Unsqueeze', [range(e, size), e.ints([1])]) // [n, 1]
  return e.add(numbers, e.cast(c.emit('GreaterOrEqual', [numbers, rows]), 'int64'))
}

/** (−1)^(i + j), [n, n] */
function alternatingSigns(c: NodeContext, size: number | string): string {
  const e = c.emitter
  const odd = c.emit('Mod', [range(e, size), e.constant(2, 'int64')]) // [n]
  const differ = c.emit('Not', [c.emit('Equal', [c.emit('Unsqueeze', [odd, e.ints([1])]), odd])])
  return e.sub(c.scalar(1), e.mul(c.scalar(2), c.mask(differ)))
}

export const determinant = {
  /** dX = dY·cofactors of X, which are right for singular matrices too (torch gives zeros for some of them) */
  Det: determinantOf,
} satisfies RuleTable
