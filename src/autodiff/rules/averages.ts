/** @file Average and Lp pools: sums over windows with something done to them. */
import { intAttribute, intsAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'
import { members, spreadOverWindows, startsOf } from './sums.js'
import { areNumbers, overhang, windowsOf, type Windows } from './windows.js'

const windowsOfPool = (c: RuleContext): Windows => windowsOf(c, intsAttribute(c.node, 'kernel_shape', []))

function averagePool(c: RuleContext): string {
  const windows = windowsOfPool(c)
  return spreadOverWindows(c, c.emitter.div(c.dy, countOf(c, windows)), windows)
}

/** How many elements each mean is taken of: a number where all windows are alike, else [out, …], one axis for each spatial one. */
function countOf(c: RuleContext, windows: Windows): string {
  const whole = windows.kernel.reduce((all, size) => all * size, 1)
  const withPads = intAttribute(c.node, 'count_include_pad', 0) === 1
  const ends = overhang(c, windows)
  const inside = withPads
    ? areNumbers(ends) && areNumbers(windows.end) && ends.every((beyond, axis) => beyond <= Number(windows.end[axis]))
    : areNumbers(ends) && windows.begin.every((pad) => pad === 0) && ends.every((beyond) => beyond <= 0)
  if (inside) return c.scalar(whole)
  return windows.kernel.map((_, axis) => {
    const counts = withPads ? countWithPads(c, windows, axis) : c.emit('ReduceSum', [members(c, windows, axis), c.emitter.ints([1])], { keepdims: 1 }) // [out, 1]
    const behind = windows.kernel.length - 1 - axis
    return behind === 1 ? counts : c.emit('Reshape', [counts, c.emitter.ints([-1, ...new Array<number>(behind).fill(1)])])
  }).reduce((all, counts) => c.emitter.mul(all, counts))
}

/** [out, 1]: taps that lie before the end of the padded axis count, whether on x or on padding. */
function countWithPads(c: RuleContext, windows: Windows, axis: number): string {
  const e = c.emitter
  const [dilation, end] = [windows.dilations[axis], windows.end[axis]]
  const room = e.sub(e.add(e.sizeOf(c.x, axis + 2), typeof end === 'number' ? e.ints([end]) : end), startsOf(c, windows, axis))
  const fitting = dilation === 1 ? room : e.div(e.add(room, e.ints([dilation - 1])), e.ints([dilation]))
  return e.cast(c.emit('Min', [fitting, e.ints([windows.kernel[axis]])]), c.dtype(c.y))
}

/** The two parts of the gradient of (Σ |x|ᵖ)^(1/p): sign(x)·|x|^(p − 1), and dY·y^(1 − p), which is 0 where y is. */
function lpFactors(c: RuleContext): { readonly own: string; readonly share: string } {
  const p = intAttribute(c.node, 'p', 2)
  if (p === 1) return { own: c.emit('Sign', [c.x]), share: c.dy }
  const own = p === 2 ? c.x : c.emitter.mul(c.emit('Sign', [c.x]), power(c, c.emit('Abs', [c.x]), p - 1))
  const [none, zero] = [c.isZero(c.y), c.scalar(0)]
  return { own, share: c.emitter.div(c.emit('Where', [none, zero, c.dy]), power(c, c.emit('Where', [none, c.scalar(1), c.y]), p - 1)) }
}

const power = (c: RuleContext, base: string, exponent: number): string => (exponent === 1 ? base : c.emit('Pow', [base, c.scalar(exponent)]))

function lpPool(c: RuleContext): string {
  const { own, share } = lpFactors(c)
  return c.emitter.mul(own, spreadOverWindows(c, share, windowsOfPool(c)))
}

export const averages = {
  /** dX = Σ dY / elements of the window, over the windows that look at x */
  AveragePool: averagePool,
  /** dX = sign(x)·|x|^(p − 1)·Σ dY·y^(1 − p) over the windows that look at x; 0 where y is 0 */
  LpPool: lpPool,
  /** dX = dY·sign(x)·|x|^(p − 1)·y^(1 − p); 0 where y is 0 */
  GlobalLpPool: (c) => {
    const { own, share } = lpFactors(c)
    return c.emitter.mul(own, share)
  },
} satisfies RuleTable
