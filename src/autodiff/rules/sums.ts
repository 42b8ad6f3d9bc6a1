/** @file The adjoint of summing over sliding windows, which every pool but the maximum is made of. */
import { sizeOf } from '../../tensor/dtypes.js'
import type { RuleContext } from '../rule.js'
import { multiplyAlong } from './axes.js'
import { areNumbers, fit, reach, type Windows } from './windows.js'

/**
 * Gives every element of x the sum of the values of the windows that look at it. Sums over windows work along each axis by itself.
 *
 * @param values of y's shape
 */
export function spreadOverWindows(c: RuleContext, values: string, windows: Windows): string {
  return isTiling(c, windows) ? repeat(c, values, windows) : slide(c, values, windows) ?? byMembership(c, values, windows)
}


/** ONNX Runtime's Resize and AveragePool know images of these. */
const fitsImages = (c: RuleContext, { kernel }: Windows): boolean => c.dtype(c.y) === 'float32' && kernel.length <= 3

/** Windows side by side. */
const isTiling = (c: RuleContext, windows: Windows): boolean =>
  fitsImages(c, windows) && windows.begin.every((pad) => pad === 0) && windows.kernel.every((size, axis) => size === windows.strides[axis] && windows.dilations[axis] === 1)

function repeat(c: RuleContext, values: string, windows: Windows): string {
  const scales = c.emitter.constant([1, 1, ...windows.kernel], 'float32')
  return fit(c, c.emit('Resize', [values, '', scales], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }), windows)
}

/** Windows that move by one element are their own adjoint, up to the padding; null for others. */
function slide(c: RuleContext, values: string, windows: Windows): string | null {
  const { kernel, strides, dilations, begin, end } = windows
  if (!fitsImages(c, windows) || !strides.every((stride) => stride === 1) || !dilations.every((dilation) => dilation === 1) || !areNumbers(begin) || !areNumbers(end)) return null
  const pads = [...begin, ...end].map((pad, i) => kernel[i % kernel.length] - 1 - pad)
  if (pads.some((pad) => pad < 0)) return null
  const means = c.emit('AveragePool', [values], { kernel_shape: kernel, pads, count_include_pad: 1 })
  return c.emitter.mul(means, c.scalar(sizeOf(kernel)))
}

function byMembership(c: RuleContext, values: string, windows: Windows): string {
  const rank = windows.kernel.length + 2
  return windows.kernel.reduce((sum, _, i) => multiplyAlong(c, c.emit('Transpose', [members(c, windows, i)], { perm: [1, 0] }), sum, i + 2, rank), values)
}

/** 0 … size − 1 */
export const places = (c: RuleContext, size: string): string => c.emit('Range', [c.emitter.constant(0, 'int64'), c.emit('Squeeze', [size]), c.emitter.constant(1, 'int64')])

/** int64 [out, 1]: where the windows begin along an axis, less than 0 in the padding. */
export function startsOf(c: RuleContext, { strides, begin }: Windows, axis: number): string {
  const e = c.emitter
  const pad = begin[axis]
  const column = c.emit('Unsqueeze', [places(c, e.sizeOf(c.y, axis + 2)), e.ints([1])])
  return e.sub(e.mul(column, e.ints([strides[axis]])), typeof pad === 'number' ? e.ints([pad]) : pad)
}

/** [out, in]: 1 where a window looks at an element of x, along one axis. */
export function members(c: RuleContext, windows: Windows, axis: number): string {
  const e = c.emitter
  const offset = e.sub(places(c, e.sizeOf(c.x, axis + 2)), startsOf(c, windows, axis)) // [out, in]
  const within = c.emit('And', [c.emit('GreaterOrEqual', [offset, e.ints([0])]), c.emit('Less', [offset, e.ints([reach(windows, axis)])])])
  const dilation = windows.dilations[axis]
  return c.mask(dilation === 1 ? within : c.emit('And', [within, c.emit('Equal', [c.emit('Mod', [offset, e.ints([dilation])]), e.ints([0])])]))
}
