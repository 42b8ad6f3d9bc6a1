/** @file Shape rules of operators that work element by element. */
import type { Dim } from '../../contracts/model.js'
import type { DType } from '../../contracts/tensor.js'
import { intAttribute } from '../ir.js'
import { dtypeOfNumber } from '../codec/data-types.js'
import { broadcast } from './dims.js'
import { known, UNKNOWN, type Application, type Known, type Rule } from './known.js'

/** Output like the first input; further outputs are unknown. */
const same: Rule = ({ input }) => [known(input(0).dtype, input(0).dims)]

const sameWithValues = (change: (value: Dim) => Dim): Rule => ({ input }) => [known(input(0).dtype, input(0).dims, input(0).values?.map(change) ?? null)]
const onNumbers = (change: (value: number) => number) => (value: Dim): Dim => (typeof value === 'number' ? change(value) : null)

type Combine = (a: Dim, b: Dim, dtype: DType | null) => Dim

const arithmetic = (combine?: Combine): Rule => (application) => {
  const dtype = application.inputs.find((input) => input.dtype !== null)?.dtype ?? null
  const values = combine ? combineValues(application, (a, b) => combine(a, b, dtype)) : null
  return [known(dtype, broadcast(application.inputs.map(({ dims }) => dims)), values)]
}

const comparison = (combine?: Combine): Rule => (application) =>
  [known('bool', broadcast(application.inputs.map(({ dims }) => dims)), combine ? combineValues(application, (a, b) => combine(a, b, null)) : null)]

/** Element by element over scalars and vectors; null as soon as an input's values are unknown. */
function combineValues({ inputs }: Application, combine: (a: Dim, b: Dim) => Dim): Dim[] | null {
  return inputs.map(({ values }) => values).reduce<readonly Dim[] | null>((left, right, index) => (index === 0 ? right : left && right && zip(left, right, combine)), null) as Dim[] | null
}

function zip(a: readonly Dim[], b: readonly Dim[], combine: (a: Dim, b: Dim) => Dim): Dim[] | null {
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return null
  const length = a.length === 1 ? b.length : a.length
  return Array.from({ length }, (_, i) => combine(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]))
}

const numeric = (combine: (a: number, b: number) => number): Combine => (a, b) => (typeof a === 'number' && typeof b === 'number' ? combine(a, b) : null)
const add: Combine = (a, b) => (a === 0 ? b : b === 0 ? a : numeric((x, y) => x + y)(a, b, null))
const subtract: Combine = (a, b) => (b === 0 ? a : a !== null && a === b ? 0 : numeric((x, y) => x - y)(a, b, null))
const multiplyValues: Combine = (a, b) => (a === 1 ? b : b === 1 ? a : a === 0 || b === 0 ? 0 : numeric((x, y) => x * y)(a, b, null))
const divideValues: Combine = (a, b, dtype) => {
  if (b === 1) return a
  if (typeof a !== 'number' || typeof b !== 'number' || b === 0) return null
  return dtype === 'float32' || dtype === 'float64' ? a / b : Math.trunc(a / b)
}
/** A symbol is a size, so it never equals a negative number: exporters compare shapes with −1. */
const equal: Combine = (a, b) => {
  if (a === null || b === null) return null
  if (a === b) return 1
  if (typeof a === 'number' && typeof b === 'number') return 0
  return (typeof a === 'number' && a < 0) || (typeof b === 'number' && b < 0) ? 0 : null
}

const where: Rule = ({ inputs }) => {
  const [condition, yes, no] = [inputs[0] ?? UNKNOWN, inputs[1] ?? UNKNOWN, inputs[2] ?? UNKNOWN]
  const branch = yes.values && no.values && condition.values
    ? Array.from({ length: Math.max(yes.values.length, no.values.length, condition.values.length) }, (_, i) => choose(pick(condition, i), pick(yes, i), pick(no, i)))
    : null
  return [known(yes.dtype ?? no.dtype, broadcast([condition.dims, yes.dims, no.dims]), branch)]
}
const pick = ({ values }: Known, i: number): Dim => (values === null ? null : values.length === 1 ? values[0] : values[i] ?? null)
const choose = (condition: Dim, yes: Dim, no: Dim): Dim => (condition === 1 ? yes : condition === 0 ? no : yes === no ? yes : null)

