/** @file Cases of matrix products and convolutions. */
import { float } from '../../../src/graph/index.js'
import { fed, OPSETS, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

const gemm: CaseMaker = (random) => {
  const [m, k, n] = random.list(3, () => random.integer(1, 4))
  const [transA, transB] = [random.boolean(), random.boolean()]
  const c = random.pick([null, [], [1], [n], [1, n], [m, 1], [m, n], [1, 1]])
  return {
    op: 'Gemm',
    opset: random.pick([11, ...OPSETS]),
    attributes: { transA: Number(transA), transB: Number(transB), alpha: random.pick([undefined, float(0.5), float(-2)]), beta: random.pick([undefined, float(0.25), float(0)]) },
    inputs: [fed(random.tensor(transA ? [k, m] : [m, k])), fed(random.tensor(transB ? [n, k] : [k, n])), ...(c === null ? [] : [fed(random.tensor(c))])],
  }
}

const matMul = (shapes: (random: Random, m: number, k: number, n: number) => [number[], number[]]): CaseMaker => (random) => {
  const [m, k, n] = random.list(3, () => random.integer(1, 4))
  const [a, b] = shapes(random, m, k, n)
  return { op: 'MatMul', opset: random.pick([9, ...OPSETS]), inputs: [fed(random.tensor(a)), fed(random.tensor(b))] }
}

type ConvOptions = { readonly spatialRanks: readonly number[]; readonly autoPad?: boolean; readonly groups?: readonly number[] }

const conv = ({ spatialRanks, autoPad = false, groups = [1, 2, 3] }: ConvOptions): CaseMaker => (random) => {
  const rank = random.pick(spatialRanks)
  const group = random.pick(groups)
  const [channels, filters] = [random.integer(1, 2), random.integer(1, 2)]
  const kernel = random.list(rank, () => random.integer(1, 3))
  const padding = autoPad ? random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) : 'NOTSET'
  // ONNX Runtime defines SAME padding for undilated kernels only.
  const dilations = kernel.map(() => (padding.startsWith('SAME') ? 1 : random.integer(1, 2)))
  const pads = random.list(2 * rank, () => random.integer(0, 2))
  const spatial = kernel.map((size, i) => Math.max(1, (size - 1) * dilations[i] + 1 - (padding === 'NOTSET' ? pads[i] + pads[i + rank] : 0)) + random.integer(0, rank === 3 ? 1 : 3))
  const bias = random.boolean() ? [fed(random.tensor([filters * group]))] : []
  return {
    op: 'Conv',
    opset: random.pick([11, ...OPSETS]),
    attributes: {
      group,
      dilations,
      strides: random.list(rank, () => random.integer(1, 3)),
      kernel_shape: random.boolean() ? kernel : undefined,
      ...(padding === 'NOTSET' ? { pads } : { auto_pad: padding }),
    },
    inputs: [fed(random.tensor([random.integer(1, 2), channels * group, ...spatial])), parameter(random.tensor([filters * group, channels, ...kernel])), ...bias],
  }
}

export const linear: CaseTable = {
  'Gemm': gemm,
  'MatMul of matrices': matMul((_, m, k, n) => [[m, k], [k, n]]),
  'MatMul with vectors': matMul((random, m, k, n) => random.pick([[[k], [k]], [[k], [k, n]], [[m, k], [k]], [[k], [2, k, n]], [[2, m, k], [k]], [[k], [2, 3, k, n]], [[2, 1, m, k], [k]]])),
  'MatMul with batches': matMul((random, m, k, n) => {
    const batch = random.dims(1, 2)
    return [[...(random.boolean() ? batch : random.broadcastableTo(batch)), m, k], [...random.broadcastableTo(batch), k, n]]
  }),
  'Conv 1-D': conv({ spatialRanks: [1] }),
  'Conv 2-D': conv({ spatialRanks: [2] }),
  'Conv 2-D ungrouped': conv({ spatialRanks: [2], groups: [1] }),
  'Conv 3-D': conv({ spatialRanks: [3], groups: [1, 2] }),
  'Conv with auto_pad': conv({ spatialRanks: [1, 2], autoPad: true }),
}
