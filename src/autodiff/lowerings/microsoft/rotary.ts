/** @file RotaryEmbedding of com.microsoft. */
import { floatAttribute, intAttribute } from '../../../graph/ir.js'
import { range } from '../../lines.js'
import type { NodeContext } from '../../node-context.js'
import { rotate } from '../rotary.js'
import { joinHeads, splitHeads } from '../scaled-dot-product.js'

/** Positions are given per token, or as the one where the sequence starts. */
export function rotaryEmbedding(c: NodeContext): string[] {
  const e = c.emitter
  if (intAttribute(c.node, 'is_packed_batching', 0) === 1) throw c.refuse('packed batches are made for GPUs. Export the model with padded sequences.')
  if (floatAttribute(c.node, 'scale', 1) !== 1) throw c.refuse('a scale other than 1 has no defined meaning. Export the model without it.')
  const flat = c.rank(c.x) === 3
  const half = e.size(c.input(2), 1)
  const rotated = intAttribute(c.node, 'rotary_embedding_dim', 0)
  const x = flat ? splitHeads(c, c.x, intAttribute(c.node, 'num_heads', 0) || headsOf(c, half)) : c.x
  const positions = c.rank(c.input(1)) === 1 ? c.emit('Unsqueeze', [e.add(c.input(1), range(e, e.size(x, 2))), e.ints([0])]) : c.input(1) // [batch or 1, length]
  const angles = (index: number) => c.emit('Gather', [c.input(index), positions], { axis: 0 })
  const turned = rotate(c, { x, cos: angles(2), sin: angles(3), rotated, interleaved: intAttribute(c.node, 'interleaved', 0) === 1 })
  return [flat ? joinHeads(c, turned) : turned]
}

/** Without a number of heads, all features of a head are rotated. */
function headsOf(c: NodeContext, half: number | string): number {
  const hidden = c.emitter.size(c.x, 2)
  if (typeof hidden !== 'number' || typeof half !== 'number') throw c.refuse('neither a number of heads nor the sizes that tell it are known. Export the model with num_heads.')
  return hidden / (2 * half)
}
