/** @file Pools over regions of interest. Nothing flows to the regions, as in torchvision. */
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'
import { scatterAdd } from './scatter.js'
import { places } from './sums.js'

/** One axis of the cells of every region: the samples in each cell and the elements of x that they lie between. */
type Samples = {
  /** [regions, cells, samples], clipped to the axis. */
  readonly at: string
  /** As `at`: 1 where the sample exists and is not more than one element outside, else 0. */
  readonly counted: string
  /** As `at`: whether the sample exists. */
  readonly exists: string
  /** [regions, 1]: samples per cell, at least 1. */
  readonly count: string
}

/** Gradient of y[r, c, i, j] = mean or maximum over the samples of cell (i, j) of region r. */
function roiAlign(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const [down, across] = [samplesAlong(c, 2), samplesAlong(c, 3)]
  return stringAttribute(c.node, 'mode', 'avg') === 'max' ? ofMaxima(c, down, across) : ofMeans(c, down, across)
}

/** Means of bilinear samples are a matrix product along each axis. */
function ofMeans(c: RuleContext, down: Samples, across: Samples): string {
  const e = c.emitter
  const matrix = (samples: Samples, axis: number) => {
    const taps = c.emit('ReduceSum', [e.mul(tent(c, samples, axis), c.emit('Unsqueeze', [samples.counted, e.ints([3])])), e.ints([2])], { keepdims: 0 }) // [regions, cells, size]
    return c.emit('Unsqueeze', [e.div(taps, c.emit('Unsqueeze', [samples.count, e.ints([2])])), e.ints([1])]) // [regions, 1, cells, size]
  }
  const rows = c.emit('Transpose', [matrix(down, 2)], { perm: [0, 1, 3, 2] })
  const shares = c.emit('MatMul', [c.emit('MatMul', [rows, c.dy]), matrix(across, 3)]) // [regions, C, H, W]
  // Not ScatterND, which ONNX Runtime runs on several threads at once, so that what regions add to the same row gets lost.
  const row = c.emit('Expand', [c.emit('Unsqueeze', [rowsOf(c), e.ints([1, 2, 3])]), e.shapeOf(shares)])
  return scatterAdd(c, e.shapeOf(c.x), row, shares, 0)
}

/** [regions, cells, samples, size]: the bilinear weight of each element for each sample. */
function tent(c: RuleContext, { at }: Samples, axis: number): string {
  const e = c.emitter
  const elements = e.cast(places(c, e.sizeOf(c.x, axis)), c.dtype(c.y))
  const distance = c.emit('Abs', [e.sub(c.emit('Unsqueeze', [at, e.ints([3])]), elements)])
  return c.emit('Max', [e.sub(c.scalar(1), distance), c.scalar(0)])
}

/** The maximum is over the weighed neighbours of all samples, each by itself; dY goes to the first of them. */
function ofMaxima(c: RuleContext, down: Samples, across: Samples): string {
  const e = c.emitter
  const [y, x] = [neighbours(c, down, 2), neighbours(c, across, 3)] // [regions, cells, taps]
  const [regions, channels] = [e.size(c.y, 0), e.size(c.x, 1)]
  const cells = intAttribute(c.node, 'output_height', 1) * intAttribute(c.node, 'output_width', 1)
  const pair = (a: string, b: string, join: string) => c.emit(join, [c.emit('Unsqueeze', [a, e.ints([2, 4])]), c.emit('Unsqueeze', [b, e.ints([1, 3])])]) // [regions, h, w, taps of h, taps of w]
  const flat = (name: string) => c.emit('Reshape', [name, e.joinInts([regions, 1, cells, -1])]) // [regions, 1, cells, taps]
  const indices = flat(pair(e.mul(y.index, e.sizeOf(c.x, 3)), x.index, 'Add'))
  const weights = flat(pair(y.weight, x.weight, 'Mul'))
  const planes = c.emit('Reshape', [c.emit('Gather', [c.x, rowsOf(c)]), e.joinInts([regions, channels, -1])]) // [regions, C, H·W]
  const every = c.emit('Expand', [indices, e.joinInts([1, channels, 1, 1])]) // [regions, C, cells, taps]
  const values = e.reshapeLike(c.emit('GatherElements', [planes, c.emit('Reshape', [every, e.joinInts([regions, channels, -1])])], { axis: 2 }), every)
  const weighed = c.emit('Where', [flat(pair(y.exists, x.exists, 'And')), e.mul(values, weights), c.scalar(-Infinity)])
  const first = c.emit('ArgMax', [weighed], { axis: 3, keepdims: 1 }) // [regions, C, cells, 1]
  const taken = (name: string) => e.reshapeLike(c.emit('GatherElements', [c.emit('Expand', [name, e.shapeOf(weighed)]), first], { axis: 3 }), c.y)
  return addInPlanes(c, taken(indices), e.mul(c.dy, taken(weights)))
}

