/** @file Activation functions. */
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** Attention in which a query may attend to nothing is exported as Where(IsNaN(p), 0, p): there p is NaN, and no gradient passes. */
function withoutNaN(c: RuleContext, name: string): string {
  const isReplaced = c.emitter.graph.nodes.some(({ opType, inputs }) => opType === 'IsNaN' && inputs[0] === name)
  return isReplaced ? c.emit('Where', [c.emit('IsNaN', [name]), c.scalar(0), name]) : name
}

export const activation = {
  /** dX = dY·[y > 0]; 0 at 0 */
  Relu: (c) => c.emitter.mul(c.dy, c.mask(c.emit('Greater', [c.y, c.scalar(0)]))),
  /** dX = dY where x > 0, else α·dY; α at 0 */
  LeakyRelu: (c) => {
    const slope = c.emit('Where', [c.emit('Greater', [c.x, c.scalar(0)]), c.scalar(1), c.scalar(floatAttribute(c.node, 'alpha', 0.01))])
    return c.emitter.mul(c.dy, slope)
  },
  /** dX = dY·y·(1 − y) */
  Sigmoid: (c) => c.emitter.mul(c.dy, c.emitter.mul(c.y, c.emitter.sub(c.scalar(1), c.y))),
  /** dX = dY·(1 − y²) */
  Tanh: (c) => c.emitter.mul(c.dy, c.emitter.sub(c.scalar(1), c.emitter.mul(c.y, c.y))),
  /** dX = dY·exp(x − y), which is dY·σ(x); Sigmoid itself is cut off at about 1e-8 on some runtimes */
  Softplus: (c) => c.emitter.mul(c.dy, c.emit('Exp', [c.emitter.sub(c.x, c.y)])),
  /** dX = y·(dY − Σ dY·y) along the axis; 0 where the graph replaces a NaN of y */
  Softmax: (c) => {
    const axes = c.emitter.ints([intAttribute(c.node, 'axis', -1)])
    const y = withoutNaN(c, c.y)
    return c.emitter.mul(y, c.emitter.sub(c.dy, c.emit('ReduceSum', [c.emitter.mul(c.dy, y), axes], { keepdims: 1 })))
  },
  /** dX = dY − exp(y)·Σ dY along the axis; exp(y) is 0 far from the maximum, never NaN */
  LogSoftmax: (c) => {
    const axes = c.emitter.ints([intAttribute(c.node, 'axis', -1)])
    return c.emitter.sub(c.dy, c.emitter.mul(c.emit('Exp', [c.y]), c.emit('ReduceSum', [c.dy, axes], { keepdims: 1 })))
  },
} satisfies RuleTable
