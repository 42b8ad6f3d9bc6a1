/** @file Operators that rearrange elements, and those that speak of shapes. */
import { intAttribute, intsAttribute, stringAttribute } from '../../src/graph/ir.js'
import { broadcastDims } from '../../src/tensor/broadcast.js'
import { input, integers, type Kernel, type Kernels } from './kernel.js'
import { at, atBroadcast, build, int64Vector, normalAxis, sameElements, scalar, sizeOf, withAxis, type RefTensor } from './tensor.js'

/** In the target, 0 copies the input's size unless allowzero, and one −1 takes what is left. */
const reshape: Kernel = (call) => {
  const x = input(call, 0)
  const copyZero = intAttribute(call.node, 'allowzero', 0) === 0
  const target = (integers(call, 1, 'shape') ?? []).map((dim, i) => (dim === 0 && copyZero ? x.dims[i] : dim))
  const known = sizeOf(target.filter((dim) => dim !== -1))
  return sameElements(x, target.map((dim) => (dim === -1 ? sizeOf(x.dims) / known : dim)))
}

const flatten: Kernel = (call) => {
  const x = input(call, 0)
  const given = intAttribute(call.node, 'axis', 1)
  const axis = given < 0 ? given + x.dims.length : given
  return sameElements(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))])
}

const squeeze: Kernel = (call) => {
  const x = input(call, 0)
  const axes = integers(call, 1, 'axes')?.map((axis) => normalAxis(axis, x.dims.length))
  if (axes?.some((axis) => x.dims[axis] !== 1)) throw new Error('Squeeze of an axis that is not 1')
  return sameElements(x, x.dims.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis))))
}

const unsqueeze: Kernel = (call) => {
  const x = input(call, 0)
  const given = integers(call, 1, 'axes') ?? []
  const rank = x.dims.length + given.length
  const axes = given.map((axis) => normalAxis(axis, rank))
  const rest = [...x.dims]
  return sameElements(x, Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() as number))))
}

const transpose: Kernel = (call) => {
  const x = input(call, 0)
  const permutation = intsAttribute(call.node, 'perm', x.dims.map((_, i) => x.dims.length - 1 - i))
  return build(permutation.map((axis) => x.dims[axis]), x.dtype, (index) => at(x, x.dims.map((_, axis) => index[permutation.indexOf(axis)])))
}

const concat: Kernel = (call) => {
  const parts = call.inputs.map((_, i) => input(call, i))
  const axis = normalAxis(intAttribute(call.node, 'axis', 1), parts[0].dims.length)
  const total = parts.reduce((size, part) => size + part.dims[axis], 0)
  return build(withAxis(parts[0].dims, axis, total), parts[0].dtype, (index) => {
    let offset = index[axis]
    const owner = parts.find((part) => (offset < part.dims[axis] ? true : ((offset -= part.dims[axis]), false))) as RefTensor
    return at(owner, withAxis(index, axis, offset))
  })
}

/** Without sizes, equal parts of which the last may be smaller. */
const split: Kernel = (call) => {
  const x = input(call, 0)
  const axis = normalAxis(intAttribute(call.node, 'axis', 0), x.dims.length)
  const parts = call.node.outputs.length
  const chunk = Math.ceil(x.dims[axis] / parts)
  const sizes = integers(call, 1, 'split') ?? Array.from({ length: parts }, (_, i) => Math.min(chunk, x.dims[axis] - i * chunk))
  return sizes.map((size, part) => {
    const start = sizes.slice(0, part).reduce((a, b) => a + b, 0)
    return build(withAxis(x.dims, axis, size), x.dtype, (index) => at(x, withAxis(index, axis, start + index[axis])))
  })
}

