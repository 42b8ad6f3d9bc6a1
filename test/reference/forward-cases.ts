/** @file Cases of operators that are only ever run forward, or whose gradient is not part of the conformance tables. */
import { float } from '../../src/graph/index.js'
import { fed, fixed, int64s, OPSETS, type CaseMaker, type CaseTable } from '../conformance/operator-case.js'
import type { Random } from '../conformance/random.js'
import { refTensor, type RefTensor } from './index.js'

const unary = (op: string, values: (random: Random, dims: number[]) => RefTensor = (random, dims) => random.tensor(dims)): [string, CaseMaker] => [
  op,
  (random) => ({ op, opset: random.pick(OPSETS), inputs: [fed(values(random, random.dims(0, 3)))] }),
]

const binary = (op: string, values: (random: Random, dims: number[]) => RefTensor): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(0, 3)
    return { op, opset: random.pick(OPSETS), inputs: [fed(values(random, dims)), fed(values(random, random.broadcastableTo(dims)))] }
  },
]

const variadic = (op: string): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(0, 3)
    return { op, opset: random.pick(OPSETS), inputs: [fed(random.tensor(dims)), ...random.list(random.integer(0, 2), () => fed(random.tensor(random.broadcastableTo(dims))))] }
  },
]

const inside = (low: number, high: number) => (random: Random, dims: number[]) => random.between(dims, low, high)
const whole = (random: Random, dims: number[]) => random.integers(dims, -3, 3)
const booleans = (random: Random, dims: number[]) => random.booleans(dims)
const coarse = (random: Random, dims: number[]) => refTensor(dims, random.integers(dims, -2, 2).data)
const halves = (random: Random, dims: number[]) => refTensor(dims, random.integers(dims, -6, 6).data.map((value) => value / 2))
const withNaN = (random: Random, dims: number[]) => refTensor(dims, random.integers(dims, 0, 1).data.map((value) => (value === 0 ? NaN : value)))

/** Axes became an input of all of these in opset 18. */
const reduce = (op: string): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(1, 4)
    const axes = random.axes(dims.length, 1)
    const x = fed(random.awayFromZero(dims))
    const keepdims = random.integer(0, 1)
    return random.boolean() ? { op, opset: random.pick([11, 13]), attributes: { axes, keepdims }, inputs: [x] } : { op, opset: random.pick([18, 21]), attributes: { keepdims }, inputs: [x, int64s(axes)] }
  },
]

const arg = (op: string): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(1, 4)
    return { op, opset: random.pick(OPSETS), attributes: { axis: random.axis(dims.length), keepdims: random.integer(0, 1), select_last_index: random.integer(0, 1) }, inputs: [fed(coarse(random, dims))] }
  },
]

const convTranspose = (named: 'pads' | 'auto_pad' | 'output_shape'): CaseMaker => (random) => {
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
    inputs: [fed(random.tensor([random.integer(1, 2), channels * group, ...spatial])), fed(random.tensor([channels * group, filters, ...kernel])), ...(random.boolean() ? [fed(random.tensor([filters * group]))] : [])],
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

const gatherND: CaseMaker = (random) => {
  const dims = random.dims(2, 4)
  const batch = random.integer(0, 1)
  const depth = random.integer(1, dims.length - batch)
  const outer = [...dims.slice(0, batch), ...random.dims(0, 2)]
  return { op: 'GatherND', opset: random.pick([12, ...OPSETS]), attributes: { batch_dims: batch }, inputs: [fed(random.tensor(dims)), fed(coordinates(random, outer, dims.slice(batch, batch + depth)))] }
}

/** Without a reduction every element may be written only once. */
const scatterElements: CaseMaker = (random) => {
  const dims = random.dims(1, 3)
  const axis = random.axis(dims.length)
  const place = axis < 0 ? axis + dims.length : axis
  const reduction = random.pick(['none', 'add', 'mul', 'max', 'min'])
  const order = random.order(dims[place])
  const indices = reduction === 'none' ? refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => order[Math.floor(i / dims.slice(place + 1).reduce((a, b) => a * b, 1)) % dims[place]]), 'int64') : random.integers(dims, -dims[place], dims[place] - 1)
  return { op: 'ScatterElements', opset: reduction === 'none' ? random.pick([11, 18]) : 18, attributes: { axis, ...(reduction === 'none' ? {} : { reduction }) }, inputs: [fed(random.tensor(dims)), fed(indices), fed(random.tensor(indices.dims))] }
}

