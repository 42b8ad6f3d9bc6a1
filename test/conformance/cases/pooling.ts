/** @file Cases of pools, normalizations and softmax. */
import { float } from '../../../src/graph/index.js'
import { fed, OPSETS, type CaseMaker, type CaseTable } from '../operator-case.js'

type PoolOptions = { readonly op: 'MaxPool' | 'AveragePool'; readonly autoPad?: boolean; readonly dilated?: boolean; readonly ceil?: 'no' | 'every window kept' | 'any'; readonly opsets?: readonly number[] }

const pool = ({ op, autoPad = false, dilated = false, ceil = 'no', opsets = OPSETS }: PoolOptions): CaseMaker => (random) => {
  const rank = random.pick([1, 2, 2, 3])
  const kernel = random.list(rank, () => random.integer(1, 3))
  const dilations = kernel.map(() => (dilated ? random.integer(1, 2) : 1))
  // A window may not lie in the padding altogether.
  const pads = random.list(2 * rank, (i) => random.integer(0, kernel[i % rank] - 1))
  const extent = kernel.map((size, i) => (size - 1) * dilations[i] + 1)
  // SAME with a window smaller than its stride asks for negative padding: ONNX Runtime refuses it or crops, and the specification is silent.
  const strides = random.boolean() ? kernel.map((size) => random.integer(1, autoPad ? size : 3)) : undefined
  const spatial = extent.map((size, i) => {
    const drawn = size + random.integer(0, rank === 3 ? 1 : 3)
    return ceil === 'every window kept' ? untilNoWindowIsDropped(drawn, size, strides?.[i] ?? 1, pads[i], pads[i + rank]) : drawn
  })
  return {
    op,
    opset: random.pick(opsets),
    attributes: {
      kernel_shape: kernel,
      strides,
      ...(dilated ? { dilations } : {}),
      ...(ceil === 'no' ? {} : { ceil_mode: 1 }),
      ...(autoPad ? { auto_pad: random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) } : { pads }),
      ...(op === 'AveragePool' ? { count_include_pad: random.integer(0, 1) } : {}),
    },
    inputs: [fed(random.tensor([random.integer(1, 2), random.integer(1, 2), ...spatial]))],
  }
}

/** Where ceil_mode drops a last window that would start in the padding, the shape inference of ONNX and the kernel of ONNX Runtime disagree, so that static shapes do not load. */
function untilNoWindowIsDropped(size: number, extent: number, stride: number, padBegin: number, padEnd: number): number {
  const last = Math.ceil((size + padBegin + padEnd - extent) / stride) * stride
  return last < size + padBegin ? size : untilNoWindowIsDropped(size + 1, extent, stride, padBegin, padEnd)
}

const batchNormalization: CaseMaker = (random) => {
  const dims = random.dims(2, 4)
  const perChannel = [dims[1]]
  return {
    op: 'BatchNormalization',
    opset: random.pick([9, 14, 15, 17]),
    attributes: { epsilon: random.pick([undefined, float(0.01)]) },
    inputs: [random.tensor(dims), random.tensor(perChannel), random.tensor(perChannel), random.tensor(perChannel), random.between(perChannel, 0.3, 2)].map(fed),
  }
}

const softmax = (op: string, opsets: readonly number[]): CaseMaker => (random) => {
  const dims = random.dims(1, 4)
  const opset = random.pick(opsets)
  const axis = opset >= 13 ? random.pick([undefined, random.axis(dims.length)]) : dims.length > 1 && random.boolean() ? undefined : random.integer(0, dims.length - 1)
  return { op, opset, attributes: { axis }, inputs: [fed(random.tensor(dims))] }
}

const globalAverage: CaseMaker = (random) => ({ op: 'GlobalAveragePool', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.dims(3, 5)))] })

export const pooling: CaseTable = {
  'MaxPool': pool({ op: 'MaxPool', opsets: [8, 10, ...OPSETS] }),
  'MaxPool with Indices': (random) => ({ ...pool({ op: 'MaxPool' })(random), outputs: 2 }),
  'MaxPool dilated': pool({ op: 'MaxPool', dilated: true }),
  'MaxPool with ceil_mode': pool({ op: 'MaxPool', ceil: 'every window kept' }),
  'MaxPool with auto_pad': pool({ op: 'MaxPool', autoPad: true }),
  'AveragePool': pool({ op: 'AveragePool', opsets: [7, 11, 19, ...OPSETS] }),
  'AveragePool dilated': pool({ op: 'AveragePool', dilated: true, opsets: [19, 21] }),
  'AveragePool with ceil_mode': pool({ op: 'AveragePool', ceil: 'every window kept', opsets: [19, 21] }),
  'AveragePool with auto_pad': pool({ op: 'AveragePool', autoPad: true }),
  'GlobalAveragePool': globalAverage,
  'BatchNormalization': batchNormalization,
  'Softmax': softmax('Softmax', OPSETS),
  'Softmax before opset 13': softmax('Softmax', [7, 11, 12]),
  'LogSoftmax': softmax('LogSoftmax', OPSETS),
  'LogSoftmax before opset 13': softmax('LogSoftmax', [7, 11, 12]),
}

export const poolingWithDroppedWindows: CaseTable = {
  'MaxPool with any ceil_mode': pool({ op: 'MaxPool', ceil: 'any' }),
  'AveragePool with any ceil_mode': pool({ op: 'AveragePool', ceil: 'any', opsets: [19, 21] }),
}
