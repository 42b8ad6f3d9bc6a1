/** @file Trigonometric and hyperbolic functions. */
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** (1 − x)·(1 + x), which keeps its digits near ±1 where 1 − x² would not. */
const distanceFromOne = (c: RuleContext): string => c.emitter.mul(c.emitter.sub(c.scalar(1), c.x), c.emitter.add(c.scalar(1), c.x))

const inverseSine = (c: RuleContext): string => c.divideGradient(c.dy, c.emit('Sqrt', [distanceFromOne(c)]))

export const trigonometry = {
  /** dX = dY·cos x */
  Sin: (c) => c.emitter.mul(c.dy, c.emit('Cos', [c.x])),
  /** dX = −dY·sin x */
  Cos: (c) => c.emitter.neg(c.emitter.mul(c.dy, c.emit('Sin', [c.x]))),
  /** dX = dY·(1 + y²) */
  Tan: (c) => c.emitter.mul(c.dy, c.emitter.add(c.scalar(1), c.emitter.mul(c.y, c.y))),
  /** dX = dY / √(1 − x²); ∞ at ±1 where dY is not 0 */
  Asin: inverseSine,
  /** dX = −dY / √(1 − x²); −∞ at ±1 where dY is not 0 */
  Acos: (c) => c.emitter.neg(inverseSine(c)),
  /** dX = dY / (1 + x²) */
  Atan: (c) => c.emitter.div(c.dy, c.emitter.add(c.scalar(1), c.emitter.mul(c.x, c.x))),
  /** dX = dY·cosh x */
  Sinh: (c) => c.scaleGradient(c.dy, c.emit('Cosh', [c.x])),
  /** dX = dY·sinh x */
  Cosh: (c) => c.scaleGradient(c.dy, c.emit('Sinh', [c.x])),
  /** dX = dY / √(x² + 1) */
  Asinh: (c) => c.emitter.div(c.dy, c.emit('Sqrt', [c.emitter.add(c.scalar(1), c.emitter.mul(c.x, c.x))])),
  /** dX = dY / √(x² − 1); ∞ at 1 where dY is not 0 */
  Acosh: (c) => c.divideGradient(c.dy, c.emit('Sqrt', [c.emitter.mul(c.emitter.sub(c.x, c.scalar(1)), c.emitter.add(c.x, c.scalar(1)))])),
  /** dX = dY / (1 − x²); ∞ at ±1 where dY is not 0 */
  Atanh: (c) => c.divideGradient(c.dy, distanceFromOne(c)),
} satisfies RuleTable
