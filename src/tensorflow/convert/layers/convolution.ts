/** @file Convolutions, and what crops, pads and enlarges images. */
import { activationName } from '../activations.js'
import { floatValue, knownSize, type LayerCall, type LayerConverter, type LayerTable } from '../layer-call.js'
import { transposed, weightOf } from '../layer-weights.js'
import { Refusal } from '../refusal.js'
import { imageDims, imageOf, outputSpace, padAttributes, refuseNarrow, type Image, type Windows } from './windows.js'
import type { Value } from '../writer.js'

/** Keras' kernel [window…, in, out] as ONNX' [out, in, window…]. */
const kernelOrder = (space: number): number[] => [space + 1, space, ...Array.from({ length: space }, (_, i) => i)]

function windowsOf({ config }: LayerCall, space: number, paddings: readonly Windows['padding'][] = ['valid', 'same']): Windows {
  return {
    kernel: config.sizes('kernel_size', space, []), strides: config.sizes('strides', space, 1), dilations: config.sizes('dilation_rate', space, 1),
    padding: config.choice('padding', paddings, 'valid'),
  }
}

function biasOf(c: LayerCall, channels: number): string[] {
  if (!c.config.flag('use_bias', true)) return []
  const bias = c.weights.take('bias', [channels])
  return [c.w.weight('bias', () => bias)]
}

function finish(c: LayerCall, image: Image, name: string, channels: number, space: Image['space']): readonly Value[] {
  return [c.activate(floatValue(name, imageDims(image, channels, space), image.order), activationName(c.config))]
}

const convolution = (space: number): LayerConverter => (c) => {
  const last = c.config.channelsLast()
  if (space === 1 && !last) throw new Refusal('TensorFlow.js leaves its channels last, whatever data_format says')
  const windows = windowsOf(c, space, space === 1 ? ['valid', 'same', 'causal'] : undefined)
  const image = imageOf(c, c.ofRank(space + 2), last)
  const [filters, groups] = [c.config.size('filters'), c.config.number('groups', 1)]
  if (groups !== 1) throw new Refusal('TensorFlow.js does not know its groups')
  const kernel = c.weights.take('kernel', [...windows.kernel, knownSize(image.channels, 'the number of its channels'), filters])
  const weight = c.w.weight('kernel', () => transposed(kernel, kernelOrder(space)))
  const { kernel: kernel_shape, strides, dilations } = windows
  const name = c.w.add('Conv', [image.name, weight, ...biasOf(c, filters)], { kernel_shape, strides, dilations, ...padAttributes(image.space, windows) })
  return finish(c, image, name, filters, outputSpace(image.space, windows))
}

/** The gradient of a convolution of what comes out: its padding is cut off, and what a stride beyond the window leaves open is added at the end. */
const transposedConvolution = (space: number): LayerConverter => (c) => {
  const { kernel: window, strides, dilations, padding } = windowsOf(c, space)
  if (dilations.some((dilation) => dilation !== 1)) throw new Refusal('TensorFlow.js ignores its dilation_rate')
  const image = imageOf(c, c.ofRank(space + 2), c.config.channelsLast())
  const filters = c.config.size('filters')
  const kernel = c.weights.take('kernel', [...window, filters, knownSize(image.channels, 'the number of its channels')])
  const weight = c.w.weight('kernel', () => transposed(kernel, kernelOrder(space)))
  refuseNarrow({ kernel: window, strides, dilations, padding }, image.space.map((size, i) => (typeof size === 'number' ? size * strides[i] : null)))
  const beyond = window.map((size, i) => Math.max(size - strides[i], 0))
  const pads = padding === 'same' ? [...beyond.map((size) => Math.floor(size / 2)), ...beyond.map((size) => Math.ceil(size / 2))] : beyond.flatMap(() => [0, 0])
  const name = c.w.add('ConvTranspose', [image.name, weight, ...biasOf(c, filters)], { kernel_shape: window, strides, pads, output_padding: window.map((size, i) => Math.max(strides[i] - size, 0)) })
  return finish(c, image, name, filters, image.space.map((size, i) => (typeof size === 'number' ? size * strides[i] + (padding === 'valid' ? beyond[i] : 0) : null)))
}

/** Each channel by itself: Keras' kernel [height, width, in, multiplier] as ONNX' [in·multiplier, 1, height, width]. TensorFlow.js does not always save the multiplier. */
function depthwise(c: LayerCall, image: Image, windows: Windows, biased: boolean): { name: string; channels: number; space: Image['space'] } {
  const inputs = knownSize(image.channels, 'the number of its channels')
  const kernel = c.weights.take('depthwise_kernel', [...windows.kernel, inputs, null])
  const channels = inputs * kernel.dims[3]
  const weight = c.w.weight('depthwise_kernel', () => {
    const { data } = transposed(kernel, [2, 3, 0, 1])
    return weightOf(data, [channels, 1, ...windows.kernel])
  })
  const { kernel: kernel_shape, strides, dilations } = windows
  const name = c.w.add('Conv', [image.name, weight, ...(biased ? biasOf(c, channels) : [])], { kernel_shape, strides, dilations, group: inputs, ...padAttributes(image.space, windows) })
  return { name, channels, space: outputSpace(image.space, windows) }
}

