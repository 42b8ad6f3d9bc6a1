/** @file Sums, means and extrema over axes. */
import { intAttribute } from '../../graph/ir.js'
import { sizeOf } from '../../tensor/dtypes.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** A value of the reduced shape with the reduced axes back as size 1, so that it broadcasts against x. A full reduction to a scalar does so by itself. */
function keepAxes(c: RuleContext, name: string): string {
  return intAttribute(c.node, 'keepdims', 1) === 1 || !c.hasInput(1) ? name : c.emit('Unsqueeze', [name, c.input(1)])
}

/** The same reduction of another value of x's shape, with the axes kept. */
function reduceAlike(c: RuleContext, opType: string, name: string): string {
  return c.emit(opType, c.hasInput(1) ? [name, c.input(1)] : [name], { keepdims: 1, noop_with_empty_axes: c.node.attributes.get('noop_with_empty_axes') })
}

const spread = (c: RuleContext, reduced: string): string => c.emit('Expand', [keepAxes(c, reduced), c.emitter.shapeOf(c.x)])

/** How many elements of x fall on one of y, in the dtype of y. */
export function elementsPerResult(c: RuleContext): string {
  const [x, y] = [c.emitter.staticDims(c.x), c.emitter.staticDims(c.y)]
  if (x && y) return c.scalar(sizeOf(x) / sizeOf(y))
  return c.emitter.div(c.emitter.cast(c.emit('Size', [c.x]), c.dtype(c.y)), c.emitter.cast(c.emit('Size', [c.y]), c.dtype(c.y)))
}

/** dX = dY·tie / number of ties: every element that attains the extremum gets an even share (torch.amax, torch.amin). */
function shareAmongTies(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const ties = c.mask(c.emit('Equal', [c.x, keepAxes(c, c.y)])) // shape of x
  return c.emitter.mul(ties, c.emitter.div(keepAxes(c, c.dy), reduceAlike(c, 'ReduceSum', ties)))
}

export const reduction = {
  /** dX = dY, repeated along the reduced axes */
  ReduceSum: (c, i) => (i === 0 ? spread(c, c.dy) : null),
  /** dX = dY / n, repeated along the reduced axes */
  ReduceMean: (c, i) => (i === 0 ? spread(c, c.emitter.div(c.dy, elementsPerResult(c))) : null),
  ReduceMax: shareAmongTies,
  ReduceMin: shareAmongTies,
  /** dX = dY·exp(x − y); 0 where every x is −∞, and where some are ∞ dY at those and 0 elsewhere */
  ReduceLogSumExp: (c, i) => {
    if (i !== 0) return null
    const y = keepAxes(c, c.y)
    const finite = c.emit('Where', [c.emit('Equal', [y, c.scalar(-Infinity)]), c.scalar(0), y])
    const difference = c.emit('Where', [c.emit('Equal', [c.x, finite]), c.scalar(0), c.emitter.sub(c.x, finite)])
    return c.emitter.mul(keepAxes(c, c.dy), c.emit('Exp', [difference]))
  },
  /** dX = 2·dY·x */
  ReduceSumSquare: (c, i) => (i === 0 ? c.emitter.mul(keepAxes(c, c.dy), c.emitter.mul(c.scalar(2), c.x)) : null),
  /** dX = dY·x / y; 0 at the origin */
  ReduceL2: (c, i) => {
    if (i !== 0) return null
    const norm = keepAxes(c, c.y)
    const scale = c.emitter.div(keepAxes(c, c.dy), c.emit('Where', [c.isZero(norm), c.scalar(1), norm]))
    return c.emitter.mul(c.emit('Where', [c.isZero(norm), c.scalar(0), scale]), c.x)
  },
  /** dX = dY·sign(x) */
  ReduceL1: (c, i) => (i === 0 ? c.emitter.mul(keepAxes(c, c.dy), c.emit('Sign', [c.x])) : null),
} satisfies RuleTable
