/** @file Normalizations that are a few simpler operators. */
import { float, floatAttribute, intAttribute, intsAttribute } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'

/** InstanceNormalization of [N, groups, elements]; scale and bias are the groups' before opset 21, the channels' since. */
function groupNormalization(c: NodeContext): string[] {
  const groups = intAttribute(c.node, 'num_groups', 1)
  if (c.opset < 21) return [normalizeGroups(c, c.x, groups, [c.input(1), c.input(2)])]
  return [scaleChannels(c, normalizeGroups(c, c.x, groups), c.input(1), c.input(2))]
}

/** Each group of channels of x [N, C, …] with mean 0 and variance 1, then scaled and shifted by group where that is wanted. */
export function normalizeGroups(c: NodeContext, x: string, groups: number, affine?: readonly [scale: string, bias: string]): string {
  const e = c.emitter
  const constant = (value: number) => e.constant(new Array<number>(groups).fill(value), c.dtype(x))
  const grouped = c.emit('Reshape', [x, e.ints([0, groups, -1])]) // [N, groups, elements]
  if (c.dtype(x) === 'float64') return e.reshapeLike(normalizeInDouble(c, grouped, affine), x)
  const normalized = c.emit('InstanceNormalization', [grouped, ...(affine ?? [constant(1), constant(0)])], { epsilon: float(floatAttribute(c.node, 'epsilon', 1e-5)) })
  return e.reshapeLike(normalized, x)
}

/** The same of [N, groups, elements] where ONNX Runtime has no kernel for InstanceNormalization. */
function normalizeInDouble(c: NodeContext, grouped: string, affine?: readonly [scale: string, bias: string]): string {
  const e = c.emitter
  const mean = (name: string) => c.emit('ReduceMean', [name, e.ints([2])], { keepdims: 1 })
  const centred = e.sub(grouped, mean(grouped))
  const deviation = c.emit('Sqrt', [e.add(mean(e.mul(centred, centred)), e.scalar(floatAttribute(c.node, 'epsilon', 1e-5), grouped))])
  const normalized = e.div(centred, deviation)
  return affine ? scaleChannels(c, normalized, ...affine) : normalized
}

/** x [N, C, …] · scale [C] + bias [C], through [N, C, elements] so that the number of axes need not be known. */
export function scaleChannels(c: NodeContext, x: string, scale: string, bias: string): string {
  const e = c.emitter
  const column = (name: string) => c.emit('Unsqueeze', [name, e.ints([1])]) // [C, 1]
  const flat = c.emit('Reshape', [x, e.ints([0, 0, -1])])
  return e.reshapeLike(e.add(e.mul(flat, column(scale)), column(bias)), x)
}

/** x / (bias + α·mean of squares over a window of channels)^β; places outside count as zeros. The window is a pooling over [N, 1, C, elements]. */
function localResponse(c: NodeContext): string[] {
  const e = c.emitter
  const size = intAttribute(c.node, 'size', 1)
  const [alpha, beta, bias] = [['alpha', 1e-4], ['beta', 0.75], ['bias', 1]].map(([name, otherwise]) => c.scalar(floatAttribute(c.node, String(name), Number(otherwise))))
  const plane = c.emit('Unsqueeze', [c.emit('Reshape', [c.x, e.ints([0, 0, -1])]), e.ints([1])])
  const pads = [Math.floor((size - 1) / 2), 0, Math.ceil((size - 1) / 2), 0]
  const squares = c.emit('AveragePool', [e.mul(plane, plane)], { kernel_shape: [size, 1], strides: [1, 1], pads, count_include_pad: 1 })
  return [e.reshapeLike(e.div(plane, c.emit('Pow', [e.add(bias, e.mul(alpha, squares)), beta])), c.x)]
}

/** (x − μ) / (σ + 1e-9), with which ONNX defines it. Where σ = 0 the gradient of σ is 0. */
function meanVariance(c: NodeContext): string[] {
  const e = c.emitter
  const mean = (name: string) => c.emit('ReduceMean', [name, e.ints(intsAttribute(c.node, 'axes', [0, 2, 3]))], { keepdims: 1 })
  const centred = e.sub(c.x, mean(c.x))
  return [e.div(centred, e.add(c.emit('Sqrt', [mean(e.mul(centred, centred))]), c.scalar(1e-9)))]
}

/** x / ‖x‖ along the axis; a zero vector gives 0, and 0 as its gradient. */
function lpNormalization(c: NodeContext): string[] {
  const e = c.emitter
  const kind = intAttribute(c.node, 'p', 2) === 1 ? 'ReduceL1' : 'ReduceL2'
  const norm = c.emit(kind, [c.x, e.ints([intAttribute(c.node, 'axis', -1)])], { keepdims: 1 })
  const zero = c.isZero(norm)
  const inverse = c.emit('Where', [zero, c.scalar(0), e.div(c.scalar(1), c.emit('Where', [zero, c.scalar(1), norm]))])
  return [e.mul(c.x, inverse)]
}

export const normalization = {
  GroupNormalization: groupNormalization,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
} satisfies LoweringTable
