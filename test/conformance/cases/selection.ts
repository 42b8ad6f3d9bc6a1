/** @file Cases of operators that choose, mark, scatter, repeat and reorder elements. */
import { refTensor, type RefTensor } from '../../reference/index.js'
import { fed, fixed, int64s, OPSETS, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'
import { scatterElements, scatterND } from './further.js'
import type { Random } from '../random.js'

const place = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis)

const topK: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 4)
  const axis = random.axis(dims.length)
  return { op: 'TopK', opset: random.pick([11, 18, 21]), attributes: { axis, largest: random.integer(0, 1) }, inputs: [fed(random.tensor(dims)), int64s([random.integer(1, dims[place(axis, dims.length)])])], outputs: 2 }
}

const trilu: CaseMaker = (random) => {
  const diagonal = fixed(refTensor([], [random.integer(-3, 3)], 'int64'))
  return { op: 'Trilu', opset: random.pick([14, 21]), attributes: { upper: random.integer(0, 1) }, inputs: [fed(random.tensor(random.dims(2, 4))), ...(random.boolean() ? [random.boolean() ? diagonal : fed(diagonal.tensor)] : [])] }
}

const oneHot: CaseMaker = (random) => {
  const dims = random.dims(1, 2)
  const depth = refTensor(random.pick([[], [1]]), [3], 'int64')
  return { op: 'OneHot', opset: random.pick([11, ...OPSETS]), attributes: { axis: random.axis(dims.length + 1) }, inputs: [random.boolean() ? fixed(random.integers(dims, -4, 3)) : fed(random.integers(dims, -4, 3)), random.boolean() ? fixed(depth) : fed(depth), fed(random.tensor([2]))] }
}

const compress: CaseMaker = (random) => {
  const dims = random.dims(1, 3)
  const axis = random.pick([undefined, random.axis(dims.length)])
  const length = axis === undefined ? dims.reduce((a, b) => a * b, 1) : dims[place(axis, dims.length)]
  // A shorter condition drops the rest.
  const condition = random.booleans([random.integer(1, length)])
  condition.data[0] = 1
  return { op: 'Compress', opset: random.pick([11, 18]), attributes: { axis }, inputs: [fed(random.tensor(dims)), random.boolean() ? fixed(condition) : fed(condition)] }
}

const reverseSequence: CaseMaker = (random) => {
  const dims = [...random.dims(2, 2, 4), ...random.dims(0, 2)]
  const time = random.integer(0, 1)
  const lengths = random.integers([dims[1 - time]], 1, dims[time])
  return { op: 'ReverseSequence', opset: random.pick([10, 18]), attributes: { time_axis: time, batch_axis: 1 - time }, inputs: [fed(random.tensor(dims)), random.boolean() ? fixed(lengths) : fed(lengths)] }
}

const unique: CaseMaker = (random) => {
  const dims = random.dims(1, 3)
  return { op: 'Unique', opset: random.pick([11, 18]), attributes: { axis: random.pick([undefined, random.axis(dims.length)]), sorted: random.integer(0, 1) }, inputs: [fed(random.tensor(dims))], outputs: random.integer(1, 4) }
}

const tensorScatter: CaseMaker = (random) => {
  const dims = [random.integer(1, 3), ...random.dims(2, 3, 4)]
  const axis = random.integer(1, dims.length - 1)
  const circular = random.boolean()
  const length = random.integer(1, dims[axis])
  const first = random.integers([dims[0]], 0, circular ? dims[axis] - 1 : dims[axis] - length)
  return { op: 'TensorScatter', opset: 24, attributes: { axis: random.pick([axis, axis - dims.length]), mode: circular ? 'circular' : 'linear' }, inputs: [fed(random.tensor(dims)), fed(random.tensor(dims.map((dim, i) => (i === axis ? length : dim)))), ...(random.boolean() ? [fed(first)] : [])] }
}

const padding = (mode: string, least: number): CaseMaker => (random) => {
  // ONNX Runtime cuts before it reflects, and wraps round once.
  const dims = random.list(random.integer(1, 3), () => random.integer(mode === 'reflect' ? 4 : 1, 4))
  const axes = random.axes(dims.length, 1)
  const most = (axis: number) => (mode === 'reflect' ? 1 : mode === 'wrap' ? Math.min(2, dims[axis]) : 2)
  const before = axes.map((axis) => random.integer(Math.max(least, -dims[axis] + 1), most(axis)))
  const after = axes.map((axis, i) => random.integer(Math.max(least, 1 - dims[axis] - Math.min(before[i], 0)), most(axis)))
  const pads = int64s([...before, ...after])
  const known = random.boolean()
  return { op: 'Pad', opset: random.pick([19, 21]), attributes: { mode }, inputs: [fed(random.tensor(dims)), known ? pads : fed(pads.tensor), mode === 'constant' ? fed(random.tensor([])) : null, int64s(axes.map((axis) => random.pick([axis, axis - dims.length])))] }
}

