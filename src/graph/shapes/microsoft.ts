/** @file Shape rules of com.microsoft: what ONNX Runtime fuses graphs into. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute } from '../ir.js'
import { broadcast, divide, multiply, sum } from './dims.js'
import { elementwise } from './elementwise.js'
import { known, UNKNOWN, type Application, type Rule } from './known.js'
import { linear } from './linear.js'

const same: Rule = ({ input }) => [known(input(0).dtype, input(0).dims)]

const broadcastAll: Rule = ({ input, inputs }) => [known(input(0).dtype, broadcast(inputs.map(({ dims }) => dims)))]

const swapped = (dims: readonly Dim[]): readonly Dim[] => [...dims.slice(0, -2), ...dims.slice(-1), ...dims.slice(-2, -1)]

/** A and B as they enter the product. */
const fusedMatMul: Rule = (application) => {
  const { node, input } = application
  const arranged = (i: number, side: string) => {
    const { dims, dtype } = input(i)
    if (dims === null || dims.length < 2) return known(dtype, dims)
    const moved = intAttribute(node, `transBatch${side}`, 0) === 1 ? [...dims.slice(1, -1), dims[0], dims[dims.length - 1]] : dims
    return known(dtype, intAttribute(node, `trans${side}`, 0) === 1 ? swapped(moved) : moved)
  }
  const sides = [arranged(0, 'A'), arranged(1, 'B')]
  return linear.MatMul({ ...application, inputs: sides, input: (i) => sides[i] ?? UNKNOWN })
}

/** Y, mean, inverse deviation, and the sum that was normalized. */
const skipNormalization: Rule = ({ input }) => {
  const { dims, dtype } = input(0)
  const statistics = known('float32', dims && [...dims.slice(0, -1), 1])
  return [known(dtype, dims), statistics, statistics, known(dtype, dims)]
}

/** Over the axes from `axis` on. */
const simplified: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const axis = intAttribute(node, 'axis', -1)
  return [known(dtype, dims), known('float32', dims?.map((dim, i) => (i < (axis < 0 ? axis + dims.length : axis) ? dim : 1)) ?? null)]
}

const embedLayerNormalization: Rule = ({ input }) => {
  const ids = input(0).dims
  const whole = known(input(2).dtype, [ids?.[0] ?? null, ids?.[1] ?? null, input(2).dims?.[1] ?? null])
  return [whole, known('int32', [ids?.[0] ?? null]), whole]
}

const half: Rule = ({ input }) => [known(input(0).dtype, input(0).dims && [...(input(0).dims ?? []).slice(0, -1), divide((input(0).dims ?? []).slice(-1), [2])])]

const headsOf = ({ node }: Application): number => intAttribute(node, 'num_heads', 1)
const per = (size: Dim | undefined, count: number): Dim => (size === undefined || size === null ? null : divide([size], [count]))
const length = (application: Application, index: number, axis: number): Dim => (application.has(index) ? application.input(index).dims?.[axis] ?? null : 0)

const attention: Rule = (application) => {
  const { node, input } = application
  const { dims, dtype } = input(0)
  const sizes = intsAttribute(node, 'qkv_hidden_sizes', null)
  const third = per(input(1).dims?.[1], 3)
  const [batch, steps] = [dims?.[0] ?? null, dims?.[1] ?? null]
  const valueSize = sizes?.[2] ?? third
  return [known(dtype, [batch, steps, valueSize]), known(dtype, [2, batch, headsOf(application), sum([length(application, 4, 3), steps]), per(sizes?.[0] ?? third, headsOf(application))])]
}

const multiHeadAttention: Rule = (application) => {
  const { input, has } = application
  const { dims, dtype } = input(0)
  const heads = headsOf(application)
  const packed = dims?.length === 5
  const [batch, steps] = [dims?.[0] ?? null, dims?.[1] ?? null]
  const [k, v] = [input(1).dims, input(2).dims]
  const size = packed ? dims[4] : per(dims?.[2], heads)
  const valueSize = !has(2) ? size : v?.length === 4 ? v[3] : per(v?.[2], heads)
  const keys = sum([length(application, 6, 2), !has(1) ? steps : k?.length === 4 ? k[2] : k?.[1] ?? null])
  return [
    known(dtype, [batch, steps, multiply([heads, valueSize])]),
    known(dtype, [batch, heads, keys, size]),
    known(dtype, [batch, heads, keys, valueSize]),
    known(dtype, [batch, heads, steps, keys]),
  ]
}

const groupQueryAttention: Rule = (application) => {
  const { node, input, has } = application
  const { dims, dtype } = input(0)
  const [heads, keyHeads] = [headsOf(application), intAttribute(node, 'kv_num_heads', 1)]
  const size = per(dims?.[2], has(1) ? heads : heads + 2 * keyHeads)
  const [batch, steps] = [dims?.[0] ?? null, dims?.[1] ?? null]
  const keys = sum([length(application, 3, 2), steps])
  const present = known(dtype, [batch, keyHeads, keys, size])
  return [known(dtype, [batch, steps, multiply([heads, size])]), present, present, known(dtype, [batch, heads, steps, keys])]
}

const matMulNBits: Rule = ({ node, input }) => [known(input(0).dtype, input(0).dims && [...(input(0).dims ?? []).slice(0, -1), intAttribute(node, 'N', null)])]

export const microsoft: Readonly<Record<string, Rule>> = {
  QuantizeLinear: elementwise.QuantizeLinear, DequantizeLinear: elementwise.DequantizeLinear,
  Gelu: same, FastGelu: same, QuickGelu: same, BiasGelu: broadcastAll, BiasSplitGelu: half, BiasAdd: broadcastAll, Trilu: same, Inverse: same,
  FusedMatMul: fusedMatMul, TransposeMatMul: fusedMatMul, FusedGemm: linear.Gemm, FusedConv: linear.Conv, MatMulNBits: matMulNBits,
  SkipLayerNormalization: skipNormalization, SkipSimplifiedLayerNormalization: skipNormalization, EmbedLayerNormalization: embedLayerNormalization,
  GroupNorm: same, SkipGroupNorm: ({ input }) => [known(input(0).dtype, input(0).dims), known(input(0).dtype, input(0).dims)],
  Attention: attention, MultiHeadAttention: multiHeadAttention, GroupQueryAttention: groupQueryAttention, RotaryEmbedding: same,
}

/** Of operators that ONNX Runtime writes into ai.onnx itself. */
export const simplifiedNormalization: Readonly<Record<string, Rule>> = { SimplifiedLayerNormalization: simplified }
