/** @file Convolution and its transpose in any number of spatial dimensions. */
import { intAttribute, intsAttribute, stringAttribute, type Node } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, positionOf } from './tensor.js'
import { isInside, readAt, windowsOf } from './windows.js'

/** X [batch, channels, …spatial], W [filters, channels / group, …kernel], B [filters] → [batch, filters, …output] */
const conv: Kernel = (call) => {
  const [x, w, b] = [input(call, 0), input(call, 1), call.inputs[2]]
  const spatial = x.dims.slice(2)
  const windows = windowsOf(call.node, spatial, w.dims.slice(2))
  const group = intAttribute(call.node, 'group', 1)
  const [filters, channelsPerGroup] = w.dims
  return build([x.dims[0], filters, ...windows.output], x.dtype, ([n, filter, ...output]) => {
    const firstChannel = Math.floor(filter / (filters / group)) * channelsPerGroup
    let total = b === undefined ? 0 : b.data[filter]
    for (const tap of indicesOf(windows.kernel)) {
      const position = readAt(windows, output, tap)
      if (!isInside(position, spatial)) continue
      for (let c = 0; c < channelsPerGroup; c++) total += at(x, [n, firstChannel + c, ...position]) * at(w, [filter, c, ...tap])
    }
    return total
  })
}

/** X [batch, channels, …spatial], W [channels, filters / group, …kernel], B [filters]: each input element adds its kernel into the output. */
const convTranspose: Kernel = (call) => {
  const [x, w, b] = [input(call, 0), input(call, 1), call.inputs[2]]
  const group = intAttribute(call.node, 'group', 1)
  const [channels, filtersPerGroup] = w.dims
  const kernel = w.dims.slice(2)
  const { strides, dilations, padBegin, output } = transposedSizes(call.node, x.dims.slice(2), kernel)
  const filters = filtersPerGroup * group
  const y = build([x.dims[0], filters, ...output], x.dtype, ([, filter]) => (b === undefined ? 0 : b.data[filter]))
  for (const [n, channel, ...position] of indicesOf(x.dims)) {
    const value = at(x, [n, channel, ...position])
    const firstFilter = Math.floor(channel / (channels / group)) * filtersPerGroup
    for (const tap of indicesOf(kernel)) {
      const target = tap.map((offset, i) => position[i] * strides[i] + offset * dilations[i] - padBegin[i])
      if (!isInside(target, output)) continue
      for (let f = 0; f < filtersPerGroup; f++) y.data[positionOf(y.dims, [n, firstFilter + f, ...target])] += value * at(w, [channel, f, ...tap])
    }
  }
  return y
}

function transposedSizes(node: Node, spatial: readonly number[], kernel: readonly number[]) {
  const ones = spatial.map(() => 1)
  const zeros = spatial.map(() => 0)
  const strides = intsAttribute(node, 'strides', ones)
  const dilations = intsAttribute(node, 'dilations', ones)
  const outputPadding = intsAttribute(node, 'output_padding', zeros)
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET')
  const full = spatial.map((size, i) => strides[i] * (size - 1) + outputPadding[i] + (kernel[i] - 1) * dilations[i] + 1)
  const wanted = intsAttribute(node, 'output_shape', null)?.slice(-spatial.length) ?? (automatic.startsWith('SAME') ? spatial.map((size, i) => size * strides[i]) : null)
  if (wanted !== null) {
    const padding = full.map((size, i) => Math.max(0, size - wanted[i]))
    const padBegin = padding.map((total) => (automatic === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)))
    return { strides, dilations, padBegin, output: wanted }
  }
  const pads = automatic === 'VALID' ? [...zeros, ...zeros] : intsAttribute(node, 'pads', [...zeros, ...zeros])
  return { strides, dilations, padBegin: pads.slice(0, spatial.length), output: full.map((size, i) => size - pads[i] - pads[i + spatial.length]) }
}

export const convolution: Kernels = { Conv: conv, ConvTranspose: convTranspose }