/** The two elements on either side of each sample, as [regions, cells, 2·samples]. */
function neighbours(c: RuleContext, { at, counted, exists }: Samples, axis: number): { readonly index: string; readonly weight: string; readonly exists: string } {
  const e = c.emitter
  const both = (low: string, high: string) => c.emit('Concat', [low, high], { axis: 2 })
  const low = c.emit('Floor', [at])
  const part = e.sub(at, low)
  const high = c.emit('Min', [e.add(low, c.scalar(1)), lastOf(c, axis)])
  return { index: e.cast(both(low, high), 'int64'), weight: e.mul(both(e.sub(c.scalar(1), part), part), both(counted, counted)), exists: both(exists, exists) }
}

/** Adds values of y's shape at positions of the same shape within the plane of their region's row and their channel. */
function addInPlanes(c: RuleContext, positions: string, values: string): string {
  const e = c.emitter
  const channels = e.sizeOf(c.x, 1)
  const rows = c.emit('Unsqueeze', [e.mul(rowsOf(c), channels), e.ints([1])])
  const planes = e.mul(e.add(rows, places(c, channels)), e.mul(e.sizeOf(c.x, 2), e.sizeOf(c.x, 3))) // [regions, C]
  const flat = (name: string) => c.emit('Reshape', [name, e.ints([-1])])
  const count = flat(c.emit('Size', [c.x]))
  return e.reshapeLike(scatterAdd(c, count, flat(e.add(positions, c.emit('Unsqueeze', [planes, e.ints([2, 3])]))), flat(values), 0), c.x)
}

/** int64 [regions]: the row of x that each region lies in. */
const rowsOf = (c: RuleContext): string => (c.node.opType === 'RoiAlign' ? c.input(2) : c.emit('Reshape', [c.emitter.cast(column(c, 0), 'int64'), c.emitter.ints([-1])]))

/** [regions, 1] */
const column = (c: RuleContext, index: number): string => c.emit('Slice', [c.input(1), c.emitter.ints([index]), c.emitter.ints([index + 1]), c.emitter.ints([1])])

/** size − 1, as a scalar of x's dtype. */
const lastOf = (c: RuleContext, axis: number): string => c.emitter.cast(c.emit('Squeeze', [c.emitter.sub(c.emitter.sizeOf(c.x, axis), c.emitter.ints([1]))]), c.dtype(c.y))

