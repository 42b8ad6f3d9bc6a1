/** @file The masks of com.microsoft's attention as numbers to add to the scores. */
import type { DType } from '../../../contracts/tensor.js'
import { floatAttribute } from '../../../graph/ir.js'
import { range } from '../../lines.js'
import type { NodeContext } from '../../node-context.js'
import { orLowest, visible } from '../scaled-dot-product.js'

export type MaskedAttention = {
  /** [batch, heads, queries, size] and [batch, heads, keys, size] */
  readonly q: string
  readonly k: string
  /** Name of the mask of keys, of the bias of scores and of the keys of the past; '' where there are none. */
  readonly mask: string
  readonly bias: string
  readonly past: string
  readonly causal: boolean
}

/**
 * What hidden keys and the bias add to the scores. Hidden keys get `mask_filter_value`, so that a row without any other key answers as if
 * nothing were hidden; keys of the future get the lowest float.
 */
export function scoreBias(c: NodeContext, { q, k, mask, bias, past, causal }: MaskedAttention): string | null {
  const e = c.emitter
  const dtype = c.dtype(q)
  const keys = e.size(k, 2)
  const hidden = mask === '' ? null : filtered(c, shownKeys(c, mask, e.sizeOf(q, 0), keys), dtype)
  const padded = hidden !== null && bias !== '' ? e.add(hidden, bias) : (hidden ?? (bias === '' ? null : bias))
  const offset = past === '' ? null : e.sizeOf(past, 2)
  const order = causal ? visible(c, { queries: e.size(q, 2), keys, offset, before: null, after: 0 }) : null
  return order === null ? padded : orLowest(c, order, padded ?? e.constant(0, dtype), dtype)
}

const filtered = (c: NodeContext, shown: string, dtype: DType): string =>
  c.emit('Where', [shown, c.emitter.constant(0, dtype), c.emitter.constant(floatAttribute(c.node, 'mask_filter_value', -10000), dtype)])

/** bool, broadcasts to [batch, heads, queries, keys]. */
function shownKeys(c: NodeContext, mask: string, batch: string, keys: number | string): string {
  const e = c.emitter
  const rank = c.rank(mask)
  const isShown = () => c.emit('Greater', [mask, e.constant(0, c.dtype(mask))])
  if (rank === 2) return c.emit('Unsqueeze', [isShown(), e.ints([1, 2])])
  if (rank === 3) return c.emit('Unsqueeze', [isShown(), e.ints([1])])
  if (rank !== 1) throw c.refuse(`a mask with ${rank} axes is not supported. Give one with 1, 2 or 3 axes.`)
  return between(c, mask, batch, keys)
}

/** A vector holds where the keys of each row end, and after that, where it goes on, where they start. */
function between(c: NodeContext, mask: string, batch: string, keys: number | string): string {
  const e = c.emitter
  const size = e.constantNumbers(batch)?.[0]
  if (size !== undefined && c.dims(mask)?.[0] === 3 * size + 2) throw c.refuse('a mask of key lengths with cumulated lengths is made for GPUs. Give a mask of [batch, keys].')
  const longer = c.emit('Concat', [e.cast(mask, 'int64'), e.filled(0, batch, 'int64')], { axis: 0 })
  const part = (from: string, to: string) => c.emit('Reshape', [c.emit('Slice', [longer, from, to, e.ints([0])]), e.ints([-1, 1, 1, 1])])
  const place = range(e, keys)
  return c.emit('And', [c.emit('Less', [place, part(e.ints([0]), batch)]), c.emit('GreaterOrEqual', [place, part(batch, e.add(batch, batch))])])
}
