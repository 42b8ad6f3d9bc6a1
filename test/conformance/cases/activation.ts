/** @file Cases of activations beyond the common ones, of trigonometry and of remainders. Kinks lie off the values that `tensor` draws. */
import { float } from '../../../src/graph/index.js'
import type { Attributes } from '../../../src/graph/builder.js'
import { refTensor, type RefTensor } from '../../reference/index.js'
import { fed, fixed, OPSETS, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

type Draw = (random: Random, dims: number[]) => RefTensor
const anywhere: Draw = (random, dims) => random.tensor(dims)
const between = (low: number, high: number): Draw => (random, dims) => random.between(dims, low, high)

const unary = (op: string, { values = anywhere, opsets = OPSETS, attributes = () => ({}) }: { values?: Draw; opsets?: readonly number[]; attributes?: (random: Random) => Attributes } = {}): CaseMaker => (random) => ({
  op,
  opset: random.pick(opsets),
  attributes: attributes(random),
  inputs: [fed(values(random, random.dims(0, 4)))],
})

const oneOf = (name: string, values: readonly (number | undefined)[]) => (random: Random): Attributes => {
  const value = random.pick(values)
  return { [name]: value === undefined ? undefined : float(value) }
}

/** Values at least 0.1 from each of the kinks. */
const awayFrom = (...kinks: number[]): Draw => (random, dims) => {
  const { data, dtype } = random.between(dims, -5, 5)
  return refTensor(dims, data.map((value) => kinks.reduce((x, kink) => (Math.abs(x - kink) < 0.1 ? Math.fround(kink + 0.25) : x), value)), dtype)
}

const preluSlope: CaseMaker = (random) => {
  const dims = random.dims(1, 4)
  return { op: 'PRelu', opset: random.pick([7, 9, 16, 21]), inputs: [fed(random.tensor(dims)), fed(random.tensor(random.broadcastableTo(dims)))] }
}

/** a = b·(k + f) with 0.1 < f < 0.9, so that no step reaches the next multiple. */
const remainder: CaseMaker = (random) => {
  const dims = random.dims(0, 3)
  const divisor = random.awayFromZero(random.boolean() ? dims : [])
  const whole = random.integers(dims, -3, 3).data
  const part = random.between(dims, 0.1, 0.9).data
  const dividend = refTensor(dims, whole.map((k, i) => Math.fround((k + part[i]) * divisor.data[divisor.data.length === 1 ? 0 : i])))
  return { op: 'Mod', opset: random.pick(OPSETS), attributes: { fmod: 1 }, inputs: [fed(dividend), fed(divisor)] }
}

export const activation: CaseTable = {
  'Elu': unary('Elu', { attributes: oneOf('alpha', [undefined, 0.5, 2]) }),
  'Selu': unary('Selu', { attributes: (random) => ({ ...oneOf('alpha', [undefined, 0.5])(random), ...oneOf('gamma', [undefined, 2])(random) }) }),
  'Celu': unary('Celu', { attributes: oneOf('alpha', [undefined, 0.5, 2]) }),
  'HardSigmoid': unary('HardSigmoid', { values: awayFrom(-2.5, 2.5, -1, 1), attributes: (random) => random.pick([{}, { alpha: float(0.5) }]) }),
  'HardSwish': unary('HardSwish', { values: awayFrom(-3, 3), opsets: [14, 21] }),
  'Mish': unary('Mish', { opsets: [18, 21] }),
  'Softsign': unary('Softsign'),
  'PRelu': preluSlope,
  'PRelu with a constant slope': (random) => {
    const { inputs, ...rest } = preluSlope(random)
    return { ...rest, inputs: [inputs[0], inputs[1] && fixed(inputs[1].tensor)] }
  },
  'ThresholdedRelu': unary('ThresholdedRelu', { values: awayFrom(1, 0.3), attributes: (random) => random.pick([{}, { alpha: float(0.3) }]) }),
  'Shrink': unary('Shrink', { values: awayFrom(-0.5, 0.5, -1.5, 1.5), attributes: (random) => random.pick([{}, { lambd: float(1.5), bias: float(1.5) }]) }),
  'Gelu': unary('Gelu', { opsets: [20, 21], attributes: (random) => ({ approximate: random.pick([undefined, 'none', 'tanh']) }) }),
  'Swish': unary('Swish', { opsets: [24], attributes: oneOf('alpha', [undefined, 0.5, -2]) }),
  'Tan': unary('Tan', { values: between(-1.3, 1.3) }),
  'Asin': unary('Asin', { values: between(-0.9, 0.9) }),
  'Acos': unary('Acos', { values: between(-0.9, 0.9) }),
  'Atan': unary('Atan'),
  'Sinh': unary('Sinh'),
  'Cosh': unary('Cosh'),
  'Asinh': unary('Asinh'),
  'Acosh': unary('Acosh', { values: between(1.2, 4) }),
  'Atanh': unary('Atanh', { values: between(-0.9, 0.9) }),
  'Mod': remainder,
  'Dropout': (random) => random.pick([
    { op: 'Dropout', opset: 10, attributes: { ratio: float(0.75) }, inputs: [fed(random.tensor(random.dims(1, 3)))] },
    { op: 'Dropout', opset: random.pick(OPSETS), inputs: [fed(random.tensor(random.dims(1, 3))), fixed(refTensor([], [0.75])), random.boolean() ? fixed(refTensor([], [0], 'bool')) : null], outputs: 2 },
  ]),
  'Hardmax': unary('Hardmax', { values: (random, dims) => random.tensor(dims.length === 0 ? [3] : dims) }),
}