function samplesAlong(c: RuleContext, axis: 2 | 3): Samples {
  const e = c.emitter
  const cells = intAttribute(c.node, axis === 2 ? 'output_height' : 'output_width', 1)
  const half = stringAttribute(c.node, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel'
  const ratio = intAttribute(c.node, 'sampling_ratio', 0)
  const bound = (index: number) => {
    const scaled = e.mul(column(c, index), c.scalar(floatAttribute(c.node, 'spatial_scale', 1)))
    return half ? e.sub(scaled, c.scalar(0.5)) : scaled
  }
  const [from, to] = [bound(3 - axis), bound(5 - axis)]
  const length = half ? e.sub(to, from) : c.emit('Max', [e.sub(to, from), c.scalar(1)])
  const bin = e.div(length, c.scalar(cells)) // [regions, 1]
  const grid = ratio > 0 ? e.constant([ratio], c.dtype(c.y), [1, 1]) : c.emit('Ceil', [bin]) // [regions or 1, 1]
  const count = c.emit('Max', [grid, c.scalar(1)])
  const most = ratio > 0 ? e.ints([ratio]) : e.cast(c.emit('ReduceMax', [c.emit('Concat', [c.emit('Reshape', [count, e.ints([-1])]), e.constant([1], c.dtype(c.y))], { axis: 0 })], { keepdims: 1 }), 'int64')
  const sample = e.cast(places(c, most), c.dtype(c.y)) // [samples]
  const lines = (name: string) => c.emit('Unsqueeze', [name, e.ints([2])]) // [regions, 1, 1]
  const cell = e.constant(Array.from({ length: cells }, (_, i) => i), c.dtype(c.y), [cells, 1])
  const inCell = e.div(e.mul(e.add(sample, c.scalar(0.5)), lines(bin)), lines(count)) // [regions, 1, samples]
  const raw = e.add(e.add(lines(from), e.mul(cell, lines(bin))), inCell) // [regions, cells, samples]
  const inReach = c.emit('And', [c.emit('GreaterOrEqual', [raw, c.scalar(-1)]), c.emit('LessOrEqual', [raw, e.add(lastOf(c, axis), c.scalar(1))])])
  const inGrid = c.emit('Less', [sample, lines(grid)])
  const exists = c.emit('Expand', [inGrid, c.emit('Shape', [raw])])
  return { at: c.emit('Clip', [raw, c.scalar(0), lastOf(c, axis)]), counted: c.mask(c.emit('And', [inReach, exists])), exists, count }
}

/** The cells of every region along one axis: [regions, cells, size], whether an element lies in it. */
function cellsAlong(c: RuleContext, axis: 2 | 3): string {
  const e = c.emitter
  const cells = intsAttribute(c.node, 'pooled_shape', [])[axis - 2]
  const bound = (index: number) => {
    const scaled = e.mul(column(c, index), c.scalar(floatAttribute(c.node, 'spatial_scale', 1)))
    return e.mul(c.emit('Sign', [scaled]), c.emit('Floor', [e.add(c.emit('Abs', [scaled]), c.scalar(0.5))]))
  }
  const [from, to] = [bound(4 - axis), bound(6 - axis)] // [regions, 1]
  const bin = e.div(c.emit('Max', [e.add(e.sub(to, from), c.scalar(1)), c.scalar(1)]), c.scalar(cells))
  const edge = (first: number, rounding: string) => c.emit('Unsqueeze', [e.add(c.emit(rounding, [e.mul(e.constant(Array.from({ length: cells }, (_, i) => i + first), c.dtype(c.y), [1, cells]), bin)]), from), e.ints([2])])
  const elements = e.cast(places(c, e.sizeOf(c.x, axis)), c.dtype(c.y))
  return c.emit('And', [c.emit('GreaterOrEqual', [elements, edge(0, 'Floor')]), c.emit('Less', [elements, edge(1, 'Ceil')])])
}

/** The first maximum of a cell, row by row, is the first among its rows' first maxima. */
function maxRoiPool(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const e = c.emitter
  const [down, across] = [cellsAlong(c, 2), cellsAlong(c, 3)]
  const images = c.emit('Unsqueeze', [c.emit('Gather', [c.x, rowsOf(c)]), e.ints([3])]) // [regions, C, H, 1, W]
  const lowest = c.scalar(-Infinity)
  const lines = c.emit('Where', [c.emit('Unsqueeze', [across, e.ints([1, 2])]), images, lowest]) // [regions, C, H, w, W]
  const inLine = c.emit('ArgMax', [lines], { axis: 4, keepdims: 0 }) // [regions, C, H, w]
  const best = c.emit('ReduceMax', [lines, e.ints([4])], { keepdims: 0 })
  const columns = c.emit('Where', [c.emit('Unsqueeze', [down, e.ints([1, 4])]), c.emit('Unsqueeze', [best, e.ints([2])]), lowest]) // [regions, C, h, H, w]
  const line = c.emit('ArgMax', [columns], { axis: 3, keepdims: 0 }) // [regions, C, h, w]
  const position = e.add(e.mul(line, e.sizeOf(c.x, 3)), c.emit('GatherElements', [inLine, line], { axis: 2 }))
  const anyAlong = (cells: string) => c.emit('ReduceMax', [c.mask(cells), e.ints([2])], { keepdims: 0 })
  const filled = e.mul(c.emit('Unsqueeze', [anyAlong(down), e.ints([1, 3])]), c.emit('Unsqueeze', [anyAlong(across), e.ints([1, 2])])) // [regions, 1, h, w]
  return addInPlanes(c, position, e.mul(c.dy, filled))
}

export const regions = {
  /** dX = the shares of the samples' neighbours in each mean, or dY to the neighbour that is the maximum; nothing flows to the regions (as in torchvision) */
  RoiAlign: roiAlign,
  /** dX: dY goes to the first maximum of its cell, row by row; nothing flows to the regions (as in torchvision) */
  MaxRoiPool: maxRoiPool,
} satisfies RuleTable
