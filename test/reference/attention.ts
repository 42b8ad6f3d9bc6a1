/** @file Attention and rotary embedding, one score at a time. */
import { floatAttribute, intAttribute } from '../../src/graph/ir.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { logSumExp } from './normalization.js'
import { at, atBroadcast, build, normalAxis, refTensor, sameElements, withAxis, type RefTensor } from './tensor.js'

/** [batch, length, heads · size] → [batch, heads, length, size]; a tensor of four axes has that shape already. */
function headed(x: RefTensor, heads: number): RefTensor {
  if (x.dims.length === 4) return x
  const [batch, length, features] = x.dims
  const split = sameElements(x, [batch, length, heads, features / heads])
  return build([batch, heads, length, features / heads], x.dtype, ([b, h, l, i]) => at(split, [b, l, h, i]))
}

function joined(x: RefTensor): RefTensor {
  const [batch, heads, length, size] = x.dims
  return sameElements(build([batch, length, heads, size], x.dtype, ([b, l, h, i]) => at(x, [b, h, l, i])), [batch, length, heads * size])
}

function concatenated(past: RefTensor | undefined, own: RefTensor): RefTensor {
  if (past === undefined) return own
  const before = past.dims[2]
  return build(withAxis(own.dims, 2, before + own.dims[2]), own.dtype, (index) => (index[2] < before ? at(past, index) : at(own, withAxis(index, 2, index[2] - before))))
}

/** Y, keys and values with those of the past, and the scores at the stage that qk_matmul_output_mode names. */
const attend: Kernel = (call) => {
  const q = headed(input(call, 0), intAttribute(call.node, 'q_num_heads', 1))
  const [k, v] = [1, 2].map((i) => concatenated(call.inputs[i + 3], headed(input(call, i), intAttribute(call.node, 'kv_num_heads', 1))))
  const [batch, heads, queries, size] = q.dims
  const [keyHeads, keys] = [k.dims[1], k.dims[2]]
  const scale = floatAttribute(call.node, 'scale', 1 / Math.sqrt(size))
  const softcap = floatAttribute(call.node, 'softcap', 0)
  const keyHead = (h: number) => Math.floor(h / (heads / keyHeads))
  const raw = build([batch, heads, queries, keys], q.dtype, ([b, h, i, j]) => {
    let total = 0
    for (let d = 0; d < size; d++) total += at(q, [b, h, i, d]) * at(k, [b, keyHead(h), j, d])
    return total * scale
  })
  const capped = refTensor(raw.dims, raw.data.map((score) => (softcap === 0 ? score : softcap * Math.tanh(score / softcap))), q.dtype)
  const biased = build(raw.dims, q.dtype, (index) => at(capped, index) + biasAt(call, index, queries))
  const probabilities = build(raw.dims, q.dtype, (index) => {
    const row = Array.from({ length: keys }, (_, j) => at(biased, withAxis(index, 3, j)))
    const normalizer = logSumExp(row)
    return normalizer === -Infinity ? 0 : Math.exp(row[index[3]] - normalizer)
  })
  const y = build([batch, heads, queries, v.dims[3]], v.dtype, ([b, h, i, d]) => {
    let total = 0
    for (let j = 0; j < keys; j++) total += at(probabilities, [b, h, i, j]) * at(v, [b, keyHead(h), j, d])
    return total
  })
  return [input(call, 0).dims.length === 3 ? joined(y) : y, k, v, [raw, capped, biased, probabilities][intAttribute(call.node, 'qk_matmul_output_mode', 0)]]
}

/** What the mask, the causal order, the window and the number of keys that count add to a score: 0, −∞ or the mask's own number. */
function biasAt(call: Call, index: readonly number[], queries: number): number {
  const [b, , i, j] = index
  const [mask, past, counted] = [call.inputs[3], call.inputs[4], call.inputs[6]]
  const offset = past ? past.dims[2] : counted ? counted.data[b] - queries : 0
  const [left, right] = ['left_window_size', 'right_window_size'].map((name) => intAttribute(call.node, name, -1))
  if (intAttribute(call.node, 'is_causal', 0) === 1 && j > i + offset) return -Infinity
  if ((left >= 0 && j < i + offset - left) || (right >= 0 && j > i + offset + right)) return -Infinity
  if (counted && j >= counted.data[b]) return -Infinity
  if (mask === undefined) return 0
  if (mask.dims.at(-1) !== 1 && j >= (mask.dims.at(-1) ?? 0)) return -Infinity
  const value = atBroadcast(mask, index)
  return mask.dtype === 'bool' ? (value === 1 ? 0 : -Infinity) : value
}

const rotaryEmbedding: Kernel = (call) => {
  const [given, cos, sin, ids] = [input(call, 0), input(call, 1), input(call, 2), call.inputs[3]]
  const x = headed(given, intAttribute(call.node, 'num_heads', 0))
  const rotated = intAttribute(call.node, 'rotary_embedding_dim', 0) || x.dims[3]
  const half = rotated / 2
  const interleaved = intAttribute(call.node, 'interleaved', 0) === 1
  const angle = (cache: RefTensor, b: number, l: number, i: number) => (ids ? at(cache, [normalAxis(at(ids, [b, l]), cache.dims[0]), i]) : at(cache, [b, l, i]))
  const y = build(x.dims, x.dtype, (index) => {
    const [b, , l, i] = index
    if (i >= rotated) return at(x, index)
    const [pair, second] = interleaved ? [Math.floor(i / 2), i % 2 === 1] : [i % half, i >= half]
    const a = at(x, withAxis(index, 3, interleaved ? 2 * pair : pair))
    const z = at(x, withAxis(index, 3, interleaved ? 2 * pair + 1 : pair + half))
    const [c, s] = [angle(cos, b, l, pair), angle(sin, b, l, pair)]
    return second ? a * s + z * c : a * c - z * s
  })
  return given.dims.length === 3 ? joined(y) : y
}

export const attention: Kernels = { Attention: attend, RotaryEmbedding: rotaryEmbedding }
