/** @file Shape rules of operators that look elements up or write them in place. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute } from '../ir.js'
import { known, normalizeAxis, numbersOf, type Rule } from './known.js'

const gather: Rule = ({ node, input }) => {
  const [data, indices] = [input(0), input(1)]
  if (data.dims === null || indices.dims === null) return [known(data.dtype, null)]
  const axis = normalizeAxis(intAttribute(node, 'axis', 0), data.dims.length)
  if (axis === null) return [known(data.dtype, null)]
  const positions = numbersOf(indices)
  const values = data.values && positions && data.dims.length === 1 ? positions.map((at) => data.values?.at(at) ?? null) : null
  return [known(data.dtype, [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)], values)]
}

const gatherElements: Rule = ({ input }) => [known(input(0).dtype, input(1).dims)]

const gatherND: Rule = ({ node, input }) => {
  const [data, indices] = [input(0).dims, input(1).dims]
  const depth = indices?.at(-1)
  if (!data || !indices || typeof depth !== 'number') return [known(input(0).dtype, null)]
  return [known(input(0).dtype, [...indices.slice(0, -1), ...data.slice(intAttribute(node, 'batch_dims', 0) + depth)])]
}

const likeData: Rule = ({ input }) => [known(input(0).dtype, input(0).dims)]

const oneHot: Rule = ({ node, input }) => {
  const { dims } = input(0)
  const dtype = input(2).dtype
  if (dims === null) return [known(dtype, null)]
  const axis = normalizeAxis(intAttribute(node, 'axis', -1), dims.length + 1)
  const depth: Dim = input(1).values?.[0] ?? null
  return [known(dtype, axis === null ? null : [...dims.slice(0, axis), depth, ...dims.slice(axis)])]
}

const nonZero: Rule = ({ input }) => [known('int64', [input(0).dims?.length ?? null, null])]

const topK: Rule = ({ node, input, opset }) => {
  const { dims, dtype } = input(0)
  const axis = dims && normalizeAxis(intAttribute(node, 'axis', -1), dims.length)
  const count: Dim = opset < 10 ? intAttribute(node, 'k', null) : input(1).values?.[0] ?? null
  const sizes = dims && axis !== null ? dims.map((size, at) => (at === axis ? count : size)) : null
  return [known(dtype, sizes), known('int64', sizes)]
}

const compress: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const axis = intAttribute(node, 'axis', null)
  if (axis === null) return [known(dtype, [null])]
  const at = dims && normalizeAxis(axis, dims.length)
  return [known(dtype, dims && at !== null ? dims.map((size, i) => (i === at ? null : size)) : null)]
}

const unique: Rule = ({ node, input }) => {
  const axis = intAttribute(node, 'axis', null)
  const { dims, dtype } = input(0)
  const at = axis === null || dims === null ? null : normalizeAxis(axis, dims.length)
  const sizes = axis === null ? [null] : dims && at !== null ? dims.map((size, i) => (i === at ? null : size)) : null
  return [known(dtype, sizes), ...node.outputs.slice(1).map(() => known('int64', [null]))]
}

export const indexing: Readonly<Record<string, Rule>> = {
  Gather: gather, GatherElements: gatherElements, GatherND: gatherND, Scatter: likeData, ScatterElements: likeData, ScatterND: likeData, TensorScatter: likeData,
  OneHot: oneHot, NonZero: nonZero, TopK: topK, Compress: compress, Unique: unique,
}
