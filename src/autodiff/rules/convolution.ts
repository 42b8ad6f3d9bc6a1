/** @file Convolutions in one to three dimensions. x [N, C, …], W [O, C/group, …], y [N, O, …]. */
import { intAttribute, intsAttribute } from '../../graph/ir.js'
import { sizeOf } from '../../tensor/dtypes.js'
import type { RuleContext } from '../rule.js'
import { transposedWindowsOf } from './transposed-windows.js'
import { areNumbers, fit, overhang, reach, tapOf, tapsOf, windowsOf, type Windows } from './windows.js'
import type { RuleTable } from './operators.js'

/** Sizes of the weights; those of channels may be computed when the graph runs, those of the kernel must be known. */
type WeightDims = readonly [number | string, number | string, ...number[]]

function weightDims(c: RuleContext): WeightDims {
  const kernel = intsAttribute(c.node, 'kernel_shape', null) ?? c.dims(c.input(1))?.slice(2)
  if (!kernel?.every((size) => typeof size === 'number')) throw c.refuse('the size of its kernel is unknown, which the gradient needs. Export the model with kernel_shape or fixed weight shapes.')
  return [c.emitter.size(c.input(1), 0), c.emitter.size(c.input(1), 1), ...kernel]
}

const kernelOf = ([, , ...kernel]: WeightDims): readonly number[] => kernel
const divided = (c: RuleContext, size: number | string, by: number): number | string => (typeof size === 'number' ? size / by : c.emitter.div(size, c.emitter.ints([by])))

const groupOf = (c: RuleContext): number => intAttribute(c.node, 'group', 1)
const spatialAxes = (windows: Windows): number[] => windows.kernel.map((_, axis) => axis + 2)

/** dX = Σ over windows of dY·W; dW = Σ over windows of dY·x; dB = Σ dY. */
function conv(c: RuleContext, input: number): string {
  const dims = weightDims(c)
  const windows = windowsOf(c, kernelOf(dims))
  if (input === 0) return inputGradient(c, windows, dims)
  if (input === 2) return biasGradient(c, windows)
  return sizeOf(windows.kernel) <= MOST_TAPS ? weightGradientByTaps(c, windows, dims) : weightGradient(c, c.x, c.dy, windows, dims)
}

/** Up to here a transposed convolution is the faster way to few channels: the convolutions of runtimes fill blocks of 8 or 16 outputs. */
const FEW_CHANNELS = 8

/**
 * A convolution of dY with the flipped weights where the stride is 1, else a transposed convolution. On one AVX-512 core, Conv against ConvTranspose in
 * ms: to 64 channels from 64 at 32×32 2.6 against 3.3, to 3 from 64 0.9 against 0.24, to 8 0.9 against 0.5, to 12 0.97 against 0.76. At stride 2,
 * convolutions of the even and odd rows and columns apart take as long as a transposed one.
 */
function inputGradient(c: RuleContext, windows: Windows, dims: WeightDims): string {
  const { strides, dilations, begin, end, kernel } = windows
  const group = groupOf(c)
  const margin = (pads: readonly number[]) => pads.map((pad, axis) => reach(windows, axis) - 1 - pad)
  const isNarrow = group === 1 && typeof dims[1] === 'number' && dims[1] <= FEW_CHANNELS && sizeOf(kernel) > 1
  if (!isNarrow && strides.every((stride) => stride === 1) && areNumbers(begin) && areNumbers(end)) {
    const pads = [...margin(begin), ...margin(end)]
    if (pads.every((pad) => pad >= 0)) return c.emit('Conv', [c.dy, flippedWeights(c, dims, group)], { dilations, group, pads, strides, kernel_shape: kernel })
  }
  const attributes = { dilations, group, strides, kernel_shape: kernel }
  const over = overhang(c, windows)
  if (!areNumbers(begin) || !areNumbers(over)) return fit(c, c.emit('ConvTranspose', [c.dy, c.input(1)], attributes), windows)
  const pads = [...begin, ...over.map((size) => Math.max(size, 0))]
  return c.emit('ConvTranspose', [c.dy, c.input(1)], { ...attributes, pads, output_padding: over.some((size) => size < 0) ? over.map((size) => Math.max(-size, 0)) : undefined })
}


