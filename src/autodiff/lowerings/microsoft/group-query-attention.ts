/** @file GroupQueryAttention of com.microsoft. */
import { floatAttribute, intAttribute } from '../../../graph/ir.js'
import { range } from '../../lines.js'
import type { NodeContext } from '../../node-context.js'
import { rotate } from '../rotary.js'
import { afterPast, both, joinHeads, orLowest, scaledDotProduct, splitHeads } from '../scaled-dot-product.js'

/** Inputs that only GPUs or quantized caches know. */
const UNSUPPORTED: readonly (readonly [index: number, what: string])[] = [[12, 'a quantized cache of keys'], [13, 'a quantized cache of values'], [14, 'norms of queries and keys inside of it'], [16, 'query_seqlens']]

/**
 * Each key head serves several heads of queries. Rows may have pasts of different lengths: what lies behind the end of a past is hidden, which
 * gives the same answers as keys without gaps, since the order of keys does not matter.
 */
export function groupQueryAttention(c: NodeContext): string[] {
  const e = c.emitter
  for (const [index, what] of UNSUPPORTED) if (c.hasInput(index)) throw c.refuse(`${what} is not supported. Export the model without it.`)
  if (intAttribute(c.node, 'sliding_window_cache', 0) === 1) throw c.refuse('a cache of the size of the window is not supported. Export the model without it.')
  const [rawQ, rawK, ownV] = projections(c)
  const length = e.size(rawQ, 2)
  const past = c.input(3) === '' ? null : pastLengths(c, length)
  const [q, ownK] = intAttribute(c.node, 'do_rotary', 0) === 1 ? [rawQ, rawK].map((x) => turned(c, x, length, past)) : [rawQ, rawK]
  const [k, v] = [afterPast(c, c.input(3), ownK), afterPast(c, c.input(4), ownV)]
  const dtype = c.dtype(q)
  const given = c.hasInput(10) ? c.input(10) : null
  const shown = shownKeys(c, length, past)
  const smooth = intAttribute(c.node, 'smooth_softmax', 0) === 1
  const { y, raw, biased, probabilities } = scaledDotProduct(c, {
    q, k, v,
    bias: shown === null ? given : orLowest(c, shown, given ?? e.constant(0, dtype), dtype),
    scale: floatAttribute(c.node, 'scale', 0) || null,
    softcap: floatAttribute(c.node, 'softcap', 0),
    sink: c.hasInput(11) ? c.emit('Reshape', [c.input(11), e.ints([1, -1, 1, 1])]) : smooth ? e.constant([0], dtype, [1, 1, 1, 1]) : null,
  })
  const stage = intAttribute(c.node, 'qk_output', 0) === 2 ? probabilities : intAttribute(c.node, 'qk_output', 0) === 1 ? biased : raw
  return [joinHeads(c, y), k, v, stage]
}

/** Apart, or packed as [batch, length, (heads + 2 · key heads) · size]; each becomes [batch, heads, length, size]. */
function projections(c: NodeContext): readonly string[] {
  const e = c.emitter
  const [heads, keyHeads] = ['num_heads', 'kv_num_heads'].map((name) => intAttribute(c.node, name, 1))
  if (c.hasInput(1)) return [splitHeads(c, c.x, heads), splitHeads(c, c.input(1), keyHeads), splitHeads(c, c.input(2), keyHeads)]
  return e.emitMany('Split', [splitHeads(c, c.x, heads + 2 * keyHeads), e.ints([heads, keyHeads, keyHeads])], 3, { axis: 1 })
}

/** int64 [batch, 1]: keys of the past that count, none in a first prompt. */
function pastLengths(c: NodeContext, length: number | string): string {
  const e = c.emitter
  const total = e.add(e.cast(c.input(5), 'int64'), e.constant(1, 'int64'))
  return c.emit('Reshape', [c.emit('Max', [e.sub(total, e.joinInts([length])), e.constant(0, 'int64')]), e.ints([-1, 1])])
}

/** Positions are given, or follow the past. */
function turned(c: NodeContext, x: string, length: number | string, past: string | null): string {
  const e = c.emitter
  const own = c.emit('Unsqueeze', [range(e, length), e.ints([0])]) // [1, length]
  const positions = c.hasInput(9) ? c.input(9) : past === null ? own : e.add(own, past)
  const angles = (index: number) => c.emit('Gather', [c.input(index), positions], { axis: 0 })
  const half = e.size(c.input(7), 1)
  return rotate(c, { x, cos: angles(7), sin: angles(8), rotated: typeof half === 'number' ? 2 * half : 0, interleaved: intAttribute(c.node, 'rotary_interleaved', 0) === 1 })
}

/** bool [queries, keys], or [batch, 1, queries, keys] with a past. */
function shownKeys(c: NodeContext, length: number | string, past: string | null): string | null {
  const e = c.emitter
  const causal = intAttribute(c.node, 'causal', 1) === 1
  const window = intAttribute(c.node, 'local_window_size', -1)
  const own = range(e, length)
  const column = (name: string) => c.emit('Unsqueeze', [name, e.ints([-1])])
  if (past === null) return causal ? both(c, c.emit('LessOrEqual', [own, column(own)]), window < 0 ? null : c.emit('Greater', [own, e.sub(column(own), e.constant(window, 'int64'))])) : null
  const start = c.emit('Unsqueeze', [past, e.ints([1, 2])]) // [batch, 1, 1, 1]
  const before = range(e, e.size(c.input(3), 2)) // [past]
  const places = c.emit('Concat', [c.emit('Expand', [before, e.joinInts([e.size(c.input(0), 0), 1, 1, e.size(c.input(3), 2)])]), e.add(own, start)], { axis: 3 }) // [batch, 1, 1, keys]
  const counts = c.emit('Concat', [c.emit('Less', [before, start]), c.emit('Expand', [e.constant([1], 'bool'), e.joinInts([e.size(c.input(0), 0), 1, 1, length])])], { axis: 3 })
  const query = e.add(column(own), start) // [batch, 1, queries, 1]
  const order = causal ? c.emit('LessOrEqual', [places, query]) : null
  const near = window < 0 ? null : c.emit('Greater', [places, e.sub(query, e.constant(window, 'int64'))])
  return both(c, counts, both(c, order, near))
}
