/** @file Cases of operators that move, select or reduce elements. */
import { tensorValue } from '../../../src/graph/index.js'
import { refTensor, toTensor } from '../../reference/index.js'
import { fed, fixed, int64s, OPSETS, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1)

const flatten: CaseMaker = (random) => {
  const dims = random.dims(0, 4)
  return { op: 'Flatten', opset: random.pick([11, ...OPSETS]), attributes: { axis: dims.length === 0 ? 0 : random.pick([undefined, random.integer(-dims.length, dims.length)]) }, inputs: [fed(random.tensor(dims))] }
}

/** Adjacent axes merged or axes of 1 put in, then some sizes written as 0 or −1. */
const reshape: CaseMaker = (random) => {
  const dims = random.dims(1, 4)
  const cut = random.integer(0, dims.length)
  const target = random.pick([
    [...dims],
    [sizeOf(dims)],
    [sizeOf(dims.slice(0, cut)), sizeOf(dims.slice(cut))],
    [...dims.slice(0, cut), 1, ...dims.slice(cut)],
    [...dims].reverse(),
  ])
  const open = random.integer(-1, target.length - 1)
  const written = target.map((dim, i) => (i === open ? -1 : i < dims.length && dim === dims[i] && random.boolean() ? 0 : dim))
  const shape = int64s(written)
  return { op: 'Reshape', opset: random.pick([7, ...OPSETS]), inputs: [fed(random.tensor(dims)), random.integer(0, 3) > 0 ? shape : fed(shape.tensor)] }
}

const transpose: CaseMaker = (random) => {
  const dims = random.dims(0, 4)
  return { op: 'Transpose', opset: random.pick(OPSETS), attributes: { perm: dims.length > 0 && random.boolean() ? random.order(dims.length) : undefined }, inputs: [fed(random.tensor(dims))] }
}

/** Axes are an attribute before opset 13. */
const withAxes = (op: string, opset: number, x: ReturnType<Random['tensor']>, axes: readonly number[] | null): ReturnType<CaseMaker> =>
  opset >= 13 ? { op, opset, inputs: [fed(x), ...(axes === null ? [] : [int64s(axes)])] } : { op, opset, attributes: axes === null ? {} : { axes }, inputs: [fed(x)] }

const squeeze: CaseMaker = (random) => {
  const dims = random.dims(0, 4, 2)
  const ones = dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []))
  const opset = random.pick([11, ...OPSETS])
  const axes = ones.slice(random.integer(0, ones.length)).map((axis) => (random.boolean() ? axis : axis - dims.length))
  return withAxes('Squeeze', opset, random.tensor(dims), axes.length === 0 || random.boolean() ? null : axes)
}

const unsqueeze: CaseMaker = (random) => {
  const dims = random.dims(0, 3)
  const count = random.integer(1, 2)
  const rank = dims.length + count
  const axes = random.order(rank).slice(0, count).map((axis) => (random.boolean() ? axis : axis - rank))
  return withAxes('Unsqueeze', random.pick([11, ...OPSETS]), random.tensor(dims), axes)
}

const concat: CaseMaker = (random) => {
  const dims = random.dims(1, 4)
  const axis = random.axis(dims.length)
  const normal = axis < 0 ? axis + dims.length : axis
  const parts = random.list(random.integer(1, 4), () => fed(random.tensor(dims.map((dim, i) => (i === normal ? random.integer(1, 3) : dim)))))
  return { op: 'Concat', opset: random.pick(OPSETS), attributes: { axis }, inputs: parts }
}