const cast: Rule = ({ node, input }) => {
  const dtype = dtypeOfNumber(intAttribute(node, 'to', 0))
  return [known(dtype, input(0).dims, castValues(input(0), dtype))]
}
const castLike: Rule = ({ input }) => [known(input(1).dtype, input(0).dims, castValues(input(0), input(1).dtype))]
function castValues({ values }: Known, dtype: DType | null): Dim[] | null {
  if (values === null || dtype === null) return null
  if (dtype === 'bool') return values.map(onNumbers((value) => (value === 0 ? 0 : 1)))
  return values.map((value) => (typeof value === 'number' && (dtype === 'int64' || dtype === 'int32') ? Math.trunc(value) : value))
}

const dropout: Rule = ({ input, node }) => [known(input(0).dtype, input(0).dims), ...(node.outputs.length > 1 ? [known('bool', input(0).dims)] : [])]
const boolean: Rule = ({ input }) => [known('bool', input(0).dims)]
const quantize: Rule = ({ node, input, has }) => [known(dtypeOfNumber(intAttribute(node, 'output_dtype', 0)) ?? (has(2) ? input(2).dtype : 'uint8'), input(0).dims)]
const dequantize: Rule = ({ node, input }) => [known(dtypeOfNumber(intAttribute(node, 'output_dtype', 0)) ?? input(1).dtype, input(0).dims)]
const dynamicQuantize: Rule = ({ input }) => [known('uint8', input(0).dims), known('float32', []), known('uint8', [])]

const SAME = [
  'Sqrt', 'Exp', 'Log', 'Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Erf', 'Sign', 'Softmax', 'LogSoftmax', 'Hardmax', 'Clip', 'HardSigmoid', 'HardSwish', 'Gelu', 'Elu', 'Selu', 'Celu', 'Mish',
  'Softplus', 'Softsign', 'ThresholdedRelu', 'Swish', 'Round', 'Reciprocal', 'Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh', 'Shrink', 'CumSum', 'Trilu',
  'LpNormalization', 'InstanceNormalization', 'GroupNormalization', 'MeanVarianceNormalization', 'LRN', 'ReverseSequence', 'BitwiseNot', 'PRelu', 'RMSNormalization', 'RotaryEmbedding', 'CumProd',
]

export const elementwise: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(SAME.map((op) => [op, same])),
  Identity: ({ input }) => [input(0)],
  Neg: sameWithValues(onNumbers((value) => -value)),
  Abs: sameWithValues((value) => (typeof value === 'number' ? Math.abs(value) : value)),
  Floor: sameWithValues((value) => (typeof value === 'number' ? Math.floor(value) : value)),
  Ceil: sameWithValues((value) => (typeof value === 'number' ? Math.ceil(value) : value)),
  Add: arithmetic(add), Sub: arithmetic(subtract), Mul: arithmetic(multiplyValues), Div: arithmetic(divideValues),
  Min: arithmetic(numeric(Math.min)), Max: arithmetic(numeric(Math.max)), Mod: arithmetic(),
  // The exponent may have a type of its own; the base's type is the result's.
  Pow: ({ input }) => [known(input(0).dtype, broadcast([input(0).dims, input(1).dims]))],
  Sum: arithmetic(), Mean: arithmetic(), BitwiseAnd: arithmetic(), BitwiseOr: arithmetic(), BitwiseXor: arithmetic(), BitShift: arithmetic(),
  Equal: comparison(equal), Greater: comparison(), Less: comparison(), GreaterOrEqual: comparison(), LessOrEqual: comparison(), And: comparison(), Or: comparison(), Xor: comparison(),
  Not: boolean, IsNaN: boolean, IsInf: boolean,
  Where: where, Cast: cast, CastLike: castLike, Dropout: dropout, QuantizeLinear: quantize, DequantizeLinear: dequantize, DynamicQuantizeLinear: dynamicQuantize,
}
