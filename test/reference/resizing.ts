/** @file Resize and Upsample: along each axis, every output element is a weighted sum of input elements. */
import { floatAttribute, intAttribute, intsAttribute, stringAttribute, type Node } from '../../src/graph/ir.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { at, build, normalAxis, withAxis, type RefTensor } from './tensor.js'

/** One axis: its sizes, the scale that coordinates are computed with, and the part of it that a crop keeps. */
type Axis = { readonly axis: number; readonly from: number; readonly to: number; readonly scale: number; readonly crop: readonly [number, number] }

type Tap = { readonly index: number; readonly weight: number }

function axesOf(call: Call, x: RefTensor): Axis[] {
  const axes = intsAttribute(call.node, 'axes', x.dims.map((_, axis) => axis)).map((axis) => normalAxis(axis, x.dims.length))
  const [roi, scales, sizes] = call.opset < 11 ? [undefined, call.inputs[1], undefined] : call.inputs.slice(1)
  const crop = (i: number): readonly [number, number] => (roi && roi.data.length > 0 ? [roi.data[i], roi.data[i + axes.length]] : [0, 1])
  const given = scales && scales.data.length > 0 ? Array.from(scales.data) : attributeScales(call.node)
  if (given !== null) return axes.map((axis, i) => ({ axis, from: x.dims[axis], to: Math.floor(x.dims[axis] * given[i]), scale: given[i], crop: crop(i) }))
  const wanted = axes.map((axis, i) => (sizes as RefTensor).data[i] / x.dims[axis])
  const policy = stringAttribute(call.node, 'keep_aspect_ratio_policy', 'stretch')
  const common = policy === 'not_larger' ? Math.min(...wanted) : Math.max(...wanted)
  return axes.map((axis, i) => {
    const from = x.dims[axis]
    if (policy === 'stretch') return { axis, from, to: (sizes as RefTensor).data[i], scale: wanted[i], crop: crop(i) }
    return { axis, from, to: Math.floor(common * from + 0.5), scale: common, crop: crop(i) }
  })
}

function attributeScales(node: Node): readonly number[] | null {
  const scales = node.attributes.get('scales')
  return scales?.type === 'floats' ? scales.value : null
}

/** Where an output element lies on the input axis. */
function placeOf(mode: string, { from, to, scale, crop }: Axis, at: number): number {
  switch (mode) {
    case 'asymmetric': return at / scale
    case 'half_pixel': return (at + 0.5) / scale - 0.5
    case 'pytorch_half_pixel': return to > 1 ? (at + 0.5) / scale - 0.5 : 0
    case 'half_pixel_symmetric': return (from / 2) * (1 - to / (scale * from)) + (at + 0.5) / scale - 0.5
    case 'tf_half_pixel_for_nn': return (at + 0.5) / scale
    case 'align_corners': return to === 1 ? 0 : (at * (from - 1)) / (to - 1)
    case 'tf_crop_and_resize': return to > 1 ? crop[0] * (from - 1) + (at * (crop[1] - crop[0]) * (from - 1)) / (to - 1) : 0.5 * (crop[0] + crop[1]) * (from - 1)
    default: throw new Error(`coordinate mode ${mode} is unknown`)
  }
}

function nearest(mode: string, place: number): number {
  switch (mode) {
    case 'floor': return Math.floor(place)
    case 'ceil': return Math.ceil(place)
    case 'round_prefer_ceil': return Math.floor(place + 0.5)
    default: return Math.ceil(place - 0.5)
  }
}

/** The kernel of Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981, with its parameter a. */
function cubic(a: number, distance: number): number {
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0
}

function tapsOf(node: Node, axis: Axis, place: number, nearestMode: string): Tap[] {
  const mode = stringAttribute(node, 'mode', 'nearest')
  const inside = (index: number) => Math.min(Math.max(index, 0), axis.from - 1)
  if (mode === 'nearest') return [{ index: inside(nearest(nearestMode, place)), weight: 1 }]
  const isCubic = mode === 'cubic'
  const a = floatAttribute(node, 'cubic_coeff_a', -0.75)
  const shrink = intAttribute(node, 'antialias', 0) === 1 ? Math.min(axis.scale, 1) : 1
  const kernel = (distance: number) => (isCubic ? cubic(a, distance * shrink) : Math.max(0, 1 - Math.abs(distance * shrink)))
  const reach = Math.ceil((isCubic ? 2 : 1) / shrink) + 1
  const positions = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.floor(place) - reach + i)
  const kept = intAttribute(node, 'exclude_outside', 0) === 1 ? positions.filter((position) => position === inside(position)) : positions
  const total = kept.reduce((sum, position) => sum + kernel(position - place), 0)
  return kept.map((position) => ({ index: inside(position), weight: kernel(position - place) / total }))
}

function resampleAxis(node: Node, x: RefTensor, axis: Axis, mode: string, nearestMode: string): RefTensor {
  const outside = floatAttribute(node, 'extrapolation_value', 0)
  const taps = Array.from({ length: axis.to }, (_, i) => {
    const place = placeOf(mode, axis, i)
    return mode === 'tf_crop_and_resize' && (place < 0 || place > axis.from - 1) ? null : tapsOf(node, axis, place, nearestMode)
  })
  return build(withAxis(x.dims, axis.axis, axis.to), x.dtype, (index) => taps[index[axis.axis]]?.reduce((sum, { index: from, weight }) => sum + weight * at(x, withAxis(index, axis.axis, from)), 0) ?? outside)
}

const resize: Kernel = (call) => {
  const x = input(call, 0)
  const old = call.opset < 11
  const mode = old ? 'asymmetric' : stringAttribute(call.node, 'coordinate_transformation_mode', 'half_pixel')
  const nearestMode = old ? 'floor' : stringAttribute(call.node, 'nearest_mode', 'round_prefer_floor')
  return axesOf(call, x).reduce((result, axis) => resampleAxis(call.node, result, axis, mode, nearestMode), x)
}

export const resizing: Kernels = { Resize: resize, Upsample: resize }