const slice: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 5)
  const axes = random.axes(dims.length, 1)
  const steps = axes.map(() => random.pick([1, 1, 2, 3, -1, -2]))
  // An empty selection is a case of its own.
  const bounds = axes.map((axis, i) => {
    const size = dims[axis]
    const [from, to] = [random.integer(0, size - 1), random.integer(0, size - 1)].sort((a, b) => a - b)
    const far = random.pick([2 ** 31 - 1, size])
    if (steps[i] > 0) return random.pick([[from, to + 1], [from, far], [from - size, to + 1], [-100, to + 1]])
    return random.pick([[to, from - 1 - (from === 0 ? size : 0)], [to, -far - 1], [far, from - 1 - (from === 0 ? size : 0)]])
  })
  const [starts, ends] = [0, 1].map((side) => bounds.map((bound) => bound[side]))
  if (random.boolean() && steps.every((step) => step === 1)) return { op: 'Slice', opset: 9, attributes: { starts, ends, axes }, inputs: [fed(random.tensor(dims))] }
  const signed = axes.map((axis) => (random.boolean() ? axis : axis - dims.length))
  return { op: 'Slice', opset: random.pick([10, ...OPSETS]), inputs: [fed(random.tensor(dims)), int64s(starts), int64s(ends), int64s(signed), int64s(steps)] }
}

const gather: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 4)
  const axis = random.axis(dims.length)
  const size = dims[axis < 0 ? axis + dims.length : axis]
  const indices = random.integers(random.dims(0, 2), -size, size - 1, random.pick(['int64', 'int32']))
  return { op: 'Gather', opset: random.pick([11, ...OPSETS]), attributes: { axis }, inputs: [fed(random.tensor(dims)), random.boolean() ? fixed(indices) : fed(indices)] }
}

/** Axes of ReduceSum became an input in opset 13, those of the others in 18. */
const reduce = (op: string, inputSince: number): CaseMaker => (random) => {
  const dims = random.dims(0, 4)
  const opset = random.pick([11, 13, 17, 18, 21])
  const chosen = random.axes(dims.length).map((axis) => (random.boolean() ? axis : axis - dims.length))
  const axes = chosen.length === 0 ? null : chosen
  const attributes = { keepdims: random.pick([undefined, 0, 1]) }
  if (opset < inputSince) return { op, opset, attributes: { ...attributes, ...(axes === null ? {} : { axes }) }, inputs: [fed(random.tensor(dims))] }
  const noop = random.pick([undefined, 1])
  return { op, opset, attributes: { ...attributes, noop_with_empty_axes: noop }, inputs: [fed(random.tensor(dims)), ...(axes === null ? (random.boolean() ? [int64s([])] : []) : [int64s(axes)])] }
}

export const shaping: CaseTable = {
  'Flatten': flatten,
  'Reshape': reshape,
  'Reshape with allowzero': (random) => {
    const dims = random.dims(1, 3)
    return { op: 'Reshape', opset: random.pick([14, 21]), attributes: { allowzero: 1 }, inputs: [fed(random.tensor(dims)), int64s([...dims].reverse())] }
  },
  'Transpose': transpose,
  'Squeeze': squeeze,
  'Unsqueeze': unsqueeze,
  'Concat': concat,
  'Slice': slice,
  'Gather': gather,
  'ReduceSum': reduce('ReduceSum', 13),
  'ReduceMean': reduce('ReduceMean', 18),
  'ReduceMax': reduce('ReduceMax', 18),
}

/** Operators without inputs have no gradient of their own; graphs with them do. */
export const constants: CaseTable = {
  'Constant': (random) => ({ op: 'Constant', opset: random.pick(OPSETS), attributes: { value: tensorValue(toTensor(random.tensor(random.dims(0, 3)))) }, inputs: [] }),
  'Shape': (random) => {
    const dims = random.dims(0, 4)
    const range = { start: random.pick([undefined, random.integer(-5, 5)]), end: random.pick([undefined, random.integer(-5, 5)]) }
    return random.boolean() ? { op: 'Shape', opset: 13, inputs: [fed(random.tensor(dims))] } : { op: 'Shape', opset: 17, attributes: range, inputs: [fed(random.tensor(dims))] }
  },
  'Size': (random) => ({ op: 'Size', opset: random.pick(OPSETS), inputs: [fed(refTensor([2, 3], random.uniform(6, 0, 1)))] }),
}