/** Starts and ends are clamped into the axis, from the far end when the step is negative. */
const slice: Kernel = (call) => {
  const x = input(call, 0)
  const starts = integers(call, 1, 'starts') ?? []
  const ends = integers(call, 2, 'ends') ?? []
  const axes = (integers(call, 3, 'axes') ?? starts.map((_, i) => i)).map((axis) => normalAxis(axis, x.dims.length))
  const steps = integers(call, 4, 'steps') ?? starts.map(() => 1)
  const first = x.dims.map(() => 0)
  const stride = x.dims.map(() => 1)
  const dims = [...x.dims]
  axes.forEach((axis, i) => {
    const size = x.dims[axis]
    const [low, high] = steps[i] > 0 ? [0, size] : [-1, size - 1]
    const clamp = (value: number) => Math.max(low, Math.min(high, value < 0 ? value + size : value))
    first[axis] = steps[i] > 0 ? clamp(starts[i]) : Math.min(size - 1, Math.max(0, clamp(starts[i])))
    stride[axis] = steps[i]
    dims[axis] = Math.max(0, Math.ceil((clamp(ends[i]) - first[axis]) / steps[i]))
  })
  return build(dims, x.dtype, (index) => at(x, index.map((value, axis) => first[axis] + value * stride[axis])))
}

const expand: Kernel = (call) => {
  const x = input(call, 0)
  const dims = broadcastDims(x.dims, Array.from(input(call, 1).data))
  if (dims === null) throw new Error('Expand to a shape that does not broadcast')
  return build(dims, x.dtype, (index) => atBroadcast(x, index))
}

const tile: Kernel = (call) => {
  const x = input(call, 0)
  const repeats = input(call, 1).data
  return build(x.dims.map((dim, axis) => dim * repeats[axis]), x.dtype, (index) => at(x, index.map((value, axis) => value % x.dims[axis])))
}

/** Negative pads remove. Reflection and wrapping are defined for the coordinates that they need at most one period away. */
const pad: Kernel = (call) => {
  const x = input(call, 0)
  const mode = stringAttribute(call.node, 'mode', 'constant')
  const pads = integers(call, 1, 'pads') ?? []
  const axes = (call.inputs[3] === undefined ? x.dims.map((_, i) => i) : Array.from(call.inputs[3].data)).map((axis) => normalAxis(axis, x.dims.length))
  const attribute = call.node.attributes.get('value')
  const value = call.inputs[2]?.data[0] ?? (attribute?.type === 'float' ? attribute.value : 0)
  const begin = x.dims.map((_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis)] : 0))
  const end = x.dims.map((_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis) + axes.length] : 0))
  return build(x.dims.map((dim, axis) => dim + begin[axis] + end[axis]), x.dtype, (index) => {
    const source = index.map((position, axis) => sourceOf(mode, position - begin[axis], x.dims[axis]))
    return source.some((position) => position === null) ? value : at(x, source as number[])
  })
}

function sourceOf(mode: string, position: number, size: number): number | null {
  if (position >= 0 && position < size) return position
  if (mode === 'constant') return null
  if (mode === 'edge') return position < 0 ? 0 : size - 1
  if (mode === 'wrap') return ((position % size) + size) % size
  return position < 0 ? -position : 2 * (size - 1) - position
}

const shape: Kernel = (call) => {
  const { dims } = input(call, 0)
  return int64Vector(dims.slice(intAttribute(call.node, 'start', 0), intAttribute(call.node, 'end', dims.length)))
}

const trilu: Kernel = (call) => {
  const x = input(call, 0)
  const diagonal = call.inputs[1]?.data[0] ?? 0
  const upper = intAttribute(call.node, 'upper', 1) === 1
  return build(x.dims, x.dtype, (index) => {
    const [row, column] = index.slice(-2)
    return (upper ? column - row >= diagonal : column - row <= diagonal) ? at(x, index) : 0
  })
}

export const shaping: Kernels = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Shape: shape,
  Size: (call) => scalar(sizeOf(input(call, 0).dims), 'int64'),
  Trilu: trilu,
}
