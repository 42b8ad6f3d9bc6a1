/** @file Attention and MultiHeadAttention of com.microsoft. */
import { floatAttribute, intAttribute, intsAttribute } from '../../../graph/ir.js'
import type { NodeContext } from '../../node-context.js'
import type { LoweringTable } from '../lowering.js'
import { afterPast, joinHeads, scaledDotProduct, splitHeads } from '../scaled-dot-product.js'
import { groupQueryAttention } from './group-query-attention.js'
import { scoreBias } from './masks.js'
import { rotaryEmbedding } from './rotary.js'

const headsOf = (c: NodeContext): number => intAttribute(c.node, 'num_heads', 1)
const isCausal = (c: NodeContext): boolean => intAttribute(c.node, 'unidirectional', 0) === 1
/** 0 stands for the usual scale. */
const scaleOf = (c: NodeContext): number | null => floatAttribute(c.node, 'scale', 0) || null

/** Queries, keys and values are one product of the input with joined weights. */
function attention(c: NodeContext): string[] {
  const e = c.emitter
  if (intAttribute(c.node, 'do_rotary', 0) === 1) throw c.refuse('rotary embedding inside of it is made for GPUs. Export the model with a RotaryEmbedding of its own.')
  if (c.hasInput(6)) throw c.refuse('past and present that share a buffer are not supported. Export the model without a shared buffer.')
  const product = c.emit('MatMul', [c.x, c.input(1)]) // [batch, length, q + k + v]
  const joined = c.hasInput(2) ? e.add(product, c.input(2)) : product
  const sizes = intsAttribute(c.node, 'qkv_hidden_sizes', null)
  const parts = sizes === null || sizes.length === 0 ? c.emitter.emitMany('Split', [joined], 3, { axis: 2, num_outputs: 3 }) : e.emitMany('Split', [joined, e.ints(sizes)], 3, { axis: 2 })
  const [q, ownK, ownV] = parts.map((part) => splitHeads(c, part, headsOf(c)))
  const past = (index: number) => (c.hasInput(4) ? c.emit('Gather', [c.input(4), e.constant(index, 'int64')], { axis: 0 }) : '')
  const [k, v] = [afterPast(c, past(0), ownK), afterPast(c, past(1), ownV)]
  const bias = scoreBias(c, { q, k, mask: c.input(3), bias: c.input(5), past: past(0), causal: isCausal(c) })
  const { y } = scaledDotProduct(c, { q, k, v, bias, scale: scaleOf(c) })
  const present = c.output(1) === '' ? '' : c.emit('Concat', [k, v].map((name) => c.emit('Unsqueeze', [name, e.ints([0])])), { axis: 0 })
  return [joinHeads(c, y), present]
}

/** Queries, keys and values come apart, packed in pairs or in threes, or with the heads in front; the bias of their projections is added here. */
function multiHeadAttention(c: NodeContext): string[] {
  const e = c.emitter
  if (c.hasInput(8) || c.hasInput(9)) throw c.refuse('past and present that share a buffer are not supported. Export the model without a shared buffer.')
  const [q, ownK, ownV] = projections(c)
  const [k, v] = [afterPast(c, c.input(6), ownK), afterPast(c, c.input(7), ownV)]
  const bias = scoreBias(c, { q, k, mask: c.input(4), bias: c.input(5), past: c.input(6), causal: isCausal(c) })
  const { y, biased } = scaledDotProduct(c, { q, k, v, bias, scale: scaleOf(c) })
  return [joinHeads(c, y), c.output(1) === '' ? '' : k, c.output(2) === '' ? '' : v, c.output(3) === '' ? '' : e.emit('Identity', [biased])]
}

/** Each [batch, heads, length, size]. */
function projections(c: NodeContext): readonly string[] {
  const e = c.emitter
  const heads = headsOf(c)
  // [batch, length, heads, parts, size]
  const unpacked = (name: string, parts: number) => e.emitMany('Split', [name], parts, { axis: 3, num_outputs: parts }).map((part) => c.emit('Transpose', [c.emit('Squeeze', [part, e.ints([3])])], { perm: [0, 2, 1, 3] }))
  if (!c.hasInput(1)) return unpacked(c.x, 3)
  const biases = c.hasInput(3) ? biasParts(c) : null
  const headed = (name: string, part: number) => splitHeads(c, biases === null ? name : e.add(name, biases[part]), heads)
  const q = headed(c.x, 0)
  if (!c.hasInput(2)) return [q, ...unpacked(c.input(1), 2)]
  // Of four axes are keys and values of another attention, heads in front.
  return [q, ...[1, 2].map((index) => (c.rank(c.input(index)) === 4 ? c.input(index) : headed(c.input(index), index)))]
}

/** The joined bias [q + k + v], cut where the queries and the keys end. */
function biasParts(c: NodeContext): readonly string[] {
  const e = c.emitter
  const hidden = e.sizeOf(c.x, 2)
  const valueSize = e.sizeOf(c.input(2), 2)
  return e.emitMany('Split', [c.input(3), e.emit('Concat', [hidden, hidden, valueSize], { axis: 0 })], 3, { axis: 0 })
}

export const attentions = {
  Attention: attention,
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  RotaryEmbedding: rotaryEmbedding,
} satisfies LoweringTable
