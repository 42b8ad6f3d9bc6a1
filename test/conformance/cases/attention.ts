/** @file Cases of attention and of rotary embedding. */
import { float } from '../../../src/graph/index.js'
import { refTensor, type RefTensor } from '../../reference/index.js'
import { fed, fixed, parameter, type CaseInput, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

type Sizes = { readonly batch: number; readonly heads: number; readonly keyHeads: number; readonly queries: number; readonly keys: number; readonly size: number; readonly valueSize: number; readonly past: number }

/** Three axes, with the heads in the last one, or four. */
type Form = 3 | 4

const sizesOf = (random: Random): Sizes => {
  const keyHeads = random.integer(1, 2)
  return { batch: random.integer(1, 2), keyHeads, heads: keyHeads * random.integer(1, 2), queries: random.integer(1, 3), keys: random.integer(1, 3), size: random.integer(1, 3), valueSize: random.integer(1, 2), past: 0 }
}

const headed = (random: Random, form: Form, batch: number, heads: number, length: number, size: number): CaseInput =>
  fed(random.tensor(form === 3 ? [batch, length, heads * size] : [batch, heads, length, size]))

type Details = { readonly attributes?: Readonly<Record<string, number | ReturnType<typeof float>>>; readonly inputs?: readonly (CaseInput | null)[]; readonly opset?: number; readonly outputs?: number; readonly sizes?: Partial<Sizes> }

const attention = (form: Form, details: (random: Random, sizes: Sizes) => Details): CaseMaker => (random) => {
  const drawn = sizesOf(random)
  const { attributes = {}, inputs = [], opset = 23, outputs = 1, sizes = {} } = details(random, drawn)
  const { batch, heads, keyHeads, queries, keys, size, valueSize } = { ...drawn, ...sizes }
  return {
    op: 'Attention',
    opset,
    attributes: { ...(form === 3 ? { q_num_heads: heads, kv_num_heads: keyHeads } : {}), ...attributes },
    inputs: [headed(random, form, batch, heads, queries, size), headed(random, form, batch, keyHeads, keys, size), headed(random, form, batch, keyHeads, keys, valueSize), ...inputs],
    outputs,
  }
}

const maskDims = (random: Random, { batch, heads, queries, keys, past }: Sizes): number[] =>
  random.pick([[queries, keys + past], [1, 1, queries, keys + past], [batch, 1, queries, keys + past], [batch, heads, queries, keys + past]])

/** Some entries −∞, whole rows among them. */
const holed = (random: Random, dims: readonly number[]): RefTensor => {
  const numbers = random.tensor(dims)
  const holes = random.integers(dims, 0, 2)
  return refTensor(dims, numbers.data.map((value, i) => (holes.data[i] === 0 ? -Infinity : value)))
}

const rotary = (form: Form): CaseMaker => (random) => {
  const [batch, heads, length, half] = random.list(4, () => random.integer(1, 3))
  const rotated = random.boolean() ? half : random.integer(1, half)
  const withIds = random.boolean()
  const angles = () => fed(random.tensor(withIds ? [5, rotated] : [batch, length, rotated]))
  return {
    op: 'RotaryEmbedding',
    opset: 23,
    attributes: { interleaved: random.integer(0, 1), ...(form === 3 ? { num_heads: heads } : {}), ...(rotated === half ? {} : { rotary_embedding_dim: 2 * rotated }) },
    inputs: [headed(random, form, batch, heads, length, 2 * half), angles(), angles(), ...(withIds ? [fed(random.integers([batch, length], 0, 4))] : [])],
  }
}

export const attentions: CaseTable = {
  'Attention of three axes': attention(3, (random) => ({ attributes: { is_causal: random.integer(0, 1), ...(random.boolean() ? { scale: float(0.3) } : {}) } })),
  'Attention of four axes': attention(4, (random) => ({ attributes: { is_causal: random.integer(0, 1), ...(random.boolean() ? { softcap: float(0.7) } : {}) } })),
  'Attention with a boolean mask': attention(4, (random, sizes) => ({ attributes: { is_causal: random.integer(0, 1) }, inputs: [parameter(random.booleans(maskDims(random, sizes)))] })),
  'Attention with an additive mask': attention(3, (random, sizes) => ({ attributes: { is_causal: random.integer(0, 1), softcap: random.pick([float(0), float(1.5)]) }, inputs: [parameter(random.tensor(maskDims(random, sizes)))] })),
  'Attention with keys that nobody sees': attention(4, (random, sizes) => ({ inputs: [fixed(holed(random, maskDims(random, sizes)))] })),
  'Attention with a past': attention(3, (random, drawn) => {
    const past = random.integer(1, 2)
    // ONNX Runtime does not order the keys of a single query.
    const sizes = { ...drawn, keys: drawn.queries }
    const { batch, keyHeads, size, valueSize } = sizes
    const mask = random.boolean() ? parameter(random.tensor(maskDims(random, { ...sizes, past }))) : null
    return { attributes: { is_causal: random.integer(0, 1) }, inputs: [mask, headed(random, 4, batch, keyHeads, past, size), headed(random, 4, batch, keyHeads, past, valueSize)], outputs: 3, sizes }
  }),
  'Attention with its scores': attention(4, (random, sizes) => ({ attributes: { qk_matmul_output_mode: random.pick([0, 1, 3]), softcap: float(0.7) }, inputs: [parameter(random.tensor(maskDims(random, sizes)))], outputs: 4 })),
  'Attention with padded keys': attention(4, (random, sizes) => ({
    opset: 24,
    attributes: { is_causal: random.integer(0, 1) },
    inputs: [random.boolean() ? parameter(random.booleans([1, 1, sizes.queries, sizes.keys])) : null, null, null, fed(random.integers([sizes.batch], 1, sizes.keys))],
  })),
  'RotaryEmbedding of three axes': rotary(3),
  'RotaryEmbedding of four axes': rotary(4),
}
