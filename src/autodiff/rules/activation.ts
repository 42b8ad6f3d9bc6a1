/** @file Activation functions. */
import { float, floatAttribute, intAttribute, stringAttribute, type Graph } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/**
 * Attention in which a query may attend to nothing is exported as Where(IsNaN(p), 0, p), and ONNX writes it out as Where(maximum of the mask = −∞, 0, p):
 * there p is NaN, and no gradient passes.
 */
function withoutNaN(c: RuleContext, name: string): string {
  return isReplaced(c.emitter.graph, name) ? c.emit('Where', [c.emit('IsNaN', [name]), c.scalar(0), name]) : name
}

function isReplaced(graph: Graph, name: string): boolean {
  const isEquality = (condition: string) => graph.nodes.some(({ opType, outputs }) => opType === 'Equal' && outputs[0] === condition)
  return graph.nodes.some(({ opType, inputs, outputs }) => {
    if (!inputs.includes(name)) return false
    if (opType === 'Cast' || opType === 'Identity') return isReplaced(graph, outputs[0])
    return opType === 'IsNaN' || (opType === 'Where' && isEquality(inputs[0]))
  })
}

const isPositive = (c: RuleContext): string => c.emit('Greater', [c.x, c.scalar(0)])

/** dX = above·dY where x > 0, else below·dY·exp(x·rate) */
function exponentialBelowZero(c: RuleContext, above: number, below: number, rate: number): string {
  const exponent = rate === 1 ? c.x : c.emitter.mul(c.x, c.scalar(rate))
  const slope = c.emitter.mul(c.scalar(below), c.emit('Exp', [exponent]))
  return c.emitter.mul(c.dy, c.emit('Where', [isPositive(c), c.scalar(above), slope]))
}

/** dX = dY·(Φ(x) + x·φ(x)), with the normal distribution's Φ and its density φ */
function gelu(c: RuleContext): string {
  const e = c.emitter
  const distribution = e.mul(c.scalar(0.5), e.add(c.scalar(1), c.emit('Erf', [e.mul(c.x, c.scalar(Math.SQRT1_2))])))
  const density = e.mul(c.scalar(1 / Math.sqrt(2 * Math.PI)), c.emit('Exp', [e.mul(c.scalar(-0.5), e.mul(c.x, c.x))]))
  return e.mul(c.dy, e.add(distribution, e.mul(c.x, density)))
}

/** Of ½·x·(1 + tanh u) with u = √(2/π)·(x + 0.044715·x³): dX = dY·(½·(1 + t) + ½·x·(1 − t²)·u′), t = tanh u. */
function geluByTanh(c: RuleContext): string {
  const e = c.emitter
  const scale = Math.sqrt(2 / Math.PI)
  // Beyond ±10 t is ±1 in every float type, and x² would leave the range of narrow ones.
  const near = c.emit('Clip', [c.x, c.scalar(-10), c.scalar(10)])
  const square = e.mul(near, near)
  const t = c.emit('Tanh', [e.mul(near, e.add(c.scalar(scale), e.mul(c.scalar(scale * 0.044715), square)))])
  const rise = e.add(c.scalar(scale), e.mul(c.scalar(3 * scale * 0.044715), square))
  const bend = e.mul(e.mul(near, e.sub(c.scalar(1), e.mul(t, t))), rise)
  return e.mul(c.dy, e.mul(c.scalar(0.5), e.add(e.add(c.scalar(1), t), bend)))
}

/** Times the smallest normal float32 this is more than 1, and times 0 it is 0. */
const STEEP = 3.4e38

/**
 * 1 where a value is positive, else 0. In float32 as a sigmoid of straight lines, which runtimes compute in the layout that they have convolutions in: comparing
 * and casting takes twice as long there, and moves everything out of that layout and back.
 */
function isPositiveAsNumber(c: RuleContext, value: string): string {
  if (c.dtype(c.y) !== 'float32') return c.mask(c.emit('Greater', [value, c.scalar(0)]))
  return c.emit('HardSigmoid', [value], { alpha: float(STEEP), beta: float(0) })
}