/**
 * Weights [O, C/group, …] → [C, O/group, …], turned round in every spatial axis. Constant weights are turned by the runtime when it loads the
 * graph; here they stay an expression, so that gradients can be differentiated again with respect to the weights.
 */
function flippedWeights(c: RuleContext, dims: WeightDims, group: number): string {
  const turned = swapChannels(c, c.input(1), dims, group)
  const kernel = kernelOf(dims)
  const axes = kernel.map((_, axis) => axis + 2).filter((axis) => kernel[axis - 2] > 1)
  if (axes.length === 0) return turned
  return c.emit('Slice', [turned, c.emitter.ints(axes.map(() => -1)), c.emitter.ints(axes.map((axis) => -kernel[axis - 2] - 1)), c.emitter.ints(axes), c.emitter.ints(axes.map(() => -1))])
}

/** [O, C/group, …] → [C, O/group, …] */
function swapChannels(c: RuleContext, weights: string, dims: WeightDims, group: number): string {
  const space = kernelOf(dims)
  if (group === 1) return c.emit('Transpose', [weights], { perm: [1, 0, ...space.map((_, axis) => axis + 2)] })
  const grouped = c.emit('Reshape', [weights, c.emitter.joinInts([group, divided(c, dims[0], group), dims[1], ...space])])
  const swapped = c.emit('Transpose', [grouped], { perm: [0, 2, 1, ...space.map((_, axis) => axis + 3)] })
  return c.emit('Reshape', [swapped, c.emitter.joinInts([-1, divided(c, dims[0], group), ...space])])
}

/** Past this many positions of a window, what each of them sees is too much to lay out. */
const MOST_TAPS = 25
/** From here on, a product for each position is wide enough to be fast by itself. */
const WIDE = 16

/**
 * dW as matrix products dY·xᵀ over all rows and places, one for each position of the window, or one for all where channels are few. A group is a
 * product of its own. Against a convolution with
 * swapped axes, in ms on one AVX-512 core: 64 rows of 32×32×32 to 32 channels 13.7 against 31.9, 16 rows of 256×8×8 to 256 7.1 against 14.1, 16 rows of
 * 3×32×32 to 32 0.34 against 0.80, 1×1 windows 1.7 against 8.0; 16 rows of 64×32×32 channel by channel 2.9 against 9.5.
 */
function weightGradientByTaps(c: RuleContext, windows: Windows, dims: WeightDims): string {
  const e = c.emitter
  const space = spatialAxes(windows)
  const channelsFirst = (name: string) => c.emit('Transpose', [name], { perm: [1, 0, ...space] })
  const group = groupOf(c)
  // [channels, rows · places], or [group, channels / group, rows · places]
  const matrix = (name: string, channels: number | string) => (group === 1 ? c.emit('Flatten', [name], { axis: 1 }) : c.emit('Reshape', [name, e.joinInts([group, channels, -1])]))
  const pads = [0, 0, ...windows.begin, 0, 0, ...overhang(c, windows)]
  const x = channelsFirst(c.x)
  const covered = pads.every((pad) => pad === 0) ? x : e.pad(x, pads)
  const seen = tapsOf(windows.kernel).map((tap) => tapOf(c, covered, windows, tap)) // each [C, N, …]
  const dy = matrix(channelsFirst(c.dy), group === 1 ? dims[0] : divided(c, dims[0], group))
  const shape = e.joinInts([...dims])
  if (group > 1 || (typeof dims[1] === 'number' && dims[1] >= WIDE)) {
    const products = seen.map((tap) => {
      const x = matrix(tap, dims[1])
      const whole = group === 1 ? c.emit('Gemm', [dy, x], { transB: 1 }) : c.emit('MatMul', [dy, c.emit('Transpose', [x], { perm: [0, 2, 1] })])
      return c.emit('Reshape', [whole, e.joinInts([dims[0], dims[1], 1])])
    })
    return c.emit('Reshape', [products.length === 1 ? products[0] : c.emit('Concat', products, { axis: 2 }), shape])
  }
  const all = seen.length === 1 ? seen[0] : c.emit('Concat', seen, { axis: 0 }) // [taps · C, N, …]
  const whole = c.emit('Gemm', [dy, matrix(all, dims[1])], { transB: 1 }) // [O, taps · C]
  const apart = c.emit('Transpose', [c.emit('Reshape', [whole, e.joinInts([dims[0], seen.length, dims[1]])])], { perm: [0, 2, 1] }) // [O, C, taps]
  return c.emit('Reshape', [apart, shape])
}