/** Known indices that follow one another, which the gradient turns into pads. */
const gatherRun: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 4)
  const axis = random.axis(dims.length)
  const size = dims[place(axis, dims.length)]
  const [from, to] = [random.integer(0, size - 1), random.integer(0, size - 1)].sort((a, b) => a - b)
  const indices = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const signed = random.boolean() ? indices : indices.map((index) => index - size)
  const shape = indices.length === 1 ? random.pick([[], [1], [1, 1]]) : [indices.length]
  return { op: 'Gather', opset: random.pick(OPSETS), attributes: { axis }, inputs: [fed(random.tensor(dims)), fixed(refTensor(shape, signed, 'int64'))] }
}

const splitWithEmpty: CaseMaker = (random) => {
  const sizes = [random.integer(1, 3), 0, random.integer(0, 2)]
  return { op: 'Split', opset: random.pick([13, 18]), attributes: { axis: 1 }, inputs: [fed(random.tensor([2, sizes.reduce((a, b) => a + b, 0)])), int64s(sizes)], outputs: 3 }
}

const tileAtRunTime: CaseMaker = (random) => {
  const dims = random.dims(1, 3)
  return { op: 'Tile', opset: random.pick(OPSETS), inputs: [fed(random.tensor(dims)), fed(refTensor([dims.length], dims.map(() => random.integer(1, 3)), 'int64'))] }
}

/** Every k-th element, either way round, of axes with more elements. */
const strided: CaseMaker = (random) => {
  const dims = random.dims(2, 3, 7)
  const axis = random.axis(dims.length)
  const size = dims[place(axis, dims.length)]
  const step = random.pick([2, 3, -1, -2, -3])
  const start = random.integer(0, size - 1)
  const end = step > 0 ? random.integer(start + 1, size + 2) : start === 0 || random.boolean() ? -size - 2 : random.integer(0, start - 1)
  return { op: 'Slice', opset: random.pick([13, 18]), inputs: [fed(random.tensor(dims)), int64s([start]), int64s([end]), int64s([axis]), int64s([step])] }
}

const withZeros = (make: CaseMaker): CaseMaker => (random) => {
  const one = make(random)
  return { ...one, inputs: one.inputs.map((given, i) => (given === null || i === 1 ? given : { ...given, tensor: someZeros(random, given.tensor) })) }
}
const someZeros = (random: Random, { dims, data, dtype }: RefTensor): RefTensor => {
  const keep = random.uniform(data.length, 0, 1)
  return refTensor(dims, data.map((value, i) => (keep[i] < 0.3 ? 0 : value)), dtype)
}

/** The gradient of the scale, of which there is one, one for each slice along an axis or one for each block of two along it. */
const dequantize = (kind: 'one' | 'axis' | 'block'): CaseMaker => (random) => {
  const dims = random.dims(2, 3, 4)
  const axis = random.integer(0, dims.length - 1)
  const blocks = dims.map((dim, i) => (i === axis ? Math.ceil(dim / 2) : dim))
  const size = { one: random.pick([[], [1]]), axis: [dims[axis]], block: blocks }[kind]
  const attributes = { axis: random.pick([axis, axis - dims.length]), block_size: kind === 'block' ? 2 : undefined }
  const zero = random.boolean() ? [fixed(random.integers(size, -5, 5, 'int8'))] : []
  return { op: 'DequantizeLinear', opset: random.pick([21, 23]), attributes, inputs: [fixed(random.integers(dims, -128, 127, 'int8')), parameter(random.awayFromZero(size)), ...zero] }
}

export const selection: CaseTable = {
  'DequantizeLinear with one scale': dequantize('one'),
  'DequantizeLinear along an axis': dequantize('axis'),
  'DequantizeLinear in blocks': dequantize('block'),
  'TopK': topK,
  'Trilu': trilu,
  'OneHot': oneHot,
  'Compress': compress,
  'ReverseSequence': reverseSequence,
  'Unique': unique,
  'TensorScatter': tensorScatter,
  'Pad around nothing but its value': padding('constant', 0),
  'Pad and cut, with a value': padding('constant', -2),
  'Pad and cut by reflection': padding('reflect', -1),
  'Pad and cut with the edge': padding('edge', -1),
  'Pad by wrapping': padding('wrap', 0),
  'Gather of a run': gatherRun,
  'Slice in steps': strided,
  'Split with empty parts': splitWithEmpty,
  'Tile as often as is said at run time': tileAtRunTime,
  'ScatterElements by max and min': scatterElements(['max', 'min']),
  'ScatterElements by mul': scatterElements(['mul']),
  'ScatterElements by mul with zeros': withZeros(scatterElements(['mul'])),
  'ScatterND by max and min': scatterND(['max', 'min']),
  'ScatterND by mul': scatterND(['mul']),
  'ScatterND by mul with zeros': withZeros(scatterND(['mul'])),
}
