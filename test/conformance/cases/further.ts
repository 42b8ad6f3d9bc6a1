/** @file Cases of differentiable operators beyond those that classifiers are usually made of. */
import { float } from '../../../src/graph/index.js'
import { refTensor, type RefTensor } from '../../reference/index.js'
import { fed, fixed, int64s, OPSETS, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

const unary = (op: string): [string, CaseMaker] => [op, (random) => ({ op, opset: random.pick(OPSETS), inputs: [fed(random.awayFromZero(random.dims(0, 3)))] })]

const variadic = (op: string): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(0, 3)
    return { op, opset: random.pick(OPSETS), inputs: [fed(random.tensor(dims)), ...random.list(random.integer(0, 2), () => fed(random.tensor(random.broadcastableTo(dims))))] }
  },
]

/** Axes became an input of all of these in opset 18. */
export const reduce = (op: string): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(1, 4)
    const axes = random.axes(dims.length, 1)
    const x = fed(random.tensor(dims))
    const keepdims = random.integer(0, 1)
    return random.boolean() ? { op, opset: random.pick([11, 13]), attributes: { axes, keepdims }, inputs: [x] } : { op, opset: random.pick([18, 21]), attributes: { keepdims }, inputs: [x, int64s(axes)] }
  },
]

export const convTranspose = (named: 'pads' | 'auto_pad' | 'output_shape'): CaseMaker => (random) => {
  const rank = random.integer(1, 2)
  const group = random.integer(1, 2)
  const [channels, filters] = [random.integer(1, 2), random.integer(1, 2)]
  const kernel = random.list(rank, () => random.integer(2, 3))
  const strides = random.list(rank, () => random.integer(1, 2))
  const spatial = random.list(rank, () => random.integer(2, 4))
  const padding = {
    pads: { pads: random.list(2 * rank, () => random.integer(0, 1)), dilations: random.list(rank, () => random.integer(1, 2)), output_padding: strides.map((stride) => stride - 1) },
    auto_pad: { auto_pad: random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) },
    output_shape: { output_shape: spatial.map((size, i) => strides[i] * size) },
  }[named]
  return {
    op: 'ConvTranspose',
    opset: random.pick([11, 21]),
    attributes: { group, strides, ...padding },
    inputs: [fed(random.tensor([random.integer(1, 2), channels * group, ...spatial])), parameter(random.tensor([channels * group, filters, ...kernel])), ...(random.boolean() ? [fed(random.tensor([filters * group]))] : [])],
  }
}

const pad = (mode: string): CaseMaker => (random) => {
  const dims = random.dims(1, 3, 4)
  const amounts = random.list(2 * dims.length, (i) => random.integer(0, mode === 'reflect' ? dims[i % dims.length] - 1 : 2))
  const value = mode === 'constant' ? random.pick([null, 1.5]) : null
  const attributes = { mode }
  if (random.boolean()) return { op: 'Pad', opset: 10, attributes: { ...attributes, pads: amounts, ...(value === null ? {} : { value: float(value) }) }, inputs: [fed(random.tensor(dims))] }
  const axis = random.axis(dims.length)
  const place = axis < 0 ? axis + dims.length : axis
  const rest = value === null ? null : fixed(refTensor([], [value]))
  return random.boolean()
    ? { op: 'Pad', opset: 13, attributes, inputs: [fed(random.tensor(dims)), int64s(amounts), rest] }
    : { op: 'Pad', opset: 18, attributes, inputs: [fed(random.tensor(dims)), int64s([amounts[place], amounts[place + dims.length]]), rest, int64s([axis])] }
}

const split: CaseMaker = (random) => {
  const dims = random.dims(1, 3)
  const axis = random.axis(dims.length)
  const place = axis < 0 ? axis + dims.length : axis
  const sizes = random.list(random.integer(1, 3), () => random.integer(1, 3))
  const x = fed(random.tensor(dims.map((dim, i) => (i === place ? sizes.reduce((a, b) => a + b, 0) : dim))))
  return random.pick([
    { op: 'Split', opset: 11, attributes: { axis, split: sizes }, inputs: [x], outputs: sizes.length },
    { op: 'Split', opset: 13, attributes: { axis }, inputs: [x, int64s(sizes)], outputs: sizes.length },
    { op: 'Split', opset: 18, attributes: { axis, num_outputs: 2 }, inputs: [fed(random.tensor(dims.map((dim, i) => (i === place ? random.integer(3, 6) : dim))))], outputs: 2 },
  ])
}