export const activation = {
  /** dX = dY·[y > 0]; 0 at 0 */
  Relu: (c) => c.emitter.mul(c.dy, isPositiveAsNumber(c, c.y)),
  /** dX = dY where x > 0, else α·dY; α at 0 */
  LeakyRelu: (c) => {
    const alpha = floatAttribute(c.node, 'alpha', 0.01)
    if (alpha >= 0 && alpha <= 1) return c.emitter.mul(c.dy, c.emit('Max', [isPositiveAsNumber(c, c.x), c.scalar(alpha)]))
    const slope = c.emit('Where', [c.emit('Greater', [c.x, c.scalar(0)]), c.scalar(1), c.scalar(alpha)])
    return c.emitter.mul(c.dy, slope)
  },
  /** dX = dY·y·(1 − y) */
  Sigmoid: (c) => c.emitter.mul(c.dy, c.emitter.mul(c.y, c.emitter.sub(c.scalar(1), c.y))),
  /** dX = dY·(1 − y²) */
  Tanh: (c) => c.emitter.mul(c.dy, c.emitter.sub(c.scalar(1), c.emitter.mul(c.y, c.y))),
  /** dX = dY·exp(x − y), which is dY·σ(x); Sigmoid itself is cut off at about 1e-8 on some runtimes */
  Softplus: (c) => c.emitter.mul(c.dy, c.emit('Exp', [c.emitter.sub(c.x, c.y)])),
  /** dX = dY where x > 0, else α·exp(x)·dY; α at 0 */
  Elu: (c) => exponentialBelowZero(c, 1, floatAttribute(c.node, 'alpha', 1), 1),
  /** dX = γ·dY where x > 0, else γ·α·exp(x)·dY; γ·α at 0 */
  Selu: (c) => {
    const gamma = floatAttribute(c.node, 'gamma', Math.fround(1.0507009873554805))
    return exponentialBelowZero(c, gamma, gamma * floatAttribute(c.node, 'alpha', Math.fround(1.6732632423543772)), 1)
  },
  /** dX = dY where x > 0, else exp(x / α)·dY; 1 at 0 */
  Celu: (c) => exponentialBelowZero(c, 1, 1, 1 / floatAttribute(c.node, 'alpha', 1)),
  /** dX = α·dY where 0 < y < 1, else 0; 0 at both ends, and where it is so steep that it is a step */
  HardSigmoid: (c) => {
    if (floatAttribute(c.node, 'alpha', 0.2) >= Math.fround(STEEP)) return null
    const inside = c.emit('And', [c.emit('Greater', [c.y, c.scalar(0)]), c.emit('Less', [c.y, c.scalar(1)])])
    return c.emitter.mul(c.emitter.mul(c.dy, c.mask(inside)), c.scalar(floatAttribute(c.node, 'alpha', 0.2)))
  },
  /** dX = dY·(x / 3 + ½) where −3 < x < 3, dY above and 0 below; 0 at −3 and 1 at 3 */
  HardSwish: (c) => {
    const inner = c.emitter.add(c.emitter.mul(c.x, c.scalar(1 / 3)), c.scalar(0.5))
    const upper = c.emit('Where', [c.emit('Less', [c.x, c.scalar(3)]), inner, c.scalar(1)])
    return c.emitter.mul(c.dy, c.emit('Where', [c.emit('Greater', [c.x, c.scalar(-3)]), upper, c.scalar(0)]))
  },
  /** dX = dY / (1 + |x|)² */
  Softsign: (c) => {
    const divisor = c.emitter.add(c.scalar(1), c.emit('Abs', [c.x]))
    return c.emitter.div(c.emitter.div(c.dy, divisor), divisor)
  },
  /** dX = dY where x > 0, else slope·dY; the slope at 0. dSlope = U(dY·x where x ≤ 0), summed where the slope was repeated */
  PRelu: (c, i) => {
    const factor = i === 0 ? [c.scalar(1), c.input(1)] : [c.scalar(0), c.x]
    return c.sumToInput(i, c.emitter.mul(c.dy, c.emit('Where', [isPositive(c), ...factor])))
  },
  /** dX = dY·[x > α]; 0 at α */
  ThresholdedRelu: (c) => c.emitter.mul(c.dy, c.mask(c.emit('Greater', [c.x, c.scalar(floatAttribute(c.node, 'alpha', 1))]))),
  /** dX = dY·[x < −λ or x > λ]; 0 at ±λ */
  Shrink: (c) => {
    const lambda = floatAttribute(c.node, 'lambd', 0.5)
    return c.emitter.mul(c.dy, c.mask(c.emit('Or', [c.emit('Less', [c.x, c.scalar(-lambda)]), c.emit('Greater', [c.x, c.scalar(lambda)])])))
  },
  /** dX = dY·(Φ(x) + x·φ(x)), or the derivative of its approximation by tanh */
  Gelu: (c) => (stringAttribute(c.node, 'approximate', 'none') === 'tanh' ? geluByTanh(c) : gelu(c)),
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
