/** @file Normalizations of com.microsoft, and those that ONNX Runtime writes into ai.onnx. */
import { float, floatAttribute, intAttribute, opsetOf } from '../../../graph/ir.js'
import type { NodeContext } from '../../node-context.js'
import type { LoweringTable } from '../lowering.js'
import { normalizeGroups, scaleChannels } from '../normalization.js'

/** Of the operators that transformers are fused into. */
const EPSILON = 1e-12

const epsilonOf = (c: NodeContext, otherwise: number) => floatAttribute(c.node, 'epsilon', otherwise)

/** Y, Mean and InvStdDev. */
function layerNorm(c: NodeContext, x: string, scale: string, bias: string): readonly string[] {
  const wanted = c.output(1) !== '' || c.output(2) !== '' ? 3 : 1
  return c.emitter.emitMany('LayerNormalization', bias === '' ? [x, scale] : [x, scale, bias], wanted, { axis: -1, epsilon: float(epsilonOf(c, EPSILON)) })
}

/** scale·x·r and r = 1/√(mean x² + ε) over the axes from `axis` on. */
function rms(c: NodeContext, x: string, scale: string, epsilon: number, axis: number): readonly [string, string] {
  const e = c.emitter
  const first = axis < 0 ? axis : axis - c.rank(x)
  const axes = e.ints(Array.from({ length: -first }, (_, i) => first + i))
  const r = c.emit('Reciprocal', [c.emit('Sqrt', [e.add(c.emit('ReduceMean', [e.mul(x, x), axes], { keepdims: 1 }), e.scalar(epsilon, x))])])
  const y = opsetOf(e.graph) >= 23 ? c.emit('RMSNormalization', [x, scale], { axis, epsilon: float(epsilon) }) : e.mul(e.mul(x, r), scale)
  return [y, r]
}

/** x + skip + bias */
function residual(c: NodeContext, skip: number, bias: number): string {
  const sum = c.emitter.add(c.x, c.input(skip))
  return c.hasInput(bias) ? c.emitter.add(sum, c.input(bias)) : sum
}

function skipLayerNormalization(c: NodeContext): string[] {
  const sum = residual(c, 1, 4)
  const [y, mean = '', inverse = ''] = layerNorm(c, sum, c.input(2), c.input(3))
  return [y, mean, inverse, sum]
}

function skipSimplified(c: NodeContext): string[] {
  const sum = residual(c, 1, 3)
  const [y, inverse] = rms(c, sum, c.input(2), epsilonOf(c, EPSILON), -1)
  return [y, '', inverse, sum]
}

/** LayerNormalization of word + position + segment embeddings; the mask index counts the ones of each row of the mask. */
function embedLayerNormalization(c: NodeContext): string[] {
  const e = c.emitter
  const [ids, segments, words, places, kinds, scale, bias, mask, placeIds] = Array.from({ length: 9 }, (_, i) => c.input(i))
  const rows = (table: string, indices: string) => c.emit('Gather', [table, indices], { axis: 0 })
  const place = placeIds === '' ? c.emit('Slice', [places, e.ints([0]), e.sizeOf(ids, 1), e.ints([0])]) : rows(places, placeIds) // [length, hidden] or [batch, length, hidden]
  const sum = e.add(rows(words, ids), place)
  const whole = segments === '' ? sum : e.add(sum, rows(kinds, segments))
  const [y] = layerNorm(c, whole, scale, bias)
  return [y, c.output(1) === '' ? '' : maskIndex(c, ids, mask), whole]
}

function maskIndex(c: NodeContext, ids: string, mask: string): string {
  const e = c.emitter
  if (mask === '') return e.filled(0, e.sizeOf(ids, 0), 'int32')
  return c.emit('ReduceSum', [c.emit('Cast', [c.emit('Equal', [mask, e.constant(1, 'int32')])], { to: 6 }), e.ints([1])], { keepdims: 0 })
}

/** GroupNormalization by channel with the channels last or second, then x·σ(x) where that is wanted. */
function groupNorm(c: NodeContext, x: string): string {
  const last = intAttribute(c.node, 'channels_last', 1) === 1
  const first = last ? c.emit('Transpose', [x], { perm: [0, 3, 1, 2] }) : x // [batch, channels, height, width]
  const normalized = scaleChannels(c, normalizeGroups(c, first, intAttribute(c.node, 'groups', 1)), c.input(1), c.input(2))
  const activated = intAttribute(c.node, 'activation', 0) === 1 ? c.emitter.mul(normalized, c.emit('Sigmoid', [normalized])) : normalized
  return last ? c.emit('Transpose', [activated], { perm: [0, 2, 3, 1] }) : activated
}

/** The skip may be one vector of channels per row: [batch, channels]. */
function skipGroupNorm(c: NodeContext): string[] {
  const e = c.emitter
  const last = intAttribute(c.node, 'channels_last', 1) === 1
  const skip = c.rank(c.input(3)) === 2 ? c.emit('Unsqueeze', [c.input(3), e.ints(last ? [1, 2] : [2, 3])]) : c.input(3)
  const bias = !c.hasInput(4) ? null : last ? c.input(4) : c.emit('Unsqueeze', [c.input(4), e.ints([1, 2])])
  const sum = bias === null ? e.add(c.x, skip) : e.add(e.add(c.x, skip), bias)
  return [groupNorm(c, sum), sum]
}

export const normalization = {
  /** LayerNormalization of x + skip + bias, the sum being an output of its own */
  SkipLayerNormalization: skipLayerNormalization,
  /** RMSNormalization of x + skip + bias, the sum being an output of its own */
  SkipSimplifiedLayerNormalization: skipSimplified,
  EmbedLayerNormalization: embedLayerNormalization,
  GroupNorm: (c) => [groupNorm(c, c.x)],
  SkipGroupNorm: skipGroupNorm,
} satisfies LoweringTable

/** ONNX Runtime's own, in files that it saved. */
export const simplified = {
  /** RMSNormalization */
  SimplifiedLayerNormalization: (c) => [...rms(c, c.x, c.input(1), epsilonOf(c, 1e-5), intAttribute(c.node, 'axis', -1))],
} satisfies LoweringTable
