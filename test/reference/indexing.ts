/** @file Gathering and scattering by index tensors. Negative indices count from the end. */
import { intAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, normalAxis, positionOf, refTensor, sameElements, sizeOf, withAxis, type RefTensor } from './tensor.js'

function normalIndex(index: number, size: number): number {
  const normal = index < 0 ? index + size : index
  if (normal < 0 || normal >= size) throw new Error(`index ${index} is outside an axis of ${size}`)
  return normal
}

/** data [a…, n, b…] and indices [i…] → [a…, i…, b…] */
const gather: Kernel = (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)]
  const axis = normalAxis(intAttribute(call.node, 'axis', 0), data.dims.length)
  const inner = axis + indices.dims.length
  return build([...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)], data.dtype, (index) => {
    const chosen = normalIndex(at(indices, index.slice(axis, inner)), data.dims[axis])
    return at(data, [...index.slice(0, axis), chosen, ...index.slice(inner)])
  })
}

const gatherElements: Kernel = (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)]
  const axis = normalAxis(intAttribute(call.node, 'axis', 0), data.dims.length)
  return build(indices.dims, data.dtype, (index) => at(data, withAxis(index, axis, normalIndex(at(indices, index), data.dims[axis]))))
}

/** The last axis of `indices` is a coordinate into the axes of `data` after the batch axes. */
const gatherND: Kernel = (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)]
  const batch = intAttribute(call.node, 'batch_dims', 0)
  const depth = indices.dims[indices.dims.length - 1]
  const outer = indices.dims.slice(0, -1)
  return build([...outer, ...data.dims.slice(batch + depth)], data.dtype, (index) => {
    const lead = index.slice(0, outer.length)
    return at(data, [...lead.slice(0, batch), ...coordinate(indices, lead, data.dims.slice(batch)), ...index.slice(outer.length)])
  })
}

function coordinate(indices: RefTensor, lead: readonly number[], dims: readonly number[]): number[] {
  return Array.from({ length: indices.dims[indices.dims.length - 1] }, (_, i) => normalIndex(at(indices, [...lead, i]), dims[i]))
}

const REDUCTIONS: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
}

/** A copy of the first input, and how an update changes one of its elements. */
function scatterInto(call: Call): { result: RefTensor; update: (index: readonly number[], value: number) => void } {
  const data = input(call, 0)
  const result = refTensor(data.dims, data.data, data.dtype)
  const combine = REDUCTIONS[stringAttribute(call.node, 'reduction', 'none')]
  const update = (index: readonly number[], value: number) => {
    const position = positionOf(result.dims, index)
    result.data[position] = combine(result.data[position], value)
  }
  return { result, update }
}

const scatterElements: Kernel = (call) => {
  const [indices, updates] = [input(call, 1), input(call, 2)]
  const { result, update } = scatterInto(call)
  const axis = normalAxis(intAttribute(call.node, 'axis', 0), result.dims.length)
  for (const index of indicesOf(indices.dims)) update(withAxis(index, axis, normalIndex(at(indices, index), result.dims[axis])), at(updates, index))
  return result
}

const scatterND: Kernel = (call) => {
  const [indices, updates] = [input(call, 1), input(call, 2)]
  const { result, update } = scatterInto(call)
  const outer = indices.dims.slice(0, -1)
  for (const index of indicesOf(updates.dims)) update([...coordinate(indices, index.slice(0, outer.length), result.dims), ...index.slice(outer.length)], at(updates, index))
  return result
}

/** A new axis of size `depth`; an index outside [−depth, depth) marks nothing. */
const oneHot: Kernel = (call) => {
  const [indices, depth, values] = [input(call, 0), input(call, 1).data[0], input(call, 2)]
  const axis = normalAxis(intAttribute(call.node, 'axis', -1), indices.dims.length + 1)
  const [off, on] = values.data
  return build([...indices.dims.slice(0, axis), depth, ...indices.dims.slice(axis)], values.dtype, (index) => {
    const marked = at(indices, index.filter((_, i) => i !== axis))
    return (marked < 0 ? marked + depth : marked) === index[axis] ? on : off
  })
}

/** data [n, …] → the slices along `axis` where the condition holds; elements of the flattened input without an axis. */
const compress: Kernel = (call) => {
  const given = intAttribute(call.node, 'axis', null)
  const x = given === null ? sameElements(input(call, 0), [sizeOf(input(call, 0).dims)]) : input(call, 0)
  const axis = normalAxis(given ?? 0, x.dims.length)
  const kept = Array.from(input(call, 1).data.keys()).filter((i) => input(call, 1).data[i] !== 0)
  return build(withAxis(x.dims, axis, kept.length), x.dtype, (index) => at(x, withAxis(index, axis, kept[index[axis]])))
}

export const indexing: Kernels = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
  Compress: compress,
}
