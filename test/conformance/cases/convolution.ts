/** @file Cases of convolutions whose weights are computed, of transposed ones in every form, and of Lp pools. */
import { fed, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'

/** Weights whose channels are as open as the sizes of the image; the kernel is stated. */
const computedWeights = (op: 'Conv' | 'ConvTranspose'): CaseMaker => (random) => {
  const rank = random.integer(1, 2)
  const group = random.integer(1, 2)
  const [channels, filters] = [random.integer(1, 2), random.integer(1, 2)]
  const kernel = random.list(rank, () => random.integer(1, 3))
  const strides = random.list(rank, () => random.integer(1, 2))
  const space = kernel.map((size) => size + random.integer(0, 2))
  const weights = op === 'Conv' ? [filters * group, channels, ...kernel] : [channels * group, filters, ...kernel]
  return {
    op, opset: random.pick([11, 21]), attributes: { group, strides, kernel_shape: kernel, pads: [...kernel, ...kernel].map((size) => Math.min(1, size - 1)) },
    inputs: [fed(random.tensor([random.integer(1, 2), channels * group, ...space])), fed(random.tensor(weights)), fed(random.tensor([filters * group]))],
  }
}

const transposed = (named: 'auto_pad' | 'output_shape' | 'output_padding', ranks: readonly number[]): CaseMaker => (random) => {
  const rank = random.pick(ranks)
  const group = random.integer(1, 2)
  const [channels, filters] = [random.integer(1, 2), random.integer(1, 2)]
  const kernel = random.list(rank, () => random.integer(1, 3))
  // SAME with a kernel smaller than its stride is not specified.
  const strides = kernel.map((size) => random.integer(1, named === 'auto_pad' ? size : 3))
  const dilations = random.list(rank, () => (named === 'auto_pad' ? 1 : random.integer(1, 3)))
  const space = random.list(rank, () => random.integer(1, rank === 3 ? 2 : 4))
  const extra = kernel.map((_, i) => random.integer(0, strides[i] - 1))
  const full = space.map((size, i) => strides[i] * (size - 1) + dilations[i] * (kernel[i] - 1) + 1)
  // An output smaller than x is not specified.
  const form = {
    auto_pad: { auto_pad: random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) },
    output_shape: { output_shape: full.map((size, i) => Math.max(space[i], size - random.integer(0, 2))), auto_pad: random.pick([undefined, 'SAME_UPPER', 'SAME_LOWER']) },
    output_padding: { output_padding: extra, pads: [...full, ...full].map((size) => (size > 2 ? random.integer(0, 1) : 0)) },
  }[named]
  return {
    op: 'ConvTranspose', opset: random.pick([11, 21]), attributes: { group, strides, dilations, ...form },
    inputs: [fed(random.tensor([random.integer(1, 2), channels * group, ...space])), parameter(random.tensor([channels * group, filters, ...kernel])), ...(random.boolean() ? [fed(random.tensor([filters * group]))] : [])],
  }
}

/** Values keep away from 0, where |x|ᵖ has its kink. */
const lpPool: CaseMaker = (random) => {
  const rank = random.pick([1, 2, 2, 3])
  const kernel = random.list(rank, () => random.integer(1, 3))
  const opset = random.pick([11, 18, 21])
  const dilations = kernel.map(() => (opset < 18 ? 1 : random.integer(1, 2)))
  const padding = random.boolean() && dilations.every((dilation) => dilation === 1) ? { auto_pad: random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) } : { pads: random.list(2 * rank, (i) => random.integer(0, kernel[i % rank] - 1)) }
  const space = kernel.map((size, i) => (size - 1) * dilations[i] + 1 + random.integer(0, rank === 3 ? 1 : 3))
  return {
    op: 'LpPool', opset,
    attributes: { kernel_shape: kernel, strides: kernel.map((size) => random.integer(1, 'auto_pad' in padding ? size : 2)), ...padding, ...(opset < 18 ? {} : { dilations }), p: random.integer(1, 3) },
    inputs: [fed(random.awayFromZero([random.integer(1, 2), random.integer(1, 2), ...space]))],
  }
}

export const convolutions: CaseTable = {
  'Conv with computed weights': computedWeights('Conv'),
  'ConvTranspose with computed weights': computedWeights('ConvTranspose'),
  'ConvTranspose with auto_pad': transposed('auto_pad', [1, 2]),
  'ConvTranspose with output_shape': transposed('output_shape', [1, 2]),
  'ConvTranspose with output_padding': transposed('output_padding', [1, 2]),
  'ConvTranspose 3-D': transposed('output_padding', [3]),
  'LpPool': lpPool,
  'GlobalLpPool': (random) => ({ op: 'GlobalLpPool', opset: random.pick([11, 18]), attributes: { p: random.integer(1, 3) }, inputs: [fed(random.awayFromZero(random.dims(3, 5)))] }),
}