function depthwiseConv2d(c: LayerCall): readonly Value[] {
  const windows = windowsOf(c, 2)
  if (windows.dilations.some((dilation) => dilation !== 1)) throw new Refusal('TensorFlow.js ignores its dilation_rate')
  const image = imageOf(c, c.ofRank(4), c.config.channelsLast())
  const { name, channels, space } = depthwise(c, image, windows, true)
  return finish(c, image, name, channels, space)
}

function separableConv2d(c: LayerCall): readonly Value[] {
  const last = c.config.channelsLast()
  if (!last && c.config.flag('use_bias', true)) throw new Refusal('TensorFlow.js adds its bias to the wrong axis when channels come first')
  const image = imageOf(c, c.ofRank(4), last)
  const { name, channels, space } = depthwise(c, image, windowsOf(c, 2), false)
  const filters = c.config.size('filters')
  const kernel = c.weights.take('pointwise_kernel', [1, 1, channels, filters])
  const mixed = c.w.add('Conv', [name, c.w.weight('pointwise_kernel', () => transposed(kernel, kernelOrder(2))), ...biasOf(c, filters)], { kernel_shape: [1, 1] })
  // The activation runs along the channels, wherever the data format puts them.
  const asLast = c.activate(floatValue(mixed, [image.batch, ...space, filters], [0, 3, 1, 2]), activationName(c.config))
  return [last ? asLast : { ...asLast, dims: imageDims(image, filters, space), order: null }]
}

/** [[top, bottom], [left, right]] */
function margins({ config }: LayerCall, key: string, otherwise: number): number[][] {
  const value = config.get(key) ?? otherwise
  const sides = (Array.isArray(value) ? (value as unknown[]) : [value, value]).map((side) => (Array.isArray(side) ? (side as unknown[]) : [side, side]))
  if (sides.length !== 2 || !sides.every((side): side is number[] => side.length === 2 && side.every((size) => Number.isSafeInteger(size) && (size as number) >= 0))) throw new Refusal(`its ${key} is not whole numbers from 0`)
  return sides
}

/** The two axes of an image where they are stored; both may lie anywhere. */
function spatialAxes(c: LayerCall): { x: Value; axes: readonly [number, number]; stored: number[] } {
  const x = c.ofRank(4)
  const axes = c.config.channelsLast() ? [1, 2] as const : [2, 3] as const
  return { x, axes, stored: axes.map((axis) => (x.order === null ? axis : x.order.indexOf(axis))) }
}

function cropping2d(c: LayerCall): readonly Value[] {
  const sides = margins(c, 'cropping', 0)
  const { x, axes, stored } = spatialAxes(c)
  const dims = x.dims.map((dim, axis) => {
    const place = axes.indexOf(axis)
    if (place < 0 || typeof dim !== 'number') return place < 0 ? dim : null
    if (dim <= sides[place][0] + sides[place][1]) throw new Refusal(`it crops ${sides[place].join(' and ')} off ${dim}`, 'shape')
    return dim - sides[place][0] - sides[place][1]
  })
  const ends = sides.map(([, end]) => (end === 0 ? Number.MAX_SAFE_INTEGER : -end))
  return [{ ...x, name: c.w.add('Slice', [x.name, c.w.integers(sides.map(([start]) => start)), c.w.integers(ends), c.w.integers(stored)]), dims }]
}

function zeroPadding2d(c: LayerCall): readonly Value[] {
  const sides = margins(c, 'padding', 1)
  const { x, axes, stored } = spatialAxes(c)
  const dims = x.dims.map((dim, axis) => (axes.includes(axis as 1 | 2 | 3) ? (typeof dim === 'number' ? dim + sides[axes.indexOf(axis as never)][0] + sides[axes.indexOf(axis as never)][1] : null) : dim))
  const pads = [0, 1].flatMap((end) => x.dims.map((_, axis) => (stored.includes(axis) ? sides[stored.indexOf(axis)][end] : 0)))
  return [{ ...x, name: c.w.add('Pad', [x.name, c.w.integers(pads), c.w.constant(0)]), dims }]
}

/** Positions are not shifted by half a pixel: TensorFlow.js' older convention. */
function upSampling2d(c: LayerCall): readonly Value[] {
  const [size, mode] = [c.config.sizes('size', 2, 2), c.config.choice('interpolation', ['nearest', 'bilinear'], 'nearest')]
  const image = imageOf(c, c.ofRank(4), c.config.channelsLast())
  const attributes = { mode: mode === 'nearest' ? 'nearest' : 'linear', coordinate_transformation_mode: 'asymmetric', ...(mode === 'nearest' && { nearest_mode: 'floor' }) }
  const name = c.w.add('Resize', [image.name, '', c.w.constant([1, 1, ...size])], attributes)
  return [floatValue(name, imageDims(image, image.channels, image.space.map((dim, i) => (typeof dim === 'number' ? dim * size[i] : null))), image.order)]
}

export const convolutions: LayerTable = {
  Conv1D: convolution(1), Conv2D: convolution(2), Conv3D: convolution(3),
  Conv2DTranspose: transposedConvolution(2), Conv3DTranspose: transposedConvolution(3),
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Cropping2D: cropping2d,
  ZeroPadding2D: zeroPadding2d,
  UpSampling2D: upSampling2d,
}
