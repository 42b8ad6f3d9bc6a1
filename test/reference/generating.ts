/** @file Operators that make tensors, and casts. */
import type { DType } from '../../src/contracts/tensor.js'
import { intAttribute, intsAttribute, isExternal, tensorAttribute } from '../../src/graph/ir.js'
import { dataType, input, isFloatType, type Kernel, type Kernels } from './kernel.js'
import { build, fromTensor, int64Vector, refTensor, scalar, type RefTensor } from './tensor.js'

const constant: Kernel = ({ node }) => {
  const value = tensorAttribute(node, 'value')
  if (value !== null) {
    if (isExternal(value)) throw new Error('Constant with external data')
    return fromTensor(value)
  }
  const single = node.attributes.get('value_float')
  if (single?.type === 'float') return scalar(single.value, 'float32')
  const whole = intAttribute(node, 'value_int', null)
  if (whole !== null) return scalar(whole, 'int64')
  const list = node.attributes.get('value_floats')
  if (list?.type === 'floats') return refTensor([list.value.length], list.value, 'float32')
  return int64Vector(intsAttribute(node, 'value_ints', []))
}

const constantOfShape: Kernel = (call) => {
  const given = tensorAttribute(call.node, 'value')
  const value = given === null ? scalar(0, 'float32') : isExternal(given) ? null : fromTensor(given)
  if (value === null) throw new Error('ConstantOfShape with external data')
  return build(Array.from(input(call, 0).data), value.dtype, () => value.data[0])
}

const range: Kernel = (call) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => input(call, i).data[0])
  return build([Math.max(0, Math.ceil((limit - start) / delta))], input(call, 0).dtype, ([i]) => start + i * delta)
}

const eyeLike: Kernel = (call) => {
  const like = input(call, 0)
  const code = intAttribute(call.node, 'dtype', null)
  const diagonal = intAttribute(call.node, 'k', 0)
  return build(like.dims, code === null ? like.dtype : dataType(code), ([row, column]) => (column - row === diagonal ? 1 : 0))
}

const INTEGER_BITS: Readonly<Partial<Record<DType, number>>> = { int8: 8, int16: 16, int32: 32, uint8: 8, uint16: 16, uint32: 32 }

/** Floats go to integers by dropping the fraction; too large a number keeps its low bits. Anything but zero is true. */
function cast(x: RefTensor, dtype: DType): RefTensor {
  if (dtype === 'bool') return refTensor(x.dims, x.data.map((value) => (value === 0 ? 0 : 1)), dtype)
  if (isFloatType(dtype)) return refTensor(x.dims, x.data, dtype)
  const range = 2 ** (INTEGER_BITS[dtype] ?? 64)
  return refTensor(x.dims, x.data.map((value) => {
    const low = ((Math.trunc(value) % range) + range) % range
    return INTEGER_BITS[dtype] === undefined ? Math.trunc(value) : dtype.startsWith('int') && low >= range / 2 ? low - range : low
  }), dtype)
}

export const generating: Kernels = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  Cast: (call) => cast(input(call, 0), dataType(intAttribute(call.node, 'to', 0))),
  CastLike: (call) => cast(input(call, 0), input(call, 1).dtype),
}
