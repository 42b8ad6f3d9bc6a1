/** @file Operators that choose and sort elements, and cache updates. */
import { intAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, normalAxis, positionOf, refTensor, sameElements, sizeOf, withAxis, type RefTensor } from './tensor.js'

/** The k largest or smallest along an axis, in order; of equal elements those with lower indices. */
const topK: Kernel = (call) => {
  const x = input(call, 0)
  const k = call.inputs[1]?.data[0] ?? intAttribute(call.node, 'k', 1)
  const axis = normalAxis(intAttribute(call.node, 'axis', -1), x.dims.length)
  const sign = intAttribute(call.node, 'largest', 1) === 1 ? -1 : 1
  const indices = build(withAxis(x.dims, axis, k), 'int64', (index) => {
    const line = Array.from({ length: x.dims[axis] }, (_, i) => i)
    const value = (i: number) => at(x, withAxis(index, axis, i))
    return line.sort((a, b) => sign * (value(a) - value(b)) || a - b)[index[axis]]
  })
  return [build(indices.dims, x.dtype, (index) => at(x, withAxis(index, axis, at(indices, index)))), indices]
}

const lexicographic = (a: readonly number[], b: readonly number[]): number => {
  const place = a.findIndex((value, i) => value !== b[i])
  return place < 0 ? 0 : a[place] - b[place]
}

/** Different elements, or slices along an axis, in ascending order or as they come; where each first is, which of them each is, and how many. */
const unique: Kernel = (call) => {
  const axis = intAttribute(call.node, 'axis', null)
  const x = axis === null ? sameElements(input(call, 0), [sizeOf(input(call, 0).dims)]) : input(call, 0)
  const along = normalAxis(axis ?? 0, x.dims.length)
  const slices = Array.from({ length: x.dims[along] }, (): number[] => [])
  for (const index of indicesOf(x.dims)) slices[index[along]].push(at(x, index))
  const firsts = slices.flatMap((slice, i) => (slices.findIndex((other) => lexicographic(slice, other) === 0) === i ? [i] : []))
  if (intAttribute(call.node, 'sorted', 1) === 1) firsts.sort((a, b) => lexicographic(slices[a], slices[b]))
  const inverse = slices.map((slice) => firsts.findIndex((first) => lexicographic(slice, slices[first]) === 0))
  const counts = firsts.map((_, i) => inverse.filter((which) => which === i).length)
  const vector = (values: readonly number[]) => refTensor([values.length], values, 'int64')
  return [build(withAxis(x.dims, along, firsts.length), x.dtype, (index) => at(x, withAxis(index, along, firsts[index[along]]))), vector(firsts), vector(inverse), vector(counts)]
}

/** past with the update written along an axis, from each batch entry's index on; round the end in circular mode. */
const tensorScatter: Kernel = (call) => {
  const [past, update] = [input(call, 0), input(call, 1)]
  const axis = normalAxis(intAttribute(call.node, 'axis', -2), past.dims.length)
  const circular = stringAttribute(call.node, 'mode', 'linear') === 'circular'
  const result: RefTensor = refTensor(past.dims, past.data, past.dtype)
  for (const index of indicesOf(update.dims)) {
    const place = (call.inputs[2]?.data[index[0]] ?? 0) + index[axis]
    result.data[positionOf(past.dims, withAxis(index, axis, circular ? place % past.dims[axis] : place))] = at(update, index)
  }
  return result
}

export const selection: Kernels = { TopK: topK, Unique: unique, TensorScatter: tensorScatter }
