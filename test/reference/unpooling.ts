/** @file Operators that move elements between channels and space, or put them at places of another tensor. */
import { intAttribute, intsAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, positionOf, refTensor, sizeOf } from './tensor.js'

const depthToSpace: Kernel = (call) => {
  const x = input(call, 0)
  const block = intAttribute(call.node, 'blocksize', 1)
  const [rows, channels, height, width] = x.dims
  const depth = channels / (block * block)
  const byColumns = stringAttribute(call.node, 'mode', 'DCR') === 'CRD'
  return build([rows, depth, height * block, width * block], x.dtype, ([n, c, h, w]) => {
    const tap = (h % block) * block + (w % block)
    return at(x, [n, byColumns ? c * block * block + tap : tap * depth + c, Math.floor(h / block), Math.floor(w / block)])
  })
}

const spaceToDepth: Kernel = (call) => {
  const x = input(call, 0)
  const block = intAttribute(call.node, 'blocksize', 1)
  const [rows, channels, height, width] = x.dims
  const byColumns = stringAttribute(call.node, 'mode', 'DCR') === 'CRD'
  return build([rows, channels * block * block, height / block, width / block], x.dtype, ([n, c, h, w]) => {
    const [tap, channel] = byColumns ? [c % (block * block), Math.floor(c / (block * block))] : [Math.floor(c / channels), c % channels]
    return at(x, [n, channel, h * block + Math.floor(tap / block), w * block + (tap % block)])
  })
}

/** Indices count through the whole output. */
const maxUnpool: Kernel = (call) => {
  const [x, indices, shape] = [input(call, 0), input(call, 1), call.inputs[2]]
  const kernel = intsAttribute(call.node, 'kernel_shape', [])
  const strides = intsAttribute(call.node, 'strides', kernel.map(() => 1))
  const pads = intsAttribute(call.node, 'pads', [...kernel, ...kernel].map(() => 0))
  const dims = shape ? Array.from(shape.data) : [...x.dims.slice(0, 2), ...kernel.map((size, i) => (x.dims[i + 2] - 1) * strides[i] + size - pads[i] - pads[i + kernel.length])]
  const data = new Float64Array(sizeOf(dims))
  x.data.forEach((value, i) => { data[indices.data[i]] = value })
  return refTensor(dims, data, x.dtype)
}

/** Column l of X [N, C·taps, windows] is added to window l of the image [N, C, …]. */
const col2Im: Kernel = (call) => {
  const [x, image, block] = [input(call, 0), Array.from(input(call, 1).data), Array.from(input(call, 2).data)]
  const strides = intsAttribute(call.node, 'strides', block.map(() => 1))
  const dilations = intsAttribute(call.node, 'dilations', block.map(() => 1))
  const pads = intsAttribute(call.node, 'pads', [...block, ...block].map(() => 0))
  const windows = image.map((size, i) => Math.floor((size + pads[i] + pads[i + block.length] - (block[i] - 1) * dilations[i] - 1) / strides[i]) + 1)
  const taps = sizeOf(block)
  const y = build([x.dims[0], x.dims[1] / taps, ...image], x.dtype, () => 0)
  for (const [n, c] of indicesOf(y.dims.slice(0, 2))) {
    for (const window of indicesOf(windows)) {
      for (const tap of indicesOf(block)) {
        const place = window.map((w, i) => w * strides[i] - pads[i] + tap[i] * dilations[i])
        if (place.some((value, i) => value < 0 || value >= image[i])) continue
        y.data[positionOf(y.dims, [n, c, ...place])] += at(x, [n, c * taps + positionOf(block, tap), positionOf(windows, window)])
      }
    }
  }
  return y
}

const centerCropPad: Kernel = (call) => {
  const x = input(call, 0)
  const axes = intsAttribute(call.node, 'axes', x.dims.map((_, axis) => axis)).map((axis) => (axis + x.dims.length) % x.dims.length)
  const dims = x.dims.map((dim, axis) => (axes.includes(axis) ? input(call, 1).data[axes.indexOf(axis)] : dim))
  const shift = dims.map((dim, axis) => Math.trunc((dim - x.dims[axis]) / 2))
  return build(dims, x.dtype, (index) => {
    const from = index.map((value, axis) => value - shift[axis])
    return from.every((value, axis) => value >= 0 && value < x.dims[axis]) ? at(x, from) : 0
  })
}

export const unpooling: Kernels = { DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth, MaxUnpool: maxUnpool, Col2Im: col2Im, CenterCropPad: centerCropPad }
