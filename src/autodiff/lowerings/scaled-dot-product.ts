/** @file Scaled dot-product attention in simple operators, for every operator that fuses it. */
import type { DType } from '../../contracts/tensor.js'
import { range } from '../lines.js'
import type { NodeContext } from '../node-context.js'

/** The lowest float32: added to a score it leaves nothing of it, and unlike −∞ it makes no NaN where every key of a row is hidden. */
export const LOWEST = -3.4028234663852886e38
/** To which the lowest float32 would round is −∞. */
const LOWEST_BFLOAT = -3.3895313892515355e38

export type AttentionInputs = {
  /** [batch, heads, queries, size] */
  readonly q: string
  /** [batch, key heads, keys, size]; several heads in a row may share a key head. */
  readonly k: string
  /** [batch, key heads, keys, value size] */
  readonly v: string
  /** 1/√size unless given */
  readonly scale?: number | null
  /** Scores s become softcap·tanh(s / softcap); 0 leaves them. */
  readonly softcap?: number
  /** Added to the scores; broadcasts to [batch, heads, queries, keys]. */
  readonly bias?: string | null
  /** 0 for the queries that see no key, whose answer is 0, else 1; broadcasts to [batch, heads, queries, 1]. */
  readonly live?: string | null
  /** One more logit per head that takes its share of the softmax and answers nothing: [1, heads, 1, 1]. */
  readonly sink?: string | null
  /** Type that the softmax is taken in. */
  readonly precision?: DType
}

/** Scores and probabilities [batch, heads, queries, keys], answers [batch, heads, queries, value size]. */
export type AttentionValues = { readonly raw: string; readonly capped: string; readonly biased: string; readonly probabilities: string; readonly y: string }

export function scaledDotProduct(c: NodeContext, { q, k, v, scale, softcap = 0, bias, live, sink, precision }: AttentionInputs): AttentionValues {
  const e = c.emitter
  const grouping = groupHeads(c, q, k)
  const scaled = e.mul(q, scale ? e.scalar(scale, q) : inverseRootOfSize(c, q))
  const raw = grouping.apart(c.emit('MatMul', [grouping.together(scaled), c.emit('Transpose', [k], { perm: [0, 1, 3, 2] })]))
  const capped = softcap === 0 ? raw : e.mul(c.emit('Tanh', [e.mul(raw, e.scalar(1 / softcap, raw))]), e.scalar(softcap, raw))
  const biased = bias ? e.add(capped, bias) : capped
  const weights = softmax(c, biased, sink ?? null, precision ?? c.dtype(q))
  const answer = grouping.apart(c.emit('MatMul', [grouping.together(weights), v]))
  return { raw, capped, biased, probabilities: live ? e.mul(weights, live) : weights, y: live ? e.mul(answer, live) : answer }
}

function softmax(c: NodeContext, scores: string, sink: string | null, precision: DType): string {
  const e = c.emitter
  const own = c.dtype(scores)
  const into = (name: string, dtype: DType) => (precision === own ? name : e.cast(name, dtype))
  if (sink === null) return into(c.emit('Softmax', [into(scores, precision)], { axis: -1 }), own)
  const shape = e.joinInts([e.size(scores, 0), e.size(scores, 1), e.size(scores, 2), 1])
  const probabilities = c.emit('Softmax', [into(c.emit('Concat', [scores, c.emit('Expand', [sink, shape])], { axis: -1 }), precision)], { axis: -1 })
  return into(c.emit('Slice', [probabilities, e.ints([0]), e.ints([-1]), e.ints([-1])]), own)
}

/** Heads that share keys become rows of one product, so that keys and values need not be repeated. */
export function groupHeads(c: NodeContext, q: string, k: string): { together: (name: string) => string; apart: (name: string) => string } {
  const e = c.emitter
  const [heads, keyHeads] = [e.size(q, 1), e.size(k, 1)]
  if (heads === keyHeads) return { together: (name) => name, apart: (name) => name }
  const whole = (name: string, size: number | string) => c.emit('Reshape', [name, e.joinInts([e.size(q, 0), size, -1, e.size(name, 3)])])
  return { together: (name) => whole(name, keyHeads), apart: (name) => c.emit('Reshape', [name, e.joinInts([e.size(q, 0), heads, e.size(q, 2), e.size(name, 3)])]) }
}

export function inverseRootOfSize(c: NodeContext, q: string): string {
  const e = c.emitter
  const size = e.size(q, 3)
  if (typeof size === 'number') return e.scalar(1 / Math.sqrt(size), q)
  return c.emit('Reciprocal', [c.emit('Sqrt', [e.cast(size, c.dtype(q))])]) // [1]
}

// ---- heads

/** [batch, length, heads · size] → [batch, heads, length, size] */
export function splitHeads(c: NodeContext, x: string, heads: number): string {
  return c.emit('Transpose', [c.emit('Reshape', [x, c.emitter.ints([0, 0, heads, -1])])], { perm: [0, 2, 1, 3] })
}

/** The way back. */
export function joinHeads(c: NodeContext, x: string): string {
  return c.emit('Reshape', [c.emit('Transpose', [x], { perm: [0, 2, 1, 3] }), c.emitter.ints([0, 0, -1])])
}

/** Keys or values of earlier steps, then those of this one. */
export const afterPast = (c: NodeContext, past: string, own: string): string => (past === '' ? own : c.emit('Concat', [past, own], { axis: 2 }))

// ---- which keys a query sees

export type Window = {
  readonly queries: number | string
  readonly keys: number | string
  /** Position of the first query among the keys: int64, broadcasts to [batch, 1, queries, 1]. */
  readonly offset: string | null
  /** How many keys before and after its own position a query sees; null for all. */
  readonly before: number | null
  readonly after: number | null
}

/** bool [queries, keys], or [batch, 1, queries, keys] where the offset differs within the batch; null where every key is seen. */
export function visible(c: NodeContext, { queries, keys, offset, before, after }: Window): string | null {
  const e = c.emitter
  if (before === null && after === null) return null
  const key = range(e, keys)
  const place = c.emit('Unsqueeze', [range(e, queries), e.ints([1])]) // [queries, 1]
  const query = offset === null ? place : e.add(place, offset)
  const shifted = (by: number) => (by === 0 ? query : e.add(query, e.constant(by, 'int64')))
  return both(c, after === null ? null : c.emit('LessOrEqual', [key, shifted(after)]), before === null ? null : c.emit('GreaterOrEqual', [key, shifted(-before)]))
}

export const both = (c: NodeContext, a: string | null, b: string | null): string | null => (a === null ? b : b === null ? a : c.emit('And', [a, b]))

/** `shown` where a condition holds, else the lowest float. */
export const orLowest = (c: NodeContext, condition: string, shown: string, dtype: DType): string => c.emit('Where', [condition, shown, c.emitter.constant(dtype === 'float16' ? -65504 : dtype === 'bfloat16' ? LOWEST_BFLOAT : LOWEST, dtype)])

/** 1 for rows of a condition that hold somewhere, else 0. */
export const anyInRow = (c: NodeContext, condition: string, dtype: DType): string => c.emit('ReduceMax', [c.emitter.cast(condition, dtype), c.emitter.ints([-1])], { keepdims: 1 })
