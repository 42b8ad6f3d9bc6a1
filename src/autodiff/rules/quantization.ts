/**
 * @file Rounding to a grid of integers and back. The rounding passes the gradient straight through, and nothing where the integer type
 * saturates (Bengio, Léonard, Courville 2013; PyTorch's fake_quantize). The gradient of a quantised value is that of the number that it stands
 * for, in the float type around it.
 */
import type { DType } from '../../contracts/tensor.js'
import { intAttribute, type Node } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** Smallest and largest value of the types that Quantize writes. */
const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535], int4: [-8, 7], uint4: [0, 15], int2: [-2, 1], uint2: [0, 3],
  float8e4m3fn: [-448, 448], float8e4m3fnuz: [-240, 240], float8e5m2: [-57344, 57344], float8e5m2fnuz: [-57344, 57344], float4e2m1: [-6, 6],
}

/** Whether the first output is an integer that stands for a number and carries its gradient. */
export const isQuantizer = ({ opType, domain }: Node): boolean =>
  (opType === 'QuantizeLinear' && (domain === '' || domain === 'com.microsoft')) || (opType === 'DynamicQuantizeLinear' && domain === '')

/** A scale or zero point in a shape that broadcasts to x: one for all, one for each slice along an axis, or one for each block along it. */
export function alongAxis(c: NodeContext, parameter: string): string {
  const e = c.emitter
  const dims = e.dims(parameter)
  const count = e.requireRank(parameter, c.node)
  if (count === 0 || (count === 1 && dims?.[0] === 1)) return parameter
  const rank = c.rank(c.x)
  const stated = intAttribute(c.node, 'axis', 1)
  const axis = stated < 0 ? stated + rank : stated
  if (count === 1) return axis >= rank ? parameter : c.emit('Unsqueeze', [parameter, e.ints(Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis))])
  const block = intAttribute(c.node, 'block_size', 0)
  if (block < 1) throw c.refuse('its scale has several axes and no block_size. Export the model again.')
  const sizes = (size: number | string) => Array.from({ length: rank }, (_, i) => (i === axis ? size : e.size(parameter, i)))
  const column = c.emit('Unsqueeze', [parameter, e.ints([axis + 1])])
  const repeated = c.emit('Expand', [column, e.joinInts(Array.from({ length: rank + 1 }, (_, i) => (i === axis + 1 ? block : 1)))])
  return c.emit('Slice', [c.emit('Reshape', [repeated, e.joinInts(sizes(-1))]), e.ints([0]), e.sizeOf(c.x, axis), e.ints([axis])])
}

/** 1 where the rounded value lies in the integer type, else 0. */
function inside(c: RuleContext, scale: string, zeroPoint: string): string {
  const e = c.emitter
  const dtype = c.dtype(c.x)
  const range = RANGES[e.knownDtype(c.output(0)) ?? 'uint8']
  if (range === undefined) throw c.refuse('its output has no type that values saturate in. Export the model again.')
  const rounded = c.emit('Round', [e.div(c.x, scale)])
  const shifted = zeroPoint === '' ? rounded : e.add(rounded, e.cast(zeroPoint, dtype))
  const clipped = c.emit('Clip', [shifted, e.constant(range[0], dtype), e.constant(range[1], dtype)])
  return e.cast(c.emit('Equal', [shifted, clipped]), dtype)
}

function quantize(c: RuleContext, input: number): string | null {
  if (input > 1 || !c.hasGradient(0)) return null
  const e = c.emitter
  const scale = alongAxis(c, c.input(1))
  const mask = inside(c, scale, c.hasInput(2) ? alongAxis(c, c.input(2)) : '')
  const dx = e.div(e.mul(c.dy, mask), scale)
  c.approximate('the gradient passes straight through its rounding, and is 0 where the integer type saturates.')
  return input === 0 ? dx : toScale(c, e.neg(e.mul(dx, e.div(c.x, scale))))
}

/** Sums what belongs to one scale. */
function toScale(c: RuleContext, gradient: string): string {
  if (c.rank(c.input(1)) > 1) return toBlocks(c, gradient)
  const sums = c.emitter.sumTo(gradient, c.dims(c.x), alongAxis(c, c.input(1)))
  return c.emitter.reshapeLike(sums, c.input(1))
}

function toBlocks(c: RuleContext, gradient: string): string {
  const e = c.emitter
  const rank = c.rank(c.x)
  const axis = (intAttribute(c.node, 'axis', 1) + rank) % rank
  const block = intAttribute(c.node, 'block_size', 0)
  // The last block may be cut.
  const missing = e.sub(e.mul(e.sizeOf(c.input(1), axis), e.ints([block])), e.sizeOf(c.x, axis))
  const whole = c.emit('Pad', [gradient, e.joinInts(Array.from({ length: 2 * rank }, (_, i) => (i === rank + axis ? missing : 0)))])
  const sizes = Array.from({ length: rank }, (_, i) => e.size(c.input(1), i))
  const blocks = c.emit('Reshape', [whole, e.joinInts([...sizes.slice(0, axis + 1), block, ...sizes.slice(axis + 1)])]) // [a…, blocks, block, b…]
  return c.emit('ReduceSum', [blocks, e.ints([axis + 1])], { keepdims: 0 })
}

function dequantize(c: RuleContext, input: number): string | null {
  if (input > 1) return null
  const e = c.emitter
  if (input === 0) return e.mul(c.dy, alongAxis(c, c.input(1)))
  const q = e.cast(c.x, c.dtype(c.y))
  const centred = c.hasInput(2) ? e.sub(q, e.cast(alongAxis(c, c.input(2)), c.dtype(c.y))) : q
  return toScale(c, e.mul(c.dy, centred))
}

/** Integers carry no gradient themselves. */
const byTwin = (): null => null

export const quantization = {
  /** That of Conv of the whole numbers in floats, which takes its place where quantised values are followed. */
  ConvInteger: byTwin,
  /** That of MatMul of the whole numbers in floats, likewise. */
  MatMulInteger: byTwin,
  /** dX = dQ / scale where the integer type does not saturate, straight through the rounding; dScale = −Σ dX·x / scale */
  QuantizeLinear: quantize,
  /** dQ = dY·scale, dScale = Σ dY·(q − zero point) */
  DequantizeLinear: dequantize,
  /** As QuantizeLinear; scale and zero point count as constant, although they follow x. */
  DynamicQuantizeLinear: (c, i) => {
    if (i !== 0 || !c.hasGradient(0)) return null
    const [scale, zeroPoint] = [1, 2].map((output) => c.emitter.extraOutput(c.node, output, 'quantization'))
    c.emitter.describe(scale, { kind: 'tensor', dtype: 'float32', dims: [] })
    c.emitter.describe(zeroPoint, { kind: 'tensor', dtype: 'uint8', dims: [] })
    c.approximate('the gradient passes straight through its rounding, and its scale and zero point count as constant.')
    return c.emitter.div(c.emitter.mul(c.dy, inside(c, scale, zeroPoint)), scale)
  },
} satisfies RuleTable
