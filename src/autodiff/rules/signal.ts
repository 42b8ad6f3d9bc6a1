/** @file The gradient of the discrete Fourier transform. */
import { intAttribute } from '../../graph/ir.js'
import { range } from '../lines.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** The transform is linear, y = F·x, and its adjoint is the transform the other way round with the factor 1/n on the other side. */
function dft(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const e = c.emitter
  const axis = axisOf(c)
  const [inverse, onesided] = ['inverse', 'onesided'].map((name) => intAttribute(c.node, name, 0) === 1)
  if (inverse && onesided && misfits(c, axis)) throw c.refuse('its input has more or fewer frequencies than one side of its output, which ONNX Runtime reads in another way than ONNX. Cut or pad the input to ⌊dft_length / 2⌋ + 1 first.')
  if (inverse && onesided) return resized(c, e.div(e.mul(transform(c, c.dy, { onesided: 1 }), multiplicity(c, axis)), count(c, c.dy, axis)), axis)
  if (inverse) return ofInputKind(c, resized(c, e.div(transform(c, c.dy), count(c, c.dy, axis)), axis))
  // What one side leaves out is filled up with zeros.
  const full = transform(c, c.dy, { inverse: 1 }, onesided ? lengthOf(c, axis) : '')
  return ofInputKind(c, resized(c, e.mul(full, count(c, full, axis)), axis))
}

/** Which axis is transformed; it may count from the end. */
function axisOf(c: RuleContext): number {
  if (c.opset < 20) return intAttribute(c.node, 'axis', 1)
  const axis = c.hasInput(2) ? c.emitter.constantNumbers(c.input(2)) : [-2]
  if (axis === null) throw c.refuse('its axis is computed when the model runs. Export the model with a constant axis.')
  return axis[0]
}

function misfits(c: RuleContext, axis: number): boolean {
  const [size, length] = [c.x, c.y].map((name) => c.dims(name)?.at(axis))
  return typeof size === 'number' && typeof length === 'number' && size !== Math.floor(length / 2) + 1
}

function transform(c: RuleContext, x: string, attributes: { readonly inverse?: 1; readonly onesided?: 1 } = {}, length = ''): string {
  if (c.opset < 20) return c.emit('DFT', length === '' ? [x] : [x, length], { ...attributes, axis: axisOf(c) })
  return c.emit('DFT', [x, length, c.emitter.constant(axisOf(c), 'int64')], attributes)
}

/** int64 []: how many elements are transformed. */
function lengthOf(c: RuleContext, axis: number): string {
  if (c.hasInput(1)) return c.input(1)
  const size = c.emitter.size(c.x, axis)
  return typeof size === 'number' ? c.emitter.constant(size, 'int64') : c.emit('Squeeze', [size])
}

/** The size of an axis in the dtype of the gradient. */
function count(c: RuleContext, name: string, axis: number): string {
  const size = c.emitter.size(name, axis)
  return typeof size === 'number' ? c.scalar(size) : c.emitter.cast(c.emit('Squeeze', [size]), c.dtype(c.dy))
}

/** How often the inverse of one side reads each frequency: 1 for the lowest and, of an even number, the highest, 2 for those between. */
function multiplicity(c: RuleContext, axis: number): string {
  const e = c.emitter
  const half = e.add(e.div(e.sizeOf(c.dy, axis), e.ints([2])), e.ints([1]))
  const frequency = range(e, half)
  const isAlone = c.emit('Or', [c.emit('Equal', [frequency, e.constant(0, 'int64')]), c.emit('Equal', [e.add(frequency, frequency), e.sizeOf(c.dy, axis)])])
  const after = axis < 0 ? e.ints([-axis - 1]) : e.sub(c.emit('Shape', [c.emit('Shape', [c.x])]), e.ints([axis + 1])) // [1]
  return c.emit('Reshape', [c.emit('Where', [isAlone, c.scalar(1), c.scalar(2)]), c.emit('Concat', [e.ints([-1]), e.filled(1, after, 'int64')], { axis: 0 })])
}

/** What was cut off has no gradient, and zeros that were added take theirs with them. */
function resized(c: RuleContext, gradient: string, axis: number): string {
  const e = c.emitter
  const [from, to] = [e.size(gradient, axis), e.size(c.x, axis)]
  const difference = typeof from === 'number' && typeof to === 'number' ? to - from : null
  const cut = difference !== null && difference >= 0 ? gradient : c.emit('Slice', [gradient, e.ints([0]), e.joinInts([to]), e.ints([axis])])
  if (difference !== null && difference <= 0) return cut
  const missing = difference ?? c.emit('Max', [e.sub(e.joinInts([to]), e.joinInts([from])), e.ints([0])])
  return c.emit('Pad', [cut, e.joinInts([0, missing]), '', e.ints([axis])])
}

/** The real part where x is real. */
function ofInputKind(c: RuleContext, gradient: string): string {
  const e = c.emitter
  const parts = c.dims(c.x)?.at(-1)
  return parts === 2 ? gradient : c.emit('Slice', [gradient, e.ints([0]), e.sizeOf(c.x, -1), e.ints([-1])])
}

export const signal = {
  /** y = F·x: dX = Fᴴ·dY = n·DFT⁻¹(dY), or DFT(dY)/n of an inverse, zeros where one side leaves out; cut or filled up as x was, real where x is. */
  DFT: dft,
} satisfies RuleTable
