/** @file The gradient of anything that only picks elements of x: let it pick from x's positions, and add dY up there. */
import type { RuleContext } from '../rule.js'

/** `pick` applies the operator to an int64 tensor of x's shape that holds the position of every element. */
export function scatterBack(c: RuleContext, pick: (positions: string) => string): string {
  return addAt(c, pick(flatPositions(c)), countOf(c))
}

/** int64 of x's shape: each element's position when x is read row by row. */
export function flatPositions(c: RuleContext): string {
  const all = c.emit('Range', [c.emitter.constant(0, 'int64'), c.emit('Squeeze', [countOf(c)]), c.emitter.constant(1, 'int64')])
  return c.emit('Reshape', [all, c.emitter.shapeOf(c.x)], { allowzero: 1 })
}

/** int64 [1]: the number of elements of x. */
function countOf(c: RuleContext): string {
  const dims = c.emitter.staticDims(c.x)
  return dims ? c.emitter.ints([dims.reduce((product, dim) => product * dim, 1)]) : c.emit('Reshape', [c.emit('Size', [c.x]), c.emitter.ints([1])])
}

/** Adds dY into zeros of x's shape, at flat positions of y's shape; `count` is int64 [1], the number of elements of x. */
export function addAt(c: RuleContext, positions: string, count: string): string {
  const flat = c.emitter.ints([-1])
  const sums = scatterAdd(c, count, c.emit('Reshape', [positions, flat]), c.emit('Reshape', [c.dy, flat]), 0)
  return c.emitter.reshapeLike(sums, c.x)
}

/** Adds updates up in zeros of a shape, which is int64 [rank]. ONNX Runtime's CPU kernel adds no 16-bit floats: those are added in float32. */
export function scatterAdd(c: RuleContext, shape: string, indices: string, updates: string, axis: number): string {
  const e = c.emitter
  const dtype = c.dtype(c.y)
  const narrow = dtype === 'float16' || dtype === 'bfloat16'
  const sums = c.emit('ScatterElements', [e.filled(0, shape, narrow ? 'float32' : dtype), indices, narrow ? e.cast(updates, 'float32') : updates], { axis, reduction: 'add' })
  return narrow ? e.cast(sums, dtype) : sums
}
