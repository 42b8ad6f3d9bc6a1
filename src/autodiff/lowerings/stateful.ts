/** @file Operators of sequence models that carry a state from one call to the next: LinearAttention and CausalConvWithState. */
import { floatAttribute, intAttribute, stringAttribute, type ValueInfo } from '../../graph/ir.js'
import { closeBody, emitControl, openBody } from '../body.js'
import type { NodeContext } from '../node-context.js'
import type { Lowering, LoweringTable } from './lowering.js'

/** A Loop over time; everything that does not depend on the state is computed for all steps before it. */
function linearAttention(c: NodeContext): string[] {
  const e = c.emitter
  const [past, decay, beta] = [3, 4, 5].map((index) => c.input(index))
  const [heads, keyHeads] = ['q_num_heads', 'kv_num_heads'].map((name) => intAttribute(c.node, name, 1))
  const rule = stringAttribute(c.node, 'update_rule', 'gated_delta')
  if (heads % keyHeads !== 0) throw c.refuse('it has fewer query heads than key heads, or no multiple of them. Export the model with whole groups of query heads.')
  if (!['linear', 'gated', 'delta', 'gated_delta'].includes(rule)) throw c.refuse(`its update rule "${rule}" is unknown. Use linear, gated, delta or gated_delta.`)
  const [own, precise] = [c.dtype(c.x), c.dtype(past === '' ? c.x : past)]
  const timeFirst = (name: string, parts: readonly number[]) => {
    const split = c.emit('Reshape', [own === precise ? name : e.cast(name, precise), e.ints([0, 0, ...parts])])
    return c.emit('Transpose', [split], { perm: [1, 0, 2, 3, 4] })
  }
  const q = timeFirst(c.x, [keyHeads, heads / keyHeads, -1]) // [time, batch, key heads, queries per key, key size]
  const k = timeFirst(c.input(1), [keyHeads, 1, -1]) // [time, batch, key heads, 1, key size]
  const v = timeFirst(c.input(2), [keyHeads, 1, -1]) // [time, batch, key heads, 1, value size]
  const rate = rule.endsWith('delta') ? timeFirst(beta, [-1, 1, 1]) : null // [time, batch, key heads or 1, 1, 1]
  const steps = {
    query: e.mul(q, scaleOf(c, q)),
    key: rate === null ? null : k,
    column: c.emit('Transpose', [rate === null ? k : e.mul(k, rate)], { perm: [0, 1, 2, 4, 3] }),
    value: v,
    gate: rule.startsWith('gated') ? c.emit('Exp', [timeFirst(decay, [keyHeads, -1, 1])]) : null, // [time, batch, key heads, key size or 1, 1]
  }
  const initial = past === '' ? e.filled(0, e.joinInts([e.size(k, 1), keyHeads, e.size(k, 4), e.size(v, 4)]), precise) : past

  const [turn, goOn, before] = ['turn', 'condition', 'state'].map((hint) => e.builder.fresh(`probity/${hint}`))
  // No turn changes a size: names for the sizes say so where they are not known.
  const sizes = [[k, 1], [k, 2], [k, 4], [v, 4]] as const
  const dims = sizes.map(([name, axis]) => e.dims(name)?.[axis] ?? e.builder.fresh('probity/size'))
  const state = (name: string): ValueInfo => ({ name, type: { kind: 'tensor', dtype: precise, dims } })
  const inputs: ValueInfo[] = [{ name: turn, type: { kind: 'tensor', dtype: 'int64', dims: [] } }, { name: goOn, type: { kind: 'tensor', dtype: 'bool', dims: [] } }, state(before)]
  const body = openBody(e, `${c.node.opType}/turn`, inputs)
  const now = (name: string) => body.emit('Gather', [name, turn])
  const kept = steps.gate === null ? before : body.mul(now(steps.gate), before) // [batch, key heads, key size, value size]
  const news = steps.key === null ? now(steps.value) : body.sub(now(steps.value), body.emit('MatMul', [now(steps.key), kept])) // [batch, key heads, 1, value size]
  const after = body.add(kept, body.emit('MatMul', [now(steps.column), news]))
  const answer = body.emit('MatMul', [now(steps.query), after]) // [batch, key heads, queries per key, value size]
  const closed = closeBody(body, inputs, [goOn, after, answer])
  const [last, answers] = emitControl(e, 'Loop', [e.sizeOf(q, 0), '', initial], { body: { ...closed, outputs: closed.outputs.map((info, i) => (i === 1 ? state(info.name) : info)) } }, 2)
  const joined = c.emit('Reshape', [c.emit('Transpose', [answers], { perm: [1, 0, 2, 3, 4] }), e.ints([0, 0, -1])]) // [batch, time, heads · value size]
  return [own === precise ? joined : e.cast(joined, own), last]
}