/**
 * dW as a convolution in which channels and rows change places: x as [C/group, group·N, …] is convolved with dY as [O, N, …], whose strides are
 * the dilations of the forward pass and the other way round.
 */
function weightGradient(c: RuleContext, x: string, dy: string, windows: Windows, dims: WeightDims): string {
  const group = groupOf(c)
  const space = spatialAxes(windows)
  const { begin, end } = windows
  const known = areNumbers(begin) && areNumbers(end)
  const padded = known ? x : c.emit('Pad', [x, c.emitter.joinInts([0, 0, ...begin, 0, 0, ...end])])
  const rows = c.emit('Conv', [rowsAsChannels(c, padded, dims[1], group, space), c.emit('Transpose', [dy], { perm: [1, 0, ...space] })], {
    group, strides: windows.dilations, dilations: windows.strides, pads: known ? [...begin, ...end] : undefined,
  }) // [C/group, O, …]
  // Rows of x that no window reached make the result larger than the kernel.
  const kernel = c.emit('Slice', [rows, c.emitter.ints(space.map(() => 0)), c.emitter.ints(windows.kernel), c.emitter.ints(space)])
  return c.emit('Transpose', [kernel], { perm: [1, 0, ...space] }) // [O, C/group, …]
}

/** [N, C, …] → [C/group, group·N, …] */
function rowsAsChannels(c: RuleContext, x: string, channels: number | string, group: number, space: readonly number[]): string {
  if (group === 1) return c.emit('Transpose', [x], { perm: [1, 0, ...space] })
  const sizes = space.map((axis) => c.emitter.size(x, axis))
  const grouped = c.emit('Reshape', [x, c.emitter.joinInts([-1, group, channels, ...sizes])])
  const swapped = c.emit('Transpose', [grouped], { perm: [2, 1, 0, ...space.map((axis) => axis + 1)] })
  return c.emit('Reshape', [swapped, c.emitter.joinInts([channels, -1, ...sizes])])
}

const biasGradient = (c: RuleContext, windows: Windows): string => c.emit('ReduceSum', [c.dy, c.emitter.ints([0, ...spatialAxes(windows)])], { keepdims: 0 })

/** The transposed convolution is linear in each input like the plain one, with the roles of x and dY exchanged: dX = Conv(dY, W). */
function convTranspose(c: RuleContext, input: number): string {
  const dims = weightDims(c) // [C, O/group, …]
  const windows = transposedWindowsOf(c, kernelOf(dims))
  if (input === 2) return biasGradient(c, windows)
  if (input === 1) return weightGradient(c, c.dy, c.x, windows, dims)
  const { begin, end, strides, dilations, kernel } = windows
  const known = areNumbers(begin) && areNumbers(end)
  const padded = known ? c.dy : c.emit('Pad', [c.dy, c.emitter.joinInts([0, 0, ...begin, 0, 0, ...end])])
  return c.emit('Conv', [padded, c.input(1)], { group: groupOf(c), strides, dilations, kernel_shape: kernel, pads: known ? [...begin, ...end] : undefined })
}

export const convolution = { Conv: conv, ConvTranspose: convTranspose } satisfies RuleTable
