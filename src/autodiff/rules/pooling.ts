/** @file Pooling in one to three dimensions. */
import { intAttribute, intsAttribute } from '../../graph/ir.js'
import { sizeOf } from '../../tensor/dtypes.js'
import type { RuleContext } from '../rule.js'
import { elementsPerResult } from './reduction.js'
import { range } from '../lines.js'
import { addAt } from './scatter.js'
import { fit, overhang, tapOf, tapsOf, windowsOf, type Windows } from './windows.js'
import type { RuleTable } from './operators.js'

/**
 * dX: each dY goes to the maximum of its window, the first one in window order at ties; gradients of overlapping windows add up.
 * Where windows overlap little, comparing tap by tap is three times as fast as asking for Indices and scattering (2×2 on 64×32×28×28: 5.5 against
 * 16.5 ms on one thread), and not every provider has Indices.
 */
function maxPool(c: RuleContext): string {
  const windows = windowsOf(c, intsAttribute(c.node, 'kernel_shape', []))
  const { kernel, strides, dilations } = windows
  const tiles = kernel.every((size, axis) => size === strides[axis] && (dilations[axis] === 1 || size === 1))
  if (tiles && sizeOf(kernel) <= MOST_TAPS && c.dtype(c.y) === 'float32') return maxPoolOfTiles(c, windows)
  const looksPerElement = sizeOf(kernel) / sizeOf(strides)
  return looksPerElement <= 3 && c.dtype(c.y) !== 'float64' ? maxPoolByTaps(c, windows) : maxPoolByIndices(c)
}

/** Every tap but the last is compared with the maximum; past this, asking for Indices is faster. */
const MOST_TAPS = 9

/**
 * Windows that lie side by side: which tap holds the maximum, as a number, is repeated over its window and compared with the tap that each element is.
 * 2×2 on 64×32×32×32, one thread: 5.6 ms, against 8.0 by Indices and MaxUnpool; runtimes have pools in the layout of convolutions, unlike Indices and Slice.
 */
function maxPoolOfTiles(c: RuleContext, windows: Windows): string {
  const { kernel, strides } = windows
  const e = c.emitter
  const axes = kernel.map((_, axis) => axis + 2)
  const covered = cover(c, windows)
  const one = c.scalar(1)
  // Where nothing is padded or left over, a pool over the corner of the window up to a tap tells as much as the tap, once no tap before holds the maximum.
  const corner = (tap: readonly number[]) => c.emit('MaxPool', [c.x], { kernel_shape: tap.map((place) => place + 1), strides })
  const seen = (tap: readonly number[]) => (covered === c.x ? corner(tap) : tapOf(c, covered, windows, tap))
  // 0 where the first tap holds the maximum, else 1 and what the same question finds for the taps after it.
  const taps = tapsOf(kernel).slice(0, -1).map((tap) => c.mask(c.emit('Not', [c.emit('Equal', [seen(tap), c.y])])))
  const holder = taps.reduceRight<string | null>((later, misses) => (later === null ? misses : e.mul(misses, e.add(one, later))), null)
  if (holder === null) return fit(c, c.dy, windows)
  const scales = e.constant([1, 1, ...strides], 'float32')
  const repeated = (name: string) => c.emit('Resize', [name, '', scales], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' })
  const own = axes.map((axis, i) => {
    const place = c.emit('Mod', [range(e, e.size(covered, axis)), e.constant(kernel[i], 'int64')]) // [size]
    const number = e.mul(e.cast(place, c.dtype(c.y)), c.scalar(sizeOf(kernel.slice(i + 1))))
    return axis === kernel.length + 1 ? number : c.emit('Unsqueeze', [number, e.ints(kernel.slice(i + 1).map((_, later) => later + 1))])
  }).reduce((sum, number) => e.add(sum, number)) // number of the tap that each element is: [1 or size, …]
  return fit(c, e.mul(repeated(c.dy), c.mask(c.emit('Equal', [repeated(holder), own]))), windows)
}

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
  const { kernel, strides, dilations } = windows
  const e = c.emitter
  const axes = kernel.map((_, axis) => axis + 2)
  const covered = cover(c, windows)
  let taken: string | null = null
  const shares: string[] = []
  for (const tap of tapsOf(kernel)) {
    const holds = c.emit('Equal', [tapOf(c, covered, windows, tap), c.y])
    const first: string = taken === null ? holds : c.emit('And', [holds, c.emit('Not', [taken])])
    taken = taken === null ? holds : c.emit('Or', [taken, holds])
    shares.push(c.emit('Unsqueeze', [e.mul(c.dy, c.mask(first)), e.ints([2])]))
  }
  const stacked = c.emit('Reshape', [c.emit('Concat', shares, { axis: 2 }), e.joinInts([-1, shares.length, ...axes.map((axis) => e.size(c.y, axis))])]) // [N·C, taps, …]
  const places = e.constant(shares.flatMap((_, i) => shares.map((_, j) => (i === j ? 1 : 0))), c.dtype(c.y), [shares.length, 1, ...kernel])
  return e.reshapeLike(fit(c, c.emit('ConvTranspose', [stacked, places], { strides, dilations, kernel_shape: kernel }), windows), c.x)
}

/** x with the padding that windows see and without what no window reaches. NaN equals nothing, so that padding never is the maximum. */
function cover(c: RuleContext, windows: Windows): string {
  const pads = [0, 0, ...windows.begin, 0, 0, ...overhang(c, windows)]
  return pads.every((pad) => pad === 0) ? c.x : c.emit('Pad', [c.x, c.emitter.joinInts(pads), c.scalar(NaN)])
}

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
