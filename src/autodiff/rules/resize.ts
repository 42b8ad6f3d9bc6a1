/** @file Resize. It is linear in x and works along each axis by itself, in every mode. */
import type { Attributes } from '../../graph/builder.js'
import { intsAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { multiplyAlong } from './axes.js'
import type { RuleTable } from './operators.js'

const ROI = 1
const SCALES = 2
const SIZES = 3

/** What decides how one axis is resampled; `antialias` and the rest are passed on by name. */
const PASSED_ON = ['mode', 'coordinate_transformation_mode', 'nearest_mode', 'cubic_coeff_a', 'exclude_outside', 'antialias']

function resize(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const rank = rankOf(c)
  const axes = resizedAxes(c, rank)
  if (axes.length === 0) return c.dy
  const blocks = blockSizes(c, axes, rank)
  if (blocks !== null) return sumBlocks(c, blocks)
  return axes.reduce((gradient, axis) => multiplyAlong(c, weightsAlong(c, axis, rank), gradient, axis, rank), c.dy)
}

/** Without axes, there is a scale or a size for each one. */
function rankOf(c: RuleContext): number {
  const each = c.dims(c.input(c.hasInput(SIZES) ? SIZES : SCALES))?.[0]
  return c.emitter.rank(c.x) === null && !c.node.attributes.has('axes') && typeof each === 'number' ? each : c.rank(c.x)
}

/** Axes that scales, sizes and roi speak of, counted from the front. */
const statedAxes = (c: RuleContext, rank: number): number[] => intsAttribute(c.node, 'axes', null)?.map((axis) => (axis + rank) % rank) ?? Array.from({ length: rank }, (_, axis) => axis)

const crops = (c: RuleContext): boolean => stringAttribute(c.node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize'

/** Scales or sizes that are known when the graph is made, by stated axis. */
const knownScales = (c: RuleContext): readonly number[] | null => (c.hasInput(SIZES) ? null : c.emitter.constantNumbers(c.input(SCALES)))

/** Axes that may change. A crop changes an axis even where its size stays. */
function resizedAxes(c: RuleContext, rank: number): number[] {
  const scales = knownScales(c)
  const [from, to] = [c.dims(c.x), c.dims(c.y)]
  return statedAxes(c, rank).filter((axis, i) => {
    if (crops(c)) return true
    if (scales) return scales[i] !== 1
    return from?.[axis] === undefined || from[axis] === null || from[axis] !== to?.[axis]
  })
}

/**
 * Whole-number factors per spatial axis where every element of x is repeated in a block of y, which is how most decoders upsample; null for
 * anything else.
 */
function blockSizes(c: RuleContext, axes: readonly number[], rank: number): number[] | null {
  if (stringAttribute(c.node, 'mode', 'nearest') !== 'nearest' || rank < 3 || rank > 5 || axes.some((axis) => axis < 2) || c.dtype(c.y) !== 'float32') return null
  const scales = knownScales(c)
  const stated = statedAxes(c, rank)
  const [from, to] = [c.dims(c.x), c.dims(c.y)]
  const factors = Array.from({ length: rank - 2 }, (_, i) => {
    if (!axes.includes(i + 2)) return 1
    if (scales) return scales[stated.indexOf(i + 2)]
    const [size, resized] = [from?.[i + 2], to?.[i + 2]]
    return typeof size === 'number' && typeof resized === 'number' && size > 0 ? resized / size : NaN
  })
  return factors.every((factor) => Number.isInteger(factor) && repeats(c, factor)) ? factors : null
}

const ROUNDINGS: ReadonlyMap<string, (place: number) => number> = new Map([
  ['floor', Math.floor], ['ceil', Math.ceil], ['round_prefer_floor', (place: number) => Math.ceil(place - 0.5)], ['round_prefer_ceil', (place: number) => Math.floor(place + 0.5)],
])

/** Whether the positions m·factor … m·factor + factor − 1 all look at position m. */
function repeats(c: RuleContext, factor: number): boolean {
  if (factor === 1) return true
  const places = Array.from({ length: factor }, (_, i) => i)
  const round = ROUNDINGS.get(stringAttribute(c.node, 'nearest_mode', 'round_prefer_floor')) ?? (() => NaN)
  switch (stringAttribute(c.node, 'coordinate_transformation_mode', 'half_pixel')) {
    case 'asymmetric': return places.every((i) => round(i / factor) === 0)
    case 'half_pixel': case 'half_pixel_symmetric': case 'pytorch_half_pixel': return places.every((i) => round((i + 0.5) / factor - 0.5) === 0)
    default: return false
  }
}

/** The mean of each block times its size, in a quarter of the time that a reshape and a sum take. */
function sumBlocks(c: RuleContext, blocks: readonly number[]): string {
  const means = c.emit('AveragePool', [c.dy], { kernel_shape: blocks, strides: blocks })
  return c.emitter.mul(means, c.scalar(blocks.reduce((product, size) => product * size, 1)))
}

/**
 * [in, out]: the weight of each element of x in each one of y, along one axis. The runtime's own Resize tells it, of images that are 1 at one
 * place; so every mode and rounding is the one of the forward pass. Where sizes are known it is a constant by the time the graph is loaded.
 */
function weightsAlong(c: RuleContext, axis: number, rank: number): string {
  const e = c.emitter
  const attributes: Attributes = Object.fromEntries(PASSED_ON.map((name) => [name, c.node.attributes.get(name)]))
  const at = statedAxes(c, rank).indexOf(axis)
  const [from, to] = [e.size(c.x, axis), e.size(c.y, axis)]
  const identity = c.emit('EyeLike', [e.filled(0, e.joinInts([from, from]), 'float32')])
  if (keepsAspect(c)) return e.cast(withAspect(c, identity, axis, rank, attributes), c.dtype(c.y))
  const images = c.emit('Unsqueeze', [identity, e.ints([1, 3])]) // [in, 1, in, 1]
  const roi = crops(c) ? c.emit('Concat', [0, 1].map((end) => aroundOne(c, bound(c, at, end), end)), { axis: 0 }) : ''
  const resized = c.hasInput(SIZES)
    ? c.emit('Resize', [images, roi, '', e.joinInts([from, 1, to, 1])], attributes)
    : byScale(c, images, roi, part(c, c.input(SCALES), at), typeof from === 'number' && typeof to === 'number' && from !== to, attributes)
  return e.cast(c.emit('Squeeze', [resized, e.ints([1, 3])]), c.dtype(c.y))
}

/** ONNX Runtime copies images whose sizes stay, whatever the scale; a width that doubles keeps it from that. [in, 1, in, 1] → [in, 1, out, 1] */
function byScale(c: RuleContext, images: string, roi: string, scale: string, changes: boolean, attributes: Attributes): string {
  if (changes) return c.emit('Resize', [images, roi, aroundOne(c, scale, 1)], attributes)
  const e = c.emitter
  const doubled = c.emit('Resize', [images, roi, aroundOne(c, scale, 1, 2)], attributes) // [in, 1, out, 2]
  return c.emit('Slice', [doubled, e.ints([0]), e.ints([1]), e.ints([3])])
}

const keepsAspect = (c: RuleContext): boolean => c.hasInput(SIZES) && stringAttribute(c.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch'

/** One element of a vector, as a vector. */
function part(c: RuleContext, vector: string, index: number): string {
  const constant = c.emitter.constantNumbers(vector)
  if (constant) return c.emitter.constant([constant[index]], c.dtype(vector))
  return c.emit('Slice', [vector, c.emitter.ints([index]), c.emitter.ints([index + 1])])
}

/** Where the crop of an axis begins (end = 0) or ends (end = 1), which the roi states for all axes in that order. */
function bound(c: RuleContext, at: number, end: number): string {
  const count = c.node.attributes.has('axes') ? intsAttribute(c.node, 'axes', []).length : rankOf(c)
  return part(c, c.input(ROI), at + end * count)
}

/** [rest, rest, value, last] */
function aroundOne(c: RuleContext, value: string, rest: number, last = rest): string {
  const e = c.emitter
  const known = e.constantNumbers(value)
  if (known) return e.constant([rest, rest, known[0], last], 'float32')
  return c.emit('Concat', [e.constant([rest, rest], 'float32'), e.cast(value, 'float32'), e.constant([last], 'float32')], { axis: 0 })
}

/** Where the ratio of the sizes is kept, they decide on the scale of an axis together: the other axes come along, with one value all over. */
function withAspect(c: RuleContext, identity: string, axis: number, rank: number, attributes: Attributes): string {
  const e = c.emitter
  const stated = statedAxes(c, rank)
  const at = stated.indexOf(axis)
  const others = stated.map((_, i) => i).filter((i) => i !== at)
  const column = c.emit('Unsqueeze', [identity, e.ints([1, ...others.map((i) => i + 2)])]) // [in, 1, … in …]
  const images = c.emit('Expand', [column, e.joinInts([1, 1, ...stated.map((other) => e.size(c.x, other))])])
  const roi = crops(c) ? c.emit('Concat', [0, 1].flatMap((end) => stated.map((_, i) => (i === at ? e.cast(bound(c, at, end), 'float32') : e.constant([end], 'float32')))), { axis: 0 }) : ''
  const policy = { axes: stated.map((_, i) => i + 2), keep_aspect_ratio_policy: c.node.attributes.get('keep_aspect_ratio_policy') }
  const resized = c.emit('Resize', [images, roi, '', c.input(SIZES)], { ...attributes, ...policy })
  const first = others.length === 0 ? resized : c.emit('Slice', [resized, e.ints(others.map(() => 0)), e.ints(others.map(() => 1)), e.ints(others.map((i) => i + 2))])
  return c.emit('Squeeze', [first, e.ints([1, ...others.map((i) => i + 2)])])
}

export const resampling = {
  /** dX = Wᵀ·dY along every axis, where W holds the interpolation weights; sums of blocks where elements are repeated. Nothing flows to roi, scales and sizes. */
  Resize: resize,
} satisfies RuleTable