const scatterND: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 4)
  const depth = random.integer(1, dims.length)
  const reduction = random.pick(['none', 'add', 'mul', 'max', 'min'])
  const indices = reduction === 'none' ? refTensor([1, depth], dims.slice(0, depth).map((dim) => dim - 1), 'int64') : coordinates(random, random.dims(1, 2), dims.slice(0, depth))
  return { op: 'ScatterND', opset: reduction === 'none' ? random.pick([11, 18]) : 18, attributes: reduction === 'none' ? {} : { reduction }, inputs: [fed(random.tensor(dims)), fed(indices), fed(random.tensor([...indices.dims.slice(0, -1), ...dims.slice(depth)]))] }
}

const modulo: CaseMaker = (random) => {
  const dims = random.dims(0, 3)
  const floats = random.boolean()
  const divisor = random.pick([2, 3, -2])
  return { op: 'Mod', opset: 13, attributes: { fmod: Number(floats) || random.integer(0, 1) }, inputs: [fed(floats ? random.awayFromZero(dims) : whole(random, dims)), fed(refTensor([], [divisor], floats ? 'float32' : 'int64'))] }
}

const castAnywhere: CaseMaker = (random) => {
  const [from, to] = random.pick([['float32', 7], ['float32', 6], ['float32', 9], ['int64', 1], ['int64', 9], ['bool', 1], ['bool', 7], ['int32', 7], ['int64', 3], ['float32', 11]] as const)
  const dims = random.dims(0, 3)
  return { op: 'Cast', opset: random.pick(OPSETS), attributes: { to }, inputs: [fed(from === 'float32' ? halves(random, dims) : from === 'bool' ? random.booleans(dims) : random.integers(dims, -9, 9, from))] }
}

