/** @file Cases of operators that are only ever run forward, or whose gradient is not part of the conformance tables. */
import { fed, fixed, int64s, OPSETS, type CaseMaker, type CaseTable } from '../conformance/operator-case.js'
import { convTranspose, scatterElements, scatterND } from '../conformance/cases/further.js'
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

const whole = (random: Random, dims: number[]) => random.integers(dims, -3, 3)
const booleans = (random: Random, dims: number[]) => random.booleans(dims)
const coarse = (random: Random, dims: number[]) => refTensor(dims, random.integers(dims, -2, 2).data)
const halves = (random: Random, dims: number[]) => refTensor(dims, random.integers(dims, -6, 6).data.map((value) => value / 2))
const withNaN = (random: Random, dims: number[]) => refTensor(dims, random.integers(dims, 0, 1).data.map((value) => (value === 0 ? NaN : value)))

const arg = (op: string): [string, CaseMaker] => [
  op,
  (random) => {
    const dims = random.dims(1, 4)
    return { op, opset: random.pick(OPSETS), attributes: { axis: random.axis(dims.length), keepdims: random.integer(0, 1), select_last_index: random.integer(0, 1) }, inputs: [fed(coarse(random, dims))] }
  },
]

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
    ...['Sign', 'Floor', 'Ceil'].map((op) => unary(op)),
    unary('Round', halves),
    unary('IsNaN', withNaN),
    unary('Not', booleans),
    ...['And', 'Or', 'Xor'].map((op) => binary(op, booleans)),
    ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'].flatMap((op) => [binary(op, coarse), [`${op} of integers`, binary(op, whole)[1]] as [string, CaseMaker]]),
    ...['Add', 'Sub', 'Mul'].map((op) => [`${op} of integers`, binary(op, whole)[1]] as [string, CaseMaker]),
    ...['ArgMax', 'ArgMin'].map(arg),
  ]),
  'Div of integers': (random) => {
    const dims = random.dims(0, 3)
    return { op: 'Div', opset: 13, inputs: [fed(random.integers(dims, -7, 7)), fed(random.integers(random.broadcastableTo(dims), 1, 3))] }
  },
  // What a scalar gives is not specified.
  'NonZero': (random) => ({ op: 'NonZero', opset: random.pick(OPSETS), inputs: [fed(coarse(random, random.dims(1, 3)))] }),
  'Mod of either sign, with fmod or without': modulo,
  'Cast between kinds': castAnywhere,
  'Range': (random) => ({ op: 'Range', opset: 13, inputs: [random.integer(-3, 3), random.integer(-3, 6), random.pick([1, 2, -1])].map((value) => fixed(refTensor([], [value], 'int64'))) }),
  'ConvTranspose with auto_pad': convTranspose('auto_pad'),
  'ConvTranspose with output_shape': convTranspose('output_shape'),
  'ScatterElements with other reductions': scatterElements(['mul', 'max', 'min']),
  'ScatterND with other reductions': scatterND(['mul', 'max', 'min']),
  'OneHot': (random) => {
    const dims = random.dims(1, 2)
    return { op: 'OneHot', opset: random.pick([11, ...OPSETS]), attributes: { axis: random.axis(dims.length + 1) }, inputs: [fed(random.integers(dims, -3, 2)), fixed(refTensor([], [3], 'int64')), fixed(refTensor([2], [-1, 1]))] }
  },
  'Trilu': (random) => ({ op: 'Trilu', opset: 14, attributes: { upper: random.integer(0, 1) }, inputs: [fed(random.tensor(random.dims(2, 4))), ...(random.boolean() ? [fixed(refTensor([], [random.integer(-2, 2)], 'int64'))] : [])] }),
  'EyeLike': (random) => ({ op: 'EyeLike', opset: 9, attributes: { k: random.integer(-1, 1) }, inputs: [fed(random.tensor(random.dims(2, 2)))] }),
  'ConstantOfShape': (random) => ({ op: 'ConstantOfShape', opset: random.pick(OPSETS), inputs: [int64s(random.dims(0, 3))] }),
}
