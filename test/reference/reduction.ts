/** @file Reductions over axes. */
import { intAttribute } from '../../src/graph/ir.js'
import { input, integers, type Call, type Kernel, type Kernels } from './kernel.js'
import { logSumExp } from './normalization.js'
import { at, build, indicesOf, normalAxis, refTensor, sameElements, withAxis, type RefTensor } from './tensor.js'

/** No axes means all of them, or none with noop_with_empty_axes. */
function reducedAxes(call: Call, rank: number): readonly number[] {
  const axes = (integers(call, 1, 'axes') ?? []).map((axis) => normalAxis(axis, rank))
  if (axes.length > 0 || intAttribute(call.node, 'noop_with_empty_axes', 0) === 1) return axes
  return Array.from({ length: rank }, (_, axis) => axis)
}

const reduce = (combine: (values: readonly number[]) => number): Kernel => (call) => {
  const x = input(call, 0)
  const axes = reducedAxes(call, x.dims.length)
  const kept = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
  const window = x.dims.map((dim, axis) => (axes.includes(axis) ? dim : 1))
  const reduced = build(kept, x.dtype, (index) => combine(Array.from(indicesOf(window), (tap) => at(x, index.map((value, axis) => value + tap[axis])))))
  return intAttribute(call.node, 'keepdims', 1) === 1 ? reduced : sameElements(reduced, x.dims.filter((_, axis) => !axes.includes(axis)))
}

const argOf = (better: (a: number, b: number) => boolean): Kernel => (call) => {
  const x = input(call, 0)
  const axis = normalAxis(intAttribute(call.node, 'axis', 0), x.dims.length)
  const last = intAttribute(call.node, 'select_last_index', 0) === 1
  const kept = withAxis(x.dims, axis, 1)
  const found = build(kept, 'int64', (index) => {
    let best = 0
    for (let i = 1; i < x.dims[axis]; i++) {
      const [candidate, holder] = [at(x, withAxis(index, axis, i)), at(x, withAxis(index, axis, best))]
      if (better(candidate, holder) || (last && candidate === holder)) best = i
    }
    return best
  })
  return intAttribute(call.node, 'keepdims', 1) === 1 ? found : sameElements(found, x.dims.filter((_, i) => i !== axis))
}

const cumSum: Kernel = (call) => {
  const x = input(call, 0)
  const axis = normalAxis(input(call, 1).data[0], x.dims.length)
  const exclusive = intAttribute(call.node, 'exclusive', 0) === 1
  const reverse = intAttribute(call.node, 'reverse', 0) === 1
  return build(x.dims, x.dtype, (index) => {
    const here = index[axis]
    let total = 0
    for (let i = 0; i < x.dims[axis]; i++) if ((reverse ? i > here : i < here) || (i === here && !exclusive)) total += at(x, withAxis(index, axis, i))
    return total
  })
}

/** One row of coordinates per axis: [rank, n]. */
const nonZero: Kernel = (call) => {
  const x: RefTensor = input(call, 0)
  const found = Array.from(indicesOf(x.dims), (index) => [...index]).filter((index) => at(x, index) !== 0)
  return refTensor([x.dims.length, found.length], x.dims.flatMap((_, axis) => found.map((index) => index[axis])), 'int64')
}

/** The largest and the smallest of nothing are the ends of the element type's range, of which bool has its own. */
const extreme = (choose: (...values: number[]) => number): Kernel => (call) => {
  const reduced = reduce((values) => choose(...values))(call) as RefTensor
  return input(call, 0).dtype === 'bool' ? refTensor(reduced.dims, reduced.data.map((value) => Math.max(0, Math.min(1, value))), 'bool') : reduced
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const squares = (values: readonly number[]): number[] => values.map((value) => value * value)

export const reduction: Kernels = {
  ReduceSum: reduce(sum),
  ReduceMean: reduce((values) => sum(values) / values.length),
  ReduceMax: extreme(Math.max),
  ReduceMin: extreme(Math.min),
  ReduceProd: reduce((values) => values.reduce((product, value) => product * value, 1)),
  ReduceL1: reduce((values) => sum(values.map(Math.abs))),
  ReduceL2: reduce((values) => Math.sqrt(sum(squares(values)))),
  ReduceSumSquare: reduce((values) => sum(squares(values))),
  ReduceLogSum: reduce((values) => Math.log(sum(values))),
  ReduceLogSumExp: reduce(logSumExp),
  ArgMax: argOf((a, b) => a > b),
  ArgMin: argOf((a, b) => a < b),
  CumSum: cumSum,
  NonZero: nonZero,
}