export const forwardOnly: CaseTable = {
  ...Object.fromEntries([
    ...['Abs', 'Sign', 'Sin', 'Cos', 'Tan', 'Sinh', 'Cosh', 'Asinh', 'Atan', 'Erf', 'Floor', 'Ceil', 'Softplus', 'Softsign', 'HardSigmoid', 'Elu', 'Celu', 'Selu', 'ThresholdedRelu'].map((op) => unary(op)),
    ...['Asin', 'Acos', 'Atanh'].map((op) => unary(op, inside(-0.9, 0.9))),
    unary('Acosh', inside(1.1, 3)),
    unary('Reciprocal', (random, dims) => random.awayFromZero(dims)),
    unary('Round', halves),
    unary('IsNaN', withNaN),
    unary('Not', booleans),
    ...['And', 'Or', 'Xor'].map((op) => binary(op, booleans)),
    ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].flatMap((op) => [binary(op, coarse), [`${op} of integers`, binary(op, whole)[1]] as [string, CaseMaker]]),
    ...['Add', 'Sub', 'Mul'].map((op) => [`${op} of integers`, binary(op, whole)[1]] as [string, CaseMaker]),
    ...['Sum', 'Mean', 'Min', 'Max'].map(variadic),
    ...['ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].map(reduce),
    ...['ArgMax', 'ArgMin'].map(arg),
  ]),
  'Div of integers': (random) => {
    const dims = random.dims(0, 3)
    return { op: 'Div', opset: 13, inputs: [fed(random.integers(dims, -7, 7)), fed(random.integers(random.broadcastableTo(dims), 1, 3))] }
  },
  'HardSwish': (random) => ({ op: 'HardSwish', opset: random.pick([14, 21]), inputs: [fed(random.tensor(random.dims(0, 3)))] }),
  // What a scalar gives is not specified.
  'NonZero': (random) => ({ op: 'NonZero', opset: random.pick(OPSETS), inputs: [fed(coarse(random, random.dims(1, 3)))] }),
  'Mod': modulo,
  'Gelu': (random) => ({ op: 'Gelu', opset: 20, attributes: { approximate: random.pick(['none', 'tanh']) }, inputs: [fed(random.tensor(random.dims(0, 3)))] }),
  'PRelu': (random) => {
    const dims = random.dims(1, 3)
    return { op: 'PRelu', opset: random.pick([9, 16]), inputs: [fed(random.tensor(dims)), fed(random.tensor(random.broadcastableTo(dims)))] }
  },
  'Cast between kinds': castAnywhere,
  'ConvTranspose': convTranspose('pads'),
  'ConvTranspose with auto_pad': convTranspose('auto_pad'),
  'ConvTranspose with output_shape': convTranspose('output_shape'),
  'GlobalMaxPool': (random) => ({ op: 'GlobalMaxPool', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.dims(3, 5)))] }),
  'LayerNormalization': (random) => {
    const dims = random.dims(1, 3, 4)
    const axis = random.axis(dims.length)
    const inner = dims.slice(axis)
    return { op: 'LayerNormalization', opset: 17, attributes: { axis }, inputs: [fed(random.tensor(dims)), fed(random.tensor(inner)), ...(random.boolean() ? [fed(random.tensor(inner))] : [])] }
  },
  'Pad with a constant': pad('constant'),
  'Pad by reflection': pad('reflect'),
  'Pad with the edge': pad('edge'),
  'Split': split,
  'GatherElements': gatherElements,
  'GatherND': gatherND,
  'ScatterElements': scatterElements,
  'ScatterND': scatterND,
  'Range': (random) => ({ op: 'Range', opset: 13, inputs: [random.integer(-3, 3), random.integer(-3, 6), random.pick([1, 2, -1])].map((value) => fixed(refTensor([], [value], 'int64'))) }),
  'Expand': (random) => {
    const dims = random.dims(0, 4)
    return { op: 'Expand', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.broadcastableTo(dims))), int64s(dims)] }
  },
  'Tile': (random) => {
    const dims = random.dims(1, 3)
    return { op: 'Tile', opset: random.pick(OPSETS), inputs: [fed(random.tensor(dims)), int64s(dims.map(() => random.integer(1, 3)))] }
  },
  'OneHot': (random) => {
    const dims = random.dims(1, 2)
    return { op: 'OneHot', opset: random.pick([11, ...OPSETS]), attributes: { axis: random.axis(dims.length + 1) }, inputs: [fed(random.integers(dims, -3, 2)), fixed(refTensor([], [3], 'int64')), fixed(refTensor([2], [-1, 1]))] }
  },
  'Trilu': (random) => ({ op: 'Trilu', opset: 14, attributes: { upper: random.integer(0, 1) }, inputs: [fed(random.tensor(random.dims(2, 4))), ...(random.boolean() ? [fixed(refTensor([], [random.integer(-2, 2)], 'int64'))] : [])] }),
  'EyeLike': (random) => ({ op: 'EyeLike', opset: 9, attributes: { k: random.integer(-1, 1) }, inputs: [fed(random.tensor(random.dims(2, 2)))] }),
  'CumSum': (random) => {
    const dims = random.dims(1, 3)
    return { op: 'CumSum', opset: random.pick([11, 14]), attributes: { exclusive: random.integer(0, 1), reverse: random.integer(0, 1) }, inputs: [fed(random.tensor(dims)), fixed(refTensor([], [random.axis(dims.length)], 'int64'))] }
  },
  'ConstantOfShape': (random) => ({ op: 'ConstantOfShape', opset: random.pick(OPSETS), inputs: [int64s(random.dims(0, 3))] }),
  'Dropout': (random) => ({ op: 'Dropout', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.dims(1, 3)))], outputs: 2 }),
}
