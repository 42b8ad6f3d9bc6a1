/** @file Pooling in one to three dimensions. */
import { intAttribute, intsAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { elementsPerResult } from './reduction.js'
import { addAt } from './scatter.js'
import { fit, overhang, reach, windowsOf, type Windows } from './windows.js'
import type { RuleTable } from './operators.js'

/**
 * dX: each dY goes to the maximum of its window, the first one in window order at ties; gradients of overlapping windows add up.
 * Where windows overlap little, comparing tap by tap is three times as fast as asking for Indices and scattering (2×2 on 64×32×28×28: 5.5 against
 * 16.5 ms on one thread), and not every provider has Indices.
 */
function maxPool(c: RuleContext): string {
  const windows = windowsOf(c, intsAttribute(c.node, 'kernel_shape', []))
  const looksPerElement = product(windows.kernel) / product(windows.strides)
  return looksPerElement <= 3 && c.dtype(c.y) !== 'float64' ? maxPoolByTaps(c, windows) : maxPoolByIndices(c)
}
const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1)

function maxPoolByIndices(c: RuleContext): string {
  // Indices count by rows unless storage_order is 1; then they are asked for again by rows.
  const byColumns = intAttribute(c.node, 'storage_order', 0) === 1
  const indices = byColumns ? c.emitter.emitMany('MaxPool', [c.x], 2, { ...Object.fromEntries(c.node.attributes), storage_order: 0 })[1] : c.emitter.extraOutput(c.node, 1, 'Indices')
  return addAt(c, indices, c.emit('Reshape', [c.emit('Size', [c.x]), c.emitter.ints([1])]))
}

/**
 * A tap is one position of the window. It takes dY where it is the first to hold the maximum; a transposed convolution whose kernels have a
 * single 1 then puts every tap's share back to where the tap looked.
 */
function maxPoolByTaps(c: RuleContext, windows: Windows): string {
  const { kernel, strides, dilations, begin } = windows
  const e = c.emitter
  const axes = kernel.map((_, axis) => axis + 2)
  const pads = [0, 0, ...begin, 0, 0, ...overhang(c, windows)]
  // NaN equals nothing, so that padding never is the maximum.
  const covered = pads.every((pad) => pad === 0) ? c.x : c.emit('Pad', [c.x, e.joinInts(pads), c.scalar(NaN)])
  let taken: string | null = null
  const shares: string[] = []
  for (const tap of tapsOf(kernel)) {
    const starts = tap.map((offset, axis) => offset * dilations[axis])
    const ends = starts.map((start, axis) => start + 1 - reach(windows, axis) || END)
    const seen = c.emit('Slice', [covered, e.ints(starts), e.ints(ends), e.ints(axes), e.ints(strides)]) // shape of y
    const holds = c.emit('Equal', [seen, c.y])
    const first: string = taken === null ? holds : c.emit('And', [holds, c.emit('Not', [taken])])
    taken = taken === null ? holds : c.emit('Or', [taken, holds])
    shares.push(c.emit('Unsqueeze', [e.mul(c.dy, c.mask(first)), e.ints([2])]))
  }
  const stacked = c.emit('Reshape', [c.emit('Concat', shares, { axis: 2 }), e.joinInts([-1, shares.length, ...axes.map((axis) => e.size(c.y, axis))])]) // [N·C, taps, …]
  const places = e.constant(shares.flatMap((_, i) => shares.map((_, j) => (i === j ? 1 : 0))), c.dtype(c.y), [shares.length, 1, ...kernel])
  return e.reshapeLike(fit(c, c.emit('ConvTranspose', [stacked, places], { strides, dilations, kernel_shape: kernel }), windows), c.x)
}

/** Positions of a window in row-major order. */
function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>((taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, i) => [...tap, i])), [[]])
}

/** "To the end" for Slice. */
const END = Number.MAX_SAFE_INTEGER

/** dX: dY goes to the first maximum of its channel. */
function globalMaxPool(c: RuleContext): string {
  const flat = c.emitter.ints([0, 0, -1])
  const channels = c.emit('Reshape', [c.x, flat]) // [N, C, elements]
  const first = c.emit('ArgMax', [channels], { axis: 2, keepdims: 1 })
  const zeros = c.emitter.filled(0, c.emit('Shape', [channels]), c.dtype(c.y))
  return c.emitter.reshapeLike(c.emit('ScatterElements', [zeros, first, c.emit('Reshape', [c.dy, flat])], { axis: 2 }), c.x)
}

export const pooling = {
  MaxPool: maxPool,
  GlobalMaxPool: globalMaxPool,
  /** dX = dY / elements of the channel */
  GlobalAveragePool: (c) => c.emit('Expand', [c.emitter.div(c.dy, elementsPerResult(c)), c.emitter.shapeOf(c.x)]),
} satisfies RuleTable
