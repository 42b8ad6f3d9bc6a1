/**
 * @file Operators that compute with quantised values, written with DequantizeLinear and QuantizeLinear around the float operator. Integers are
 * multiplied as whole numbers in floats and scaled afterwards, which is exact up to 2^24, like the integer kernels are.
 */
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { Lowering, LoweringTable } from './lowering.js'

/** Positions of a quantised tensor, its scale and its zero point among the inputs. */
type Triple = readonly [value: number, scale: number, zeroPoint: number]

const attributesOf = (c: NodeContext, ...without: string[]) => Object.fromEntries([...c.node.attributes].filter(([name]) => !without.includes(name)))

function dequantized(c: NodeContext, [value, scale, zeroPoint]: Triple): string {
  return c.emit('DequantizeLinear', [c.input(value), c.input(scale), ...(c.hasInput(zeroPoint) ? [c.input(zeroPoint)] : [])])
}

function quantized(c: NodeContext, value: string, scale: number, zeroPoint: number): string {
  return c.emit('QuantizeLinear', [value, c.input(scale), ...(c.hasInput(zeroPoint) ? [c.input(zeroPoint)] : [])])
}

/** value − zero point, whole numbers in floats. A vector of zero points lies along `axis`. */
function centred(c: NodeContext, value: string, zeroPoint: string, axis: number): string {
  const e = c.emitter
  const one = zeroPoint === '' || e.rank(zeroPoint) === 0 ? e.constant(1, 'float32') : e.filled(1, e.shapeOf(zeroPoint), 'float32')
  return c.emit('DequantizeLinear', zeroPoint === '' ? [value, one] : [value, one, zeroPoint], { axis })
}

/** Several scales, one for each slice along an axis, as a column that broadcasts over `after` further axes. */
function column(c: NodeContext, scale: string, after: number): string {
  const dims = c.dims(scale)
  if (after === 0 || dims?.length !== 1 || dims[0] === 1) return scale
  return c.emit('Unsqueeze', [scale, c.emitter.ints(Array.from({ length: after }, (_, i) => i + 1))])
}

function convolution(c: NodeContext): readonly string[] {
  const e = c.emitter
  const bias = c.hasInput(8) ? [e.cast(c.input(8), 'float32')] : []
  const sums = c.emit('Conv', [centred(c, c.x, c.input(2), 1), centred(c, c.input(3), c.input(5), 0), ...bias], attributesOf(c))
  const scale = e.mul(c.input(1), column(c, c.input(4), c.rank(c.input(3)) - 2))
  return [quantized(c, e.mul(sums, scale), 6, 7)]
}

/** A·B in floats, scaled; the scales and zero points of rows of A and of columns of B may differ. */
function product(c: NodeContext, a: string, b: string, scales: readonly [string, string], zeroPoints: readonly [string, string]): string {
  const e = c.emitter
  const sums = c.emit('MatMul', [centred(c, a, zeroPoints[0], -2), centred(c, b, zeroPoints[1], -1)])
  return e.mul(sums, e.mul(column(c, scales[0], 1), scales[1]))
}

function gemm(c: NodeContext): readonly string[] {
  const e = c.emitter
  const attributes = attributesOf(c, 'alpha')
  const transB = intAttribute(c.node, 'transB', 0)
  const bias = c.hasInput(6) ? [e.cast(c.input(6), 'float32')] : []
  const sums = c.emit('Gemm', [centred(c, c.x, c.input(2), 1), centred(c, c.input(3), c.input(5), 1 - transB), ...bias], attributes)
  const alpha = floatAttribute(c.node, 'alpha', 1)
  const scale = e.mul(c.input(1), c.input(4))
  const y = e.mul(sums, alpha === 1 ? scale : e.mul(scale, e.constant(alpha, 'float32')))
  return [c.hasInput(7) ? quantized(c, y, 7, 8) : y]
}

const withBias = (c: NodeContext, y: string, bias: number): readonly string[] => [c.hasInput(bias) ? c.emitter.add(y, c.input(bias)) : y]

/** Dequantise, apply, quantise. */
const binary = (opType: string): Lowering => (c) => [quantized(c, c.emit(opType, [dequantized(c, [0, 1, 2]), dequantized(c, [3, 4, 5])]), 6, 7)]
const unary = (opType: string): Lowering => (c) => {
  if (intAttribute(c.node, 'channels_last', 0) === 1) throw c.refuse('its channels come last, which only runtimes write. Give the model as it was exported.')
  return [quantized(c, c.emit(opType, [dequantized(c, [0, 1, 2])], attributesOf(c, 'channels_last', 'opset')), 3, 4)]
}

function concat(c: NodeContext): readonly string[] {
  const parts = Array.from({ length: (c.node.inputs.length - 2) / 3 }, (_, i) => dequantized(c, [2 + 3 * i, 3 + 3 * i, 4 + 3 * i]))
  return [quantized(c, c.emit('Concat', parts, attributesOf(c)), 0, 1)]
}

export const quantizedOperators = {
  /** Conv of the whole numbers, scaled and quantised */
  QLinearConv: convolution,
  /** MatMul of the whole numbers, scaled and quantised */
  QLinearMatMul: (c) => [quantized(c, product(c, c.x, c.input(3), [c.input(1), c.input(4)], [c.input(2), c.input(5)]), 6, 7)],
} satisfies LoweringTable

/** Those of com.microsoft. */
export const microsoftQuantized = {
  /** Add of the dequantised values, quantised */
  QLinearAdd: binary('Add'),
  /** Mul of the dequantised values, quantised */
  QLinearMul: binary('Mul'),
  /** AveragePool of the dequantised values, quantised */
  QLinearAveragePool: unary('AveragePool'),
  /** GlobalAveragePool of the dequantised values, quantised */
  QLinearGlobalAveragePool: unary('GlobalAveragePool'),
  /** Sigmoid of the dequantised values, quantised */
  QLinearSigmoid: unary('Sigmoid'),
  /** LeakyRelu of the dequantised values, quantised */
  QLinearLeakyRelu: unary('LeakyRelu'),
  /** Softmax of the dequantised values, quantised */
  QLinearSoftmax: (c) => {
    const axis = intAttribute(c.node, 'axis', -1)
    if (intAttribute(c.node, 'opset', 13) < 13 && axis !== -1 && axis !== c.rank(c.x) - 1) throw c.refuse('it flattens its input like opsets before 13. Export the model with opset 13 or newer.')
    return unary('Softmax')(c)
  },
  /** Concat of the dequantised values, quantised */
  QLinearConcat: concat,
  /** Gemm of the whole numbers, scaled, and quantised where an output scale is given */
  QGemm: gemm,
  /** MatMul of the whole numbers, scaled */
  MatMulIntegerToFloat: (c) => withBias(c, product(c, c.x, c.input(1), [c.input(2), c.input(3)], [c.input(4), c.input(5)]), 6),
  /** DynamicQuantizeLinear, then MatMul of the whole numbers, scaled */
  DynamicQuantizeMatMul: (c) => {
    const [q, scale, zeroPoint] = c.emitter.emitMany('DynamicQuantizeLinear', [c.x], 3)
    return withBias(c, product(c, q, c.input(1), [scale, c.input(2)], [zeroPoint, c.input(3)]), 4)
  },
} satisfies LoweringTable
