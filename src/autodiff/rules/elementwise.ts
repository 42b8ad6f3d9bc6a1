/** @file Arithmetic, element by element, with broadcasting. U(g) sums g over the axes along which an input was repeated. */
import { intAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** Shares dY evenly among the inputs that attain the extremum: ½–½ for two (torch.minimum, torch.maximum). */
function shareAmongTies(c: RuleContext, input: number): string {
  const ties = c.node.inputs.map((name) => c.mask(c.emit('Equal', [name, c.y])))
  const count = ties.length === 1 ? ties[0] : c.emit('Sum', ties)
  return c.sumToInput(input, c.emitter.div(c.emitter.mul(c.dy, c.mask(c.emit('Equal', [c.input(input), c.y]))), count))
}

/** dX = dY·b·x^(b−1), where b = 0 gives 0 also at x = 0. */
function powBase(c: RuleContext): string {
  const exponent = c.isActive(c.input(1)) ? null : c.emitter.constantNumbers(c.input(1))
  if (exponent?.length === 1 && exponent[0] === 2) return c.sumToInput(0, c.emitter.mul(c.dy, c.emitter.mul(c.scalar(2), c.x)))
  if (exponent?.length === 1 && exponent[0] === 1) return c.sumToInput(0, c.dy)
  const b = floatExponent(c)
  const slope = c.emitter.mul(b, c.emit('Pow', [c.x, c.emitter.sub(b, c.scalar(1))]))
  const factor = exponent !== null && !exponent.includes(0) ? slope : c.emit('Where', [c.isZero(b), c.scalar(0), slope])
  return c.sumToInput(0, exponent !== null && exponent.every((value) => value >= 1) ? c.emitter.mul(c.dy, factor) : c.scaleGradient(c.dy, factor))
}

/** dB = dY·y·log x for x > 0; 0 at x ≤ 0, where the function has no neighbourhood in real exponents (torch gives NaN at x < 0). */
function powExponent(c: RuleContext): string {
  const positive = c.emit('Greater', [c.x, c.scalar(0)])
  const logarithm = c.emit('Log', [c.emit('Where', [positive, c.x, c.scalar(1)])])
  return c.sumToInput(1, c.scaleGradient(c.dy, c.emit('Where', [positive, c.emitter.mul(c.y, logarithm), c.scalar(0)])))
}

/** The exponent may have another type than the base, integers included. */
function floatExponent(c: RuleContext): string {
  const dtype = c.dtype(c.y)
  return c.emitter.knownDtype(c.input(1)) === dtype ? c.input(1) : c.emitter.cast(c.input(1), dtype)
}

/** Both of Div: dA = U(dY / b), dB = U(−(dY / b)·a / b). */
function divide(c: RuleContext, input: number): string {
  const quotient = c.divideGradient(c.dy, c.input(1))
  return c.sumToInput(input, input === 0 ? quotient : c.emitter.neg(c.divideGradient(c.emitter.mul(quotient, c.input(0)), c.input(1))))
}

/**
 * dX = dY where min ≤ x ≤ max, both included. dMin gets dY where x < min, dMax where x > max; bounds that meet or cross belong to max alone,
 * as the value then does.
 */
function clip(c: RuleContext, input: number): string {
  const [min, max] = [c.input(1), c.input(2)]
  const both = c.hasInput(1) && c.hasInput(2)
  if (input === 0) {
    const inside = both ? c.emit('And', [c.emit('GreaterOrEqual', [c.x, min]), c.emit('LessOrEqual', [c.x, max])]) : c.emit('Equal', [c.x, c.y])
    return c.emitter.mul(c.dy, c.mask(inside))
  }
  const beyond = c.emit(input === 1 ? 'Less' : 'Greater', [c.x, c.input(input)])
  const cut = !both ? beyond : input === 1 ? c.emit('And', [beyond, c.emit('Less', [min, max])]) : c.emit('Or', [beyond, c.emit('Less', [max, min])])
  return c.sumToInput(input, c.emitter.mul(c.dy, c.mask(cut)))
}

export const elementwise = {
  /** dA = U(dY), dB = U(dY) */
  Add: (c, i) => c.sumToInput(i, c.dy),
  /** dA = U(dY), dB = U(−dY) */
  Sub: (c, i) => c.sumToInput(i, i === 0 ? c.dy : c.emitter.neg(c.dy)),
  /** dA = U(dY·b), dB = U(dY·a) */
  Mul: (c, i) => c.sumToInput(i, c.emitter.mul(c.dy, c.input(1 - i))),
  Div: divide,
  /** dA = U(dY), dB = U(−dY·q), where y = a − b·q with a whole number q that stays as it is near a and b */
  Mod: (c, i) => {
    if (i === 0) return c.sumToInput(0, c.dy)
    const whole = c.emit('Round', [c.emitter.div(c.emitter.sub(c.input(0), c.y), c.input(1))])
    // An infinite divisor of the other sign than a is the result itself.
    const isDivisor = c.emit('Equal', [c.emit('Abs', [c.y]), c.scalar(Infinity)])
    const quotient = intAttribute(c.node, 'fmod', 0) === 1 ? whole : c.emit('Where', [isDivisor, c.scalar(-1), whole])
    return c.sumToInput(1, c.emitter.neg(c.scaleGradient(c.dy, quotient)))
  },
  /** dX = U(dY) for every input */
  Sum: (c, i) => c.sumToInput(i, c.dy),
  /** dX = U(dY) / n */
  Mean: (c, i) => c.sumToInput(i, c.emitter.div(c.dy, c.scalar(c.node.inputs.length))),
  Min: shareAmongTies,
  Max: shareAmongTies,
  Pow: (c, i) => (i === 0 ? powBase(c) : powExponent(c)),
  /** dX = −dY */
  Neg: (c) => c.emitter.neg(c.dy),
  /** dX = dY·sign(x); 0 at 0 */
  Abs: (c) => c.emitter.mul(c.dy, c.emit('Sign', [c.x])),
  /** dX = −dY / x² */
  Reciprocal: (c) => c.emitter.neg(c.divideGradient(c.divideGradient(c.dy, c.x), c.x)),
  /** dX = dY / 2y; ±∞ at 0 where dY is not 0 */
  Sqrt: (c) => c.divideGradient(c.dy, c.emitter.mul(c.scalar(2), c.y)),
  /** dX = dY·y */
  Exp: (c) => c.scaleGradient(c.dy, c.y),
  /** dX = dY / x */
  Log: (c) => c.divideGradient(c.dy, c.x),
  /** dX = dY·2/√π·exp(−x²) */
  Erf: (c) => c.emitter.mul(c.dy, c.emitter.mul(c.scalar(2 / Math.sqrt(Math.PI)), c.emit('Exp', [c.emitter.neg(c.emitter.mul(c.x, c.x))]))),
  /** dA = U(dY where the condition holds, else 0), dB the reverse. Not a product with a mask: a dY that is infinite on the other side must not leak as NaN. */
  Where: (c, i) => c.sumToInput(i, c.emit('Where', [c.input(0), ...(i === 1 ? [c.dy, c.scalar(0)] : [c.scalar(0), c.dy])])),
  Clip: clip,
  /** dX = dY in the type of x */
  Cast: (c) => c.emitter.cast(c.dy, c.dtype(c.x)),
  /** dX = dY in the type of x */
  CastLike: (c, i) => (i === 0 ? c.emitter.cast(c.dy, c.dtype(c.x)) : null),
  /** dX = dY */
  Identity: (c) => c.dy,
} satisfies RuleTable
