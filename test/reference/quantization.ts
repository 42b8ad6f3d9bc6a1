/** @file Rounding to integers of a type and back, and products of such integers. */
import type { DType } from '../../src/contracts/tensor.js'
import { intAttribute } from '../../src/graph/ir.js'
import { convolution } from './convolution.js'
import { dataType, input, type Call, type Kernel, type Kernels } from './kernel.js'
import { matmul } from './matmul.js'
import { at, build, normalAxis, refTensor, scalar, type Index, type RefTensor } from './tensor.js'

const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535], int4: [-8, 7], uint4: [0, 15], int2: [-2, 1], uint2: [0, 3],
}

/** To the nearest whole number, halves to the even one. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
}

/** The element of a scale or zero point that belongs to an element of x: one for all, one for each slice along `axis`, or one for each block along it. */
function parameterAt(parameter: RefTensor | undefined, index: Index, axis: number, block: number): number {
  if (parameter === undefined) return 0
  if (parameter.data.length === 1) return parameter.data[0]
  if (parameter.dims.length === 1) return parameter.data[index[axis]]
  return at(parameter, index.map((value, i) => (i === axis ? Math.floor(value / block) : value)))
}

const axisOf = (call: Call, x: RefTensor): number => {
  const axis = intAttribute(call.node, 'axis', 1)
  return axis < x.dims.length ? normalAxis(axis, Math.max(1, x.dims.length)) : 0
}

function saturate(value: number, dtype: DType): number {
  const range = RANGES[dtype]
  if (range === undefined) throw new Error(`there is no grid of ${dtype}`)
  return Math.min(Math.max(value, range[0]), range[1])
}

const quantizeLinear: Kernel = (call) => {
  const [x, scale, zero] = [input(call, 0), input(call, 1), call.inputs[2]]
  const [axis, block] = [axisOf(call, x), intAttribute(call.node, 'block_size', 0)]
  const stated = intAttribute(call.node, 'output_dtype', 0)
  const dtype = zero?.dtype ?? (stated === 0 ? 'uint8' : dataType(stated))
  return build(x.dims, dtype, (index) => saturate(roundHalfEven(at(x, index) / parameterAt(scale, index, axis, block)) + parameterAt(zero, index, axis, block), dtype))
}

const dequantizeLinear: Kernel = (call) => {
  const [q, scale, zero] = [input(call, 0), input(call, 1), call.inputs[2]]
  const [axis, block] = [axisOf(call, q), intAttribute(call.node, 'block_size', 0)]
  const stated = intAttribute(call.node, 'output_dtype', 0)
  return build(q.dims, stated === 0 ? scale.dtype : dataType(stated), (index) => (at(q, index) - parameterAt(zero, index, axis, block)) * parameterAt(scale, index, axis, block))
}

/** A grid of 256 steps from the smallest to the largest element, 0 included. Which step is nearest is decided in float32. */
const dynamicQuantizeLinear: Kernel = (call) => {
  const x = input(call, 0)
  const [low, high] = [Math.min(0, ...x.data), Math.max(0, ...x.data)]
  const scale = Math.fround(Math.fround(high - low) / 255)
  const zero = roundHalfEven(saturate(Math.fround(-low / scale), 'uint8'))
  return [build(x.dims, 'uint8', (index) => saturate(roundHalfEven(Math.fround(at(x, index) / scale)) + zero, 'uint8')), scalar(scale, 'float32'), scalar(zero, 'uint8')]
}

/** value − zero point, of which there may be one for each slice along an axis. */
function centred(value: RefTensor, zero: RefTensor | undefined, axis: number): RefTensor {
  return build(value.dims, 'float32', (index) => at(value, index) - parameterAt(zero, index, normalAxis(axis, value.dims.length), 0))
}

const asType = (tensor: RefTensor, dtype: DType): RefTensor => refTensor(tensor.dims, tensor.data, dtype)
const conv = (call: Call, x: RefTensor, w: RefTensor, bias?: RefTensor) => convolution.Conv({ ...call, inputs: [x, w, bias] }) as RefTensor
const product = (call: Call, a: RefTensor, b: RefTensor) => matmul.MatMul({ ...call, inputs: [a, b] }) as RefTensor

const convInteger: Kernel = (call) => asType(conv(call, centred(input(call, 0), call.inputs[2], 0), centred(input(call, 1), call.inputs[3], 0)), 'int32')
const matMulInteger: Kernel = (call) => asType(product(call, centred(input(call, 0), call.inputs[2], -2), centred(input(call, 1), call.inputs[3], -1)), 'int32')

/** Sums of whole numbers, scaled and rounded to the output's grid. */
function requantized(call: Call, sums: RefTensor, scaleAt: (index: Index) => number): RefTensor {
  const [scale, zero] = [input(call, 6).data[0], input(call, 7)]
  return build(sums.dims, zero.dtype, (index) => saturate(roundHalfEven((at(sums, index) * scaleAt(index)) / scale) + zero.data[0], zero.dtype))
}

const qLinearConv: Kernel = (call) => {
  const sums = conv(call, centred(input(call, 0), call.inputs[2], 0), centred(input(call, 3), call.inputs[5], 0), call.inputs[8])
  return requantized(call, sums, (index) => input(call, 1).data[0] * parameterAt(input(call, 4), index, 1, 0))
}

const qLinearMatMul: Kernel = (call) => {
  const sums = product(call, centred(input(call, 0), call.inputs[2], -2), centred(input(call, 3), call.inputs[5], -1))
  return requantized(call, sums, (index) => parameterAt(input(call, 1), index, sums.dims.length - 2, 0) * parameterAt(input(call, 4), index, sums.dims.length - 1, 0))
}

export const quantization: Kernels = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  ConvInteger: convInteger,
  MatMulInteger: matMulInteger,
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinearMatMul,
}