/** 0 stands for 1/√(key size). */
function scaleOf(c: NodeContext, q: string): string {
  const e = c.emitter
  const [stated, size] = [floatAttribute(c.node, 'scale', 0), e.size(q, 4)]
  if (stated) return e.scalar(stated, q)
  return typeof size === 'number' ? e.scalar(1 / Math.sqrt(size), q) : c.emit('Reciprocal', [c.emit('Sqrt', [e.cast(size, c.dtype(q))])])
}

/** x [batch, channels, length], weights [channels, 1, taps] */
function causalConvolution(c: NodeContext): string[] {
  const e = c.emitter
  const [weights, bias, past] = [1, 2, 3].map((index) => c.input(index))
  const channels = [c.dims(weights)?.[0], c.dims(c.x)?.[1]].find((dim) => typeof dim === 'number')
  if (channels === undefined) throw c.refuse('its number of channels is unknown, which its gradient needs. Export the model with the shape of its weights.')
  const taps = e.sizeOf(weights, 2)
  const earlier = past === '' ? e.filled(0, e.joinInts([e.size(c.x, 0), channels, e.sub(taps, e.ints([1]))]), c.dtype(c.x)) : past
  const whole = c.emit('Concat', [earlier, c.x], { axis: 2 }) // [batch, channels, taps − 1 + length]
  const y = c.emit('Conv', bias === '' ? [whole, weights] : [whole, weights, bias], { group: channels })
  const activation = stringAttribute(c.node, 'activation', 'none')
  const present = c.emit('Slice', [whole, e.sizeOf(c.x, 2), e.ints([Number.MAX_SAFE_INTEGER]), e.ints([2])]) // [batch, channels, taps − 1]
  return [activation === 'none' ? y : e.mul(y, c.emit('Sigmoid', [y])), present]
}

/** Attributes of com.microsoft's operators, and the values that mean what ai.onnx means. */
const PLAIN: Readonly<Record<string, number>> = { state_window: 0, ndim: 1, dilation: 1, channels_last: 0, state_channels_last: -1, state_length: 0, state_update_capacity: 0, input_channels: 0, input_channel_offset: 0 }

const plainly = (lowering: Lowering): Lowering => (c) => {
  const other = Object.entries(PLAIN).find(([name, value]) => intAttribute(c.node, name, value) !== value)
  if (other) throw c.refuse(`its ${other[0]} is not ${other[1]}. Export the model in operators of ai.onnx.`)
  return lowering(c)
}

export const stateful = {
  /** a Loop over time: S ← exp(g)·S + β·k ⊗ (v − exp(g)·Sᵀk), o = scale·Sᵀq; the update rule leaves out g, β or what is subtracted */
  LinearAttention: linearAttention,
  /** Conv per channel of the past and x, then x·σ(x) where that is wanted. */
  CausalConvWithState: causalConvolution,
} satisfies LoweringTable

export const statefulOfMicrosoft = {
  /** As LinearAttention of ai.onnx; windows of states are refused. */
  LinearAttention: plainly(linearAttention),
  /** As CausalConvWithState of ai.onnx; other layouts, dilations and windows of states are refused. */
  CausalConvWithState: plainly(causalConvolution),
} satisfies LoweringTable
