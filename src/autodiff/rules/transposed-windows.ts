/** @file What a transposed convolution cuts off its full result, as the padding of the plain convolution that goes back. */
import { intsAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { reach, windowsOf, type Windows } from './windows.js'

/** Windows over y that are x exactly: begin elements before y and end elements behind it, which may be less than none. */
export function transposedWindowsOf(c: RuleContext, kernel: readonly number[]): Windows {
  const zeros = kernel.map(() => 0)
  const extra = intsAttribute(c.node, 'output_padding', zeros)
  const mode = stringAttribute(c.node, 'auto_pad', 'NOTSET')
  const wanted = intsAttribute(c.node, 'output_shape', null)?.slice(-kernel.length)
  const stated: Windows = { ...windowsOf(c, kernel), ...(mode.startsWith('SAME') ? { begin: zeros, end: zeros } : {}) }
  const { strides } = stated
  if (wanted) return bounded(c, stated, wanted.map((size, axis) => cutOff(c, stated, axis, size, extra[axis], mode)))
  if (mode.startsWith('SAME')) return bounded(c, stated, kernel.map((_, axis) => {
    const begin = half(Math.max(0, reach(stated, axis) + extra[axis] - strides[axis]), mode)
    return [begin, reach(stated, axis) - strides[axis] - begin]
  }))
  // What output_padding adds is less than a stride, so that no further window begins in it.
  return stated
}

type Bounds = readonly [number | string, number | string]

/** Only SAME_UPPER takes the smaller half from the beginning. */
const half = (total: number, mode: string): number => (mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2))

/** What is cut to come to a size that is asked for: full = (in − 1)·stride + reach, with output_padding behind it. */
function cutOff(c: RuleContext, windows: Windows, axis: number, wanted: number, extra: number, mode: string): Bounds {
  const e = c.emitter
  const [stride, width] = [windows.strides[axis], reach(windows, axis)]
  const size = e.size(c.x, axis + 2)
  if (typeof size === 'number') {
    const full = (size - 1) * stride + width
    const begin = half(Math.max(0, full + extra - wanted), mode)
    return [begin, full - begin - wanted]
  }
  const full = e.add(e.mul(e.sub(size, e.ints([1])), e.ints([stride])), e.ints([width]))
  const total = c.emit('Max', [e.sub(e.add(full, e.ints([extra])), e.ints([wanted])), e.ints([0])])
  const begin = e.div(mode === 'SAME_UPPER' ? total : e.add(total, e.ints([1])), e.ints([2]))
  return [begin, e.sub(e.sub(full, begin), e.ints([wanted]))]
}

/** Convolutions take no negative padding; as values, all of it goes through Pad. */
function bounded(c: RuleContext, windows: Windows, bounds: readonly Bounds[]): Windows {
  const plain = bounds.flat().every((bound) => typeof bound === 'number' && bound >= 0)
  const value = (bound: number | string) => (plain || typeof bound === 'string' ? bound : c.emitter.ints([bound]))
  return { ...windows, begin: bounds.map(([begin]) => value(begin)), end: bounds.map(([, end]) => value(end)) }
}
