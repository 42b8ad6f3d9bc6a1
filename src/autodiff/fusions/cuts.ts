/** @file Parts of values along their axes, and which part of its inputs an operator needs for a part of its output. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute, type Node } from '../../graph/ir.js'
import type { Dims, Emitter } from '../emitter.js'

/** From `start` up to `end`; negative ones count from the end, and END is the end. `length` is null where it shows only when the graph runs. */
export type Range = { readonly start: number; readonly end: number; readonly length: number | null }
/** Ranges by axis; an axis that is not there is whole. */
export type Cut = ReadonlyMap<number, Range>

export const WHOLE: Cut = new Map()
/** "To the end" for Slice. */
export const END = Number.MAX_SAFE_INTEGER

export const equalRanges = (a: Range, b: Range): boolean => a.start === b.start && a.end === b.end

/** The range along an axis of the given size; null where it is the whole axis. */
export function rangeOf(start: number, end: number, size: Dim): Range | null {
  if (typeof size !== 'number') return start === 0 && end >= END ? null : { start, end, length: null }
  const clamp = (bound: number) => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size)
  const length = Math.max(clamp(end) - clamp(start), 0)
  return length === size ? null : { start, end, length }
}

/** One element of an axis; unlike a range it must be there. */
export const element = (index: number): Range => ({ start: index, end: index === -1 ? END : index + 1, length: 1 })

/** Per input, the axis on which a range of the output's axis is read; 'whole' where the input is read whole, null where the operator does not work so. */
export type AxisMap = readonly (number | 'whole')[] | null

/** Operators that treat their elements one by one. */
const POINTWISE: ReadonlySet<string> = new Set([
  'Add', 'Sub', 'Mul', 'Div', 'Sum', 'Mean', 'Min', 'Max', 'Pow', 'Neg', 'Abs', 'Reciprocal', 'Sqrt', 'Exp', 'Log', 'Erf', 'Where', 'Clip', 'Cast', 'Identity',
  'Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Softplus', 'Elu', 'Selu', 'HardSwish', 'HardSigmoid', 'Gelu', 'Not', 'And', 'Or', 'Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual',
])
const MOVES: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'])

/** Whether the node only gives its elements another shape. */
export const isMove = (node: Node): boolean => node.domain === '' && MOVES.has(node.opType)

/** Where a range along `axis` of the node's only output comes from. */
export function axisMap(e: Emitter, node: Node, axis: number): AxisMap {
  const dims = node.inputs.map((name) => (name === '' ? [] : e.dims(name)))
  const out = e.dims(node.outputs[0])
  if (out === null || dims.some((known) => known === null) || node.domain !== '') return null
  const inputs = dims as Dims[]
  if (POINTWISE.has(node.opType)) return aligned(inputs, out, axis)
  if (MOVES.has(node.opType)) return moved(inputs[0], out, axis, node.inputs.length)
  switch (node.opType) {
    case 'LayerNormalization': return axis < positive(intAttribute(node, 'axis', -1), out.length) ? [axis, ...others(node)] : null
    case 'Softmax': case 'LogSoftmax': return axis === positive(intAttribute(node, 'axis', -1), out.length) ? null : [axis]
    case 'Transpose': return [intsAttribute(node, 'perm', out.map((_, i) => out.length - 1 - i))[axis]]
    case 'MatMul': return product(inputs, out, axis)
    case 'Gemm': return general(node, inputs, axis)
    default: return null
  }
}

const others = (node: Node) => node.inputs.slice(1).map(() => 'whole' as const)
const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** Broadcasting aligns last axes; an axis of size 1 is repeated and stays whole. */
function aligned(inputs: readonly Dims[], out: Dims, axis: number): AxisMap {
  const axes = inputs.map((dims) => {
    const own = axis - (out.length - dims.length)
    if (own < 0 || dims[own] === 1) return 'whole'
    return isSame(dims[own], out[axis]) ? own : null
  })
  return axes.includes(null) ? null : (axes as (number | 'whole')[])
}

function product([a, b]: readonly Dims[], out: Dims, axis: number): AxisMap {
  if (a.length < 2 || b.length < 2) return null
  if (axis === out.length - 2) return [a.length - 2, 'whole']
  if (axis === out.length - 1) return ['whole', b.length - 1]
  return aligned([a.slice(0, -2), b.slice(0, -2)], out.slice(0, -2), axis)
}

function general(node: Node, [a, b, c]: readonly Dims[], axis: number): AxisMap {
  const [rows, columns] = [a[intAttribute(node, 'transA', 0)], b[1 - intAttribute(node, 'transB', 0)]]
  const bias = c === undefined ? [] : aligned([c], [rows, columns], axis)
  if (bias === null) return null
  return axis === 0 ? [intAttribute(node, 'transA', 0), 'whole', ...bias] : ['whole', 1 - intAttribute(node, 'transB', 0), ...bias]
}

/** The axis of x that survives as `axis`: as large, with as much before it. */
function moved(x: Dims, out: Dims, axis: number, count: number): AxisMap {
  const before = productOf(out.slice(0, axis))
  for (let own = 0; own < x.length; own++) {
    if (before !== null && isSame(x[own], out[axis]) && productOf(x.slice(0, own)) === before && out[axis] !== 1) return [own, ...new Array<'whole'>(count - 1).fill('whole')]
  }
  return null
}

/** A product of sizes, symbols included, in a form that compares equal where the products are; null where a size is not known. */
function productOf(dims: Dims): string | null {
  if (dims.includes(null)) return null
  const numbers = dims.filter((dim) => typeof dim === 'number').reduce((all, dim) => all * dim, 1)
  return [numbers, ...dims.filter((dim) => typeof dim === 'string').sort()].join('*')
}

const isSame = (a: Dim | undefined, b: Dim | undefined): boolean => a != null && a === b
