/** @file Activations beyond the common ones. */
import { floatAttribute, intAttribute } from '../../src/graph/ir.js'
import { sigmoid } from './elementwise.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { at, build, normalAxis, refTensor, sameElements, sizeOf, withAxis, type RefTensor } from './tensor.js'

const unary = (apply: (x: number, call: Call) => number): Kernel => (call) => {
  const x = input(call, 0)
  return refTensor(x.dims, x.data.map((value) => apply(value, call)), x.dtype)
}

/** tanh(log(1 + eˣ)) without overflow: with u = e^−|x|, (1 + 2u) / (1 + 2u + 2u²) above 0 and (u² + 2u) / (u² + 2u + 2) below. */
function mish(x: number): number {
  const u = Math.exp(-Math.abs(x))
  return x >= 0 ? (x * (1 + 2 * u)) / (1 + 2 * u + 2 * u * u) : (x * (u * u + 2 * u)) / (u * u + 2 * u + 2)
}

function shrink(x: number, { node }: Call): number {
  const [lambda, bias] = [floatAttribute(node, 'lambd', 0.5), floatAttribute(node, 'bias', 0)]
  return x < -lambda ? x + bias : x > lambda ? x - bias : 0
}

/** 1 at the first largest element of each line, else 0. Before opset 13 a line is everything from `axis` on. */
const hardmax: Kernel = (call) => {
  const x = input(call, 0)
  const axis = normalAxis(intAttribute(call.node, 'axis', call.opset < 13 ? 1 : -1), x.dims.length)
  if (call.opset >= 13) return firstLargest(x, axis)
  return sameElements(firstLargest(sameElements(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))]), 1), x.dims)
}

const firstLargest = (x: RefTensor, axis: number): RefTensor => build(x.dims, x.dtype, (index) => {
  const line = Array.from({ length: x.dims[axis] }, (_, i) => at(x, withAxis(index, axis, i)))
  return index[axis] === line.indexOf(Math.max(...line)) ? 1 : 0
})

export const activation: Kernels = {
  Mish: unary(mish),
  Swish: unary((x, { node }) => x * sigmoid(floatAttribute(node, 'alpha', 1) * x)),
  Shrink: unary(shrink),
  Hardmax: hardmax,
}