const gatherElements: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 4)
  const axis = random.axis(dims.length)
  const place = axis < 0 ? axis + dims.length : axis
  const indices = random.integers(dims.map((dim, i) => (i === place ? random.integer(1, 4) : dim)), -dims[place], dims[place] - 1)
  return { op: 'GatherElements', opset: random.pick([11, ...OPSETS]), attributes: { axis }, inputs: [fed(random.tensor(dims)), fed(indices)] }
}

/** Coordinates of `depth` axes for each place of `outer`. */
const coordinates = (random: Random, outer: readonly number[], dims: readonly number[]): RefTensor => {
  const columns = dims.map((dim) => random.integers(outer, -dim, dim - 1).data)
  return refTensor([...outer, dims.length], Array.from(columns[0]).flatMap((_, i) => columns.map((column) => column[i])), 'int64')
}

const gatherND = (batch: number): CaseMaker => (random) => {
  const dims = random.dims(2, 4)
  const depth = random.integer(1, dims.length - batch)
  const outer = [...dims.slice(0, batch), ...random.dims(0, 2)]
  return { op: 'GatherND', opset: random.pick([12, ...OPSETS]), attributes: { batch_dims: batch }, inputs: [fed(random.tensor(dims)), fed(coordinates(random, outer, dims.slice(batch, batch + depth)))] }
}

/** Without a reduction every element may be written only once. */
export const scatterElements = (reductions: readonly string[]): CaseMaker => (random) => {
  const dims = random.dims(1, 3)
  const axis = random.axis(dims.length)
  const place = axis < 0 ? axis + dims.length : axis
  const reduction = random.pick(reductions)
  const order = random.order(dims[place])
  const indices = reduction === 'none' ? refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => order[Math.floor(i / dims.slice(place + 1).reduce((a, b) => a * b, 1)) % dims[place]]), 'int64') : random.integers(dims, -dims[place], dims[place] - 1)
  return { op: 'ScatterElements', opset: reduction === 'none' ? random.pick([11, 18]) : 18, attributes: { axis, ...(reduction === 'none' ? {} : { reduction }) }, inputs: [fed(random.tensor(dims)), fed(indices), fed(random.tensor(indices.dims))] }
}

export const scatterND = (reductions: readonly string[]): CaseMaker => (random) => {
  const dims = random.dims(1, 3, 4)
  const depth = random.integer(1, dims.length)
  const reduction = random.pick(reductions)
  const indices = reduction === 'none' ? refTensor([1, depth], dims.slice(0, depth).map((dim) => dim - 1), 'int64') : coordinates(random, random.dims(1, 2), dims.slice(0, depth))
  return { op: 'ScatterND', opset: reduction === 'none' ? random.pick([11, 18]) : 18, attributes: reduction === 'none' ? {} : { reduction }, inputs: [fed(random.tensor(dims)), fed(indices), fed(random.tensor([...indices.dims.slice(0, -1), ...dims.slice(depth)]))] }
}

export const further: CaseTable = {
  ...Object.fromEntries([
    ...['Abs', 'Sin', 'Cos', 'Erf', 'Softplus', 'Reciprocal'].map(unary),
    ...['Sum', 'Mean', 'Min', 'Max'].map(variadic),
    ...['ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].map(reduce),
  ]),
  'CastLike': (random) => ({ op: 'CastLike', opset: random.pick([15, 21]), inputs: [fed(random.tensor(random.dims(0, 3), random.pick(['float32', 'float64']))), fixed(refTensor([1], [0], random.pick(['float32', 'float64'])))] }),
  'Pad with a constant': pad('constant'),
  'Pad by reflection': pad('reflect'),
  'Pad with the edge': pad('edge'),
  'Split': split,
  'Expand': (random) => {
    const dims = random.dims(0, 4)
    return { op: 'Expand', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.broadcastableTo(dims))), int64s(dims)] }
  },
  'Tile': (random) => {
    const dims = random.dims(1, 3)
    return { op: 'Tile', opset: random.pick(OPSETS), inputs: [fed(random.tensor(dims)), int64s(dims.map(() => random.integer(1, 3)))] }
  },
  'ConvTranspose': convTranspose('pads'),
  'GlobalMaxPool': (random) => ({ op: 'GlobalMaxPool', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.dims(3, 5)))] }),
  'GatherElements': gatherElements,
  'GatherND': gatherND(0),
  'GatherND with batch_dims': gatherND(1),
  'ScatterElements': scatterElements(['none', 'add']),
  'ScatterND': scatterND(['none', 'add']),
}
