/** @file Operators that work element by element, with broadcasting. */
import type { DType } from '../../src/contracts/tensor.js'
import { floatAttribute, intAttribute, stringAttribute } from '../../src/graph/ir.js'
import { broadcastDims } from '../../src/tensor/broadcast.js'
import { input, isFloatType, type Call, type Kernel, type Kernels } from './kernel.js'
import { erf } from './erf.js'
import { atBroadcast, build, refTensor, type RefTensor } from './tensor.js'

type Unary = (x: number, call: Call) => number
type Binary = (x: number, y: number, dtype: DType, call: Call) => number

const unary = (apply: Unary, dtype?: DType): Kernel => (call) => {
  const x = input(call, 0)
  return refTensor(x.dims, x.data.map((value) => apply(value, call)), dtype ?? x.dtype)
}

function broadcasted(tensors: readonly RefTensor[], dtype: DType, combine: (values: readonly number[]) => number): RefTensor {
  const dims = tensors.map((tensor) => tensor.dims).reduce((a, b) => {
    const common = broadcastDims(a, b)
    if (common === null) throw new Error(`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`)
    return common
  })
  return build(dims, dtype, (index) => combine(tensors.map((tensor) => atBroadcast(tensor, index))))
}

const binary = (apply: Binary, dtype?: DType): Kernel => (call) => {
  const [a, b] = [input(call, 0), input(call, 1)]
  return broadcasted([a, b], dtype ?? a.dtype, ([x, y]) => apply(x, y, a.dtype, call))
}

const variadic = (combine: (values: readonly number[]) => number): Kernel => (call) => broadcasted(call.inputs.map((_, i) => input(call, i)), input(call, 0).dtype, combine)

const bool = (value: boolean): number => (value ? 1 : 0)
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const attribute = (call: Call, name: string, otherwise: number): number => floatAttribute(call.node, name, otherwise)

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
}
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

function divide(x: number, y: number, dtype: DType): number {
  return isFloatType(dtype) ? x / y : Math.trunc(x / y)
}

/** fmod = 1 keeps the sign of the dividend, as C does; fmod = 0 that of the divisor, as Python does. */
function modulo(x: number, y: number, _: DType, call: Call): number {
  const rest = x % y
  if (intAttribute(call.node, 'fmod', 0) === 1 || rest === 0 || rest < 0 === y < 0) return rest
  return rest + y
}

function gelu(x: number, call: Call): number {
  if (stringAttribute(call.node, 'approximate', 'none') === 'none') return 0.5 * x * (1 + erf(x / Math.SQRT2))
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
}

/** min and max are attributes before opset 11. Where min > max the result is max. */
const clip: Kernel = (call) => {
  const low = call.inputs[1]?.data[0] ?? attribute(call, 'min', -Infinity)
  const high = call.inputs[2]?.data[0] ?? attribute(call, 'max', Infinity)
  return unary((x) => (Number.isNaN(x) ? x : Math.min(Math.max(x, low), high)))(call)
}

const where: Kernel = (call) => broadcasted([input(call, 0), input(call, 1), input(call, 2)], input(call, 1).dtype, ([condition, x, y]) => (condition ? x : y))

/** The second result, the mask, keeps everything: only inference is interpreted. */
const dropout: Kernel = (call) => {
  if (call.inputs[2]?.data[0]) throw new Error('Dropout in training mode is random: not interpreted')
  const x = input(call, 0)
  return [x, build(x.dims, 'bool', () => 1)]
}

export const elementwise: Kernels = {
  Add: binary((x, y) => x + y),
  Sub: binary((x, y) => x - y),
  Mul: binary((x, y) => x * y),
  Div: binary(divide),
  Mod: binary(modulo),
  // JavaScript alone says 1 ** NaN and 1 ** Infinity are NaN; C, NumPy and IEEE 754 say 1.
  Pow: binary((x, y, dtype) => (x === 1 ? 1 : isFloatType(dtype) ? x ** y : Math.trunc(x ** y))),
  PRelu: binary((x, slope) => (x < 0 ? slope * x : x)),

  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Asinh: unary(Math.asinh),
  Acosh: unary(Math.acosh),
  Atanh: unary(Math.atanh),
  Erf: unary(erf),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Reciprocal: unary((x) => 1 / x),
  IsNaN: unary((x) => bool(Number.isNaN(x)), 'bool'),
  IsInf: unary((x, call) => bool((x === Infinity && intAttribute(call.node, 'detect_positive', 1) === 1) || (x === -Infinity && intAttribute(call.node, 'detect_negative', 1) === 1)), 'bool'),

  Relu: unary((x) => (x < 0 ? 0 : x)),
  LeakyRelu: unary((x, call) => (x < 0 ? attribute(call, 'alpha', 0.01) * x : x)),
  ThresholdedRelu: unary((x, call) => (x > attribute(call, 'alpha', 1) ? x : 0)),
  Elu: unary((x, call) => (x < 0 ? attribute(call, 'alpha', 1) * Math.expm1(x) : x)),
  Celu: unary((x, call) => Math.max(0, x) + Math.min(0, attribute(call, 'alpha', 1) * Math.expm1(x / attribute(call, 'alpha', 1)))),
  Selu: unary((x, call) => attribute(call, 'gamma', 1.05070102214813232421875) * (x > 0 ? x : attribute(call, 'alpha', 1.67326319217681884765625) * Math.expm1(x))),
  Sigmoid: unary(sigmoid),
  HardSigmoid: unary((x, call) => Math.max(0, Math.min(1, attribute(call, 'alpha', 0.2) * x + attribute(call, 'beta', 0.5)))),
  HardSwish: unary((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  Tanh: unary(Math.tanh),
  Softplus: unary(softplus),
  Softsign: unary((x) => x / (1 + Math.abs(x))),
  Gelu: unary(gelu),

  Sum: variadic(sum),
  Mean: variadic((values) => sum(values) / values.length),
  Min: variadic((values) => Math.min(...values)),
  Max: variadic((values) => Math.max(...values)),

  Equal: binary((x, y) => bool(x === y), 'bool'),
  Greater: binary((x, y) => bool(x > y), 'bool'),
  GreaterOrEqual: binary((x, y) => bool(x >= y), 'bool'),
  Less: binary((x, y) => bool(x < y), 'bool'),
  LessOrEqual: binary((x, y) => bool(x <= y), 'bool'),
  And: binary((x, y) => x & y),
  Or: binary((x, y) => x | y),
  Xor: binary((x, y) => x ^ y),
  Not: unary((x) => 1 - x),

  Clip: clip,
  Where: where,
  Dropout: dropout,
  Identity: (call) => input(call, 0),
}
