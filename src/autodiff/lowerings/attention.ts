/** @file Attention and RotaryEmbedding of ai.onnx. */
import type { DType } from '../../contracts/tensor.js'
import { dtypeOfNumber } from '../../graph/codec/data-types.js'
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import { range } from '../lines.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'
import { rotate } from './rotary.js'
import { afterPast, anyInRow, both, joinHeads, orLowest, scaledDotProduct, splitHeads, visible } from './scaled-dot-product.js'

/** Softmax(softcap(q·kᵀ·scale) + mask)·v. A query that sees no key answers 0 and gets no gradient. */
function attend(c: NodeContext): string[] {
  const [heads, keyHeads] = ['q_num_heads', 'kv_num_heads'].map((name) => intAttribute(c.node, name, 0))
  const flat = isFlat(c, heads)
  const headed = (index: number, count: number) => (flat ? splitHeads(c, c.input(index), count) : ofFourAxes(c, c.input(index)))
  const q = headed(0, heads)
  const [k, v] = [1, 2].map((index) => afterPast(c, c.input(index + 3), headed(index, keyHeads)))
  const dtype = c.dtype(q)
  const mask = maskOf(c, q, k, dtype)
  const values = scaledDotProduct(c, {
    q, k, v, ...mask,
    scale: floatAttribute(c.node, 'scale', null),
    softcap: floatAttribute(c.node, 'softcap', 0),
    precision: dtypeOfNumber(intAttribute(c.node, 'softmax_precision', 0)) ?? dtype,
  })
  const stage = [values.raw, values.capped, values.biased, values.probabilities][intAttribute(c.node, 'qk_matmul_output_mode', 0)]
  return [flat ? joinHeads(c, values.y) : values.y, k, v, stage]
}

/** Inputs of three axes come with a number of heads, so those without one have four. */
const isFlat = (c: NodeContext, heads: number): boolean => (heads === 0 ? (c.emitter.rank(c.x) ?? 4) : c.rank(c.x)) === 3

/** The same value, of which nobody may know yet that it has four axes. */
const ofFourAxes = (c: NodeContext, x: string): string => (c.emitter.rank(x) === null ? c.emit('Reshape', [x, c.emitter.ints([0, 0, 0, -1])]) : x)

function maskOf(c: NodeContext, q: string, k: string, dtype: DType): { bias: string | null; live: string | null } {
  const e = c.emitter
  const [queries, keys] = [e.size(q, 2), e.size(k, 2)]
  const valid = c.hasInput(6) ? c.emit('Reshape', [c.input(6), e.ints([-1, 1, 1, 1])]) : null // [batch, 1, 1, 1]
  const bound = (name: string) => (intAttribute(c.node, name, -1) < 0 ? null : intAttribute(c.node, name, -1))
  const causal = intAttribute(c.node, 'is_causal', 0) === 1
  const window = visible(c, { queries, keys, offset: offsetOf(c, valid, queries), before: bound('left_window_size'), after: causal ? 0 : bound('right_window_size') })
  const padding = valid === null ? null : c.emit('Less', [range(e, keys), valid])
  const structure = both(c, window, padding)
  const given = c.hasInput(3) ? paddedMask(c, keys) : null
  const shown = given === null ? null : c.dtype(c.input(3)) === 'bool' ? given : finiteWhereShown(c, given)
  const condition = both(c, structure, shown)
  const added = given !== null && c.dtype(c.input(3)) !== 'bool' ? given : null
  if (condition === null) return { bias: added, live: null }
  // A causal row always sees its own key; any other may see none.
  const alwaysLive = shown === null && valid === null && bound('left_window_size') === null
  return { bias: orLowest(c, condition, added ?? e.constant(0, dtype), dtype), live: alwaysLive ? null : anyInRow(c, condition, dtype) }
}

/** Keys before the first query: those of the past, or those of the cache that are not of this step. */
function offsetOf(c: NodeContext, valid: string | null, queries: number | string): string | null {
  const e = c.emitter
  if (c.hasInput(4)) return e.sizeOf(c.input(4), 2)
  return valid === null ? null : e.sub(valid, e.joinInts([queries]))
}

/** Since opset 24 a mask may be shorter than the keys; what it leaves out is hidden. */
function paddedMask(c: NodeContext, keys: number | string): string {
  const e = c.emitter
  const mask = c.input(3)
  const rank = c.rank(mask)
  const own = e.size(mask, -1)
  const mayBeShorter = c.opset >= 24 && own !== keys && c.dims(mask)?.at(-1) !== c.dims(c.input(1))?.at(-2)
  if (!mayBeShorter) return mask
  const missing = typeof own === 'number' && typeof keys === 'number' ? keys - own : e.sub(e.joinInts([keys]), e.joinInts([own]))
  const isBool = c.dtype(mask) === 'bool'
  const pads = e.joinInts([...new Array<number>(2 * rank - 1).fill(0), missing])
  // Not every runtime pads booleans.
  const padded = c.emit('Pad', [isBool ? e.cast(mask, 'float32') : mask, pads, e.constant(isBool ? 0 : -Infinity, isBool ? 'float32' : c.dtype(mask))], { mode: 'constant' })
  return isBool ? e.cast(padded, 'bool') : padded
}

/** Which entries of an additive mask are not −∞; null where none is. */
function finiteWhereShown(c: NodeContext, mask: string): string | null {
  const numbers = c.emitter.constantNumbers(mask)
  if (numbers !== null && !numbers.includes(-Infinity)) return null
  return c.emit('Greater', [mask, c.emitter.constant(-Infinity, c.dtype(mask))])
}

/** Each pair of features is turned by the angle of its position. */
function rotaryEmbedding(c: NodeContext): string[] {
  const heads = intAttribute(c.node, 'num_heads', 0)
  const flat = isFlat(c, heads)
  const angles = (index: number) => (c.hasInput(3) ? c.emit('Gather', [c.input(index), c.input(3)], { axis: 0 }) : c.input(index)) // [batch, length, half]
  const turned = rotate(c, {
    x: flat ? splitHeads(c, c.x, heads) : ofFourAxes(c, c.x),
    cos: angles(1),
    sin: angles(2),
    rotated: intAttribute(c.node, 'rotary_embedding_dim', 0),
    interleaved: intAttribute(c.node, 'interleaved', 0) === 1,
  })
  return [flat ? joinHeads(c, turned) : turned]
}

export const attention = { Attention: attend, RotaryEmbedding: rotaryEmbedding } satisfies LoweringTable
