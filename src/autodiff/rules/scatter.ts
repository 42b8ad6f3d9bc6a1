/** @file The gradient of anything that only picks elements of x: let it pick from x's positions, and add dY up there. */
import type { RuleContext } from '../rule.js'

/** `pick` applies the operator to an int64 tensor of x's shape that holds the position of every element. */
export function scatterBack(c: RuleContext, pick: (positions: string) => string): string {
  const dims = c.emitter.staticDims(c.x)
  const count = dims ? c.emitter.ints([dims.reduce((product, dim) => product * dim, 1)]) : c.emit('Reshape', [c.emit('Size', [c.x]), c.emitter.ints([1])])
  const scalarCount = c.emit('Squeeze', [count])
  const all = c.emit('Range', [c.emitter.constant(0, 'int64'), scalarCount, c.emitter.constant(1, 'int64')])
  const positions = pick(c.emit('Reshape', [all, c.emitter.shapeOf(c.x)], { allowzero: 1 })) // shape of y
  return addAt(c, positions, count)
}

/** Adds dY into zeros of x's shape, at flat positions of y's shape; `count` is int64 [1], the number of elements of x. */
export function addAt(c: RuleContext, positions: string, count: string): string {
  const flat = c.emitter.ints([-1])
  const zeros = c.emitter.filled(0, count, c.dtype(c.y))
  const sums = c.emit('ScatterElements', [zeros, c.emit('Reshape', [positions, flat]), c.emit('Reshape', [c.dy, flat])], { axis: 0, reduction: 'add' })
  return c.emitter.reshapeLike(sums, c.x)
}
