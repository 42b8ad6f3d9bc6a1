/** @file Cases of element-wise operators with broadcasting. */
import { float } from '../../../src/graph/index.js'
import { refTensor } from '../../reference/index.js'
import { fed, fixed, OPSETS, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

const unary = (op: string, values: (random: Random, dims: number[]) => ReturnType<Random['tensor']> = (random, dims) => random.tensor(dims)): CaseMaker => (random) => ({
  op,
  opset: random.pick(OPSETS),
  inputs: [fed(values(random, random.dims(0, 4)))],
})

const positive = (random: Random, dims: number[]) => random.between(dims, 0.3, 2)

/** Two shapes that broadcast together: usually each smaller than the common one in its own way. */
function pair(random: Random): [number[], number[]] {
  const dims = random.dims(0, 4)
  return random.pick([() => [dims, random.broadcastableTo(dims)], () => [random.broadcastableTo(dims), dims], () => [random.broadcastableTo(dims), random.broadcastableTo(dims)]] as (() => [number[], number[]])[])()
}

const binary = (op: string): CaseMaker => (random) => {
  const [a, b] = pair(random)
  return { op, opset: random.pick([7, ...OPSETS]), inputs: [fed(random.tensor(a)), fed(random.tensor(b))] }
}

const constantOperand = (op: string): CaseMaker => (random) => {
  const [a, b] = pair(random)
  return random.boolean()
    ? { op, opset: random.pick(OPSETS), inputs: [fed(random.tensor(a)), fixed(random.awayFromZero(b))] }
    : { op, opset: random.pick(OPSETS), inputs: [fixed(random.awayFromZero(a)), fed(random.awayFromZero(b))] }
}

/** Values lie on half steps of 0.1 and bounds on whole ones, so none is near a bound. */
const clip: CaseMaker = (random) => {
  const dims = random.dims(0, 3)
  const x = refTensor(dims, random.integers(dims, -10, 9).data.map((step) => Math.fround((step + 0.5) * 0.1)))
  const [low, high] = [random.pick([null, -0.6, -0.2]), random.pick([null, 0.3, 0.7])]
  const bound = (value: number | null) => (value === null ? null : (random.boolean() ? fixed : fed)(refTensor([], [Math.fround(value)])))
  if (random.boolean()) return { op: 'Clip', opset: random.pick([11, ...OPSETS]), inputs: [fed(x), bound(low), bound(high)] }
  return { op: 'Clip', opset: random.pick([7, 10]), attributes: { ...(low === null ? {} : { min: float(low) }), ...(high === null ? {} : { max: float(high) }) }, inputs: [fed(x)] }
}

const where: CaseMaker = (random) => {
  const dims = random.dims(0, 3)
  const condition = random.booleans(random.broadcastableTo(dims))
  return { op: 'Where', opset: random.pick(OPSETS), inputs: [random.boolean() ? fixed(condition) : fed(condition), fed(random.tensor(random.broadcastableTo(dims))), fed(random.tensor(dims))] }
}

const cast: CaseMaker = (random) => ({ op: 'Cast', opset: random.pick(OPSETS), attributes: { to: random.pick([1, 11]) }, inputs: [fed(random.tensor(random.dims(0, 3), random.pick(['float32', 'float64'])))] })

export const elementwise: CaseTable = {
  'Add': binary('Add'),
  'Add a constant': constantOperand('Add'),
  'Sub': binary('Sub'),
  'Sub a constant': constantOperand('Sub'),
  'Mul': binary('Mul'),
  'Mul by a constant': constantOperand('Mul'),
  'Div': (random) => {
    const [a, b] = pair(random)
    return { op: 'Div', opset: random.pick([7, ...OPSETS]), inputs: [fed(random.tensor(a)), fed(random.awayFromZero(b))] }
  },
  'Div by a constant': constantOperand('Div'),
  'Pow': (random) => {
    const [a, b] = pair(random)
    return { op: 'Pow', opset: random.pick([7, ...OPSETS]), inputs: [fed(random.between(a, 0.3, 2)), fed(random.between(b, -2, 3))] }
  },
  'Pow to a whole constant': (random) => {
    const exponent = random.pick([refTensor([], [2]), refTensor([], [3]), refTensor([1], [-1]), refTensor([], [1]), refTensor([], [2], 'int64')])
    return { op: 'Pow', opset: random.pick(OPSETS), inputs: [fed(random.awayFromZero(random.dims(0, 3))), fixed(exponent)] }
  },
  'Pow of a constant': (random) => {
    const [a, b] = pair(random)
    return { op: 'Pow', opset: random.pick(OPSETS), inputs: [fixed(random.between(a, 0.3, 2)), fed(random.between(b, -2, 3))] }
  },
  'Neg': unary('Neg'),
  'Sqrt': unary('Sqrt', positive),
  'Exp': unary('Exp'),
  'Log': unary('Log', positive),
  'Relu': unary('Relu'),
  'LeakyRelu': (random) => ({ op: 'LeakyRelu', opset: random.pick([7, ...OPSETS]), attributes: { alpha: random.pick([undefined, float(0.2), float(0), float(-0.5)]) }, inputs: [fed(random.tensor(random.dims(0, 4)))] }),
  'Sigmoid': unary('Sigmoid'),
  'Tanh': unary('Tanh'),
  'Clip': clip,
  'Where': where,
  'Cast': cast,
  'Identity': unary('Identity'),
}
