/** @file Cases of recurrent layers: every direction, layout, optional input and activation. */
import { float, string } from '../../../src/graph/builder.js'
import type { Attribute } from '../../../src/graph/index.js'
import { refTensor } from '../../reference/index.js'
import { fed, parameter, type CaseInput, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

const strings = (values: readonly string[]): Attribute => ({ type: 'strings', value: values.map((value) => new TextEncoder().encode(value)) })
const floats = (value: readonly number[]): Attribute => ({ type: 'floats', value })

const GATES = { RNN: 1, GRU: 3, LSTM: 4 }
const FUNCTIONS = { RNN: 1, GRU: 2, LSTM: 3 }

type Options = {
  readonly op: 'RNN' | 'GRU' | 'LSTM'
  readonly lengths?: boolean
  readonly peepholes?: boolean
  readonly batchFirst?: boolean
  readonly attributes?: (random: Random, directions: number) => Readonly<Record<string, Attribute | number>>
}

const layer = ({ op, lengths = false, peepholes = false, batchFirst = false, attributes }: Options): CaseMaker => (random) => {
  const direction = random.pick(['forward', 'reverse', 'bidirectional'])
  const directions = direction === 'bidirectional' ? 2 : 1
  const [steps, batch, width, hidden] = [random.integer(1, 3), random.integer(1, 2), random.integer(1, 2), random.integer(1, 2)]
  const gates = GATES[op] * hidden
  const small = (dims: readonly number[]) => random.between(dims, -1, 1)
  const sometimes = (given: () => CaseInput): CaseInput | null => (random.boolean() ? given() : null)
  const state = () => fed(small(batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]))
  return {
    op,
    opset: random.pick([14, 22]),
    attributes: { hidden_size: hidden, direction: string(direction), layout: batchFirst ? 1 : undefined, ...attributes?.(random, directions) },
    inputs: [
      fed(small(batchFirst ? [batch, steps, width] : [steps, batch, width])),
      parameter(small([directions, gates, width])),
      parameter(small([directions, gates, hidden])),
      sometimes(() => parameter(small([directions, 2 * gates]))),
      lengths ? fed(refTensor([batch], random.list(batch, () => random.integer(1, steps)), 'int32')) : null,
      sometimes(state),
      ...(op === 'LSTM' ? [sometimes(state), peepholes ? parameter(small([directions, 3 * hidden])) : null] : []),
    ],
    outputs: op === 'LSTM' ? random.integer(1, 3) : random.integer(1, 2),
  }
}

/** Smooth activations and those with kinks, with the alphas and betas that they take. ONNX Runtime's RNN reads no names in other cases. */
const activations = (op: 'RNN' | 'GRU' | 'LSTM') => (random: Random, directions: number) => {
  const names = random.list(directions * FUNCTIONS[op], () => random.pick(['Tanh', op === 'RNN' ? 'Sigmoid' : 'sigmoid', 'Affine', 'LeakyRelu', 'ScaledTanh', 'HardSigmoid', 'Elu', 'Softsign', 'Softplus', 'Relu']))
  const alphas = names.filter((name) => ['Affine', 'LeakyRelu', 'ScaledTanh', 'HardSigmoid', 'Elu'].includes(name)).length
  const betas = names.filter((name) => ['Affine', 'ScaledTanh', 'HardSigmoid'].includes(name)).length
  return { activations: strings(names), activation_alpha: floats(random.uniform(alphas, 0.3, 0.6)), activation_beta: floats(random.uniform(betas, 0.3, 0.6)) }
}

export const recurrentCases: CaseTable = {
  'RNN': layer({ op: 'RNN' }),
  'GRU': layer({ op: 'GRU' }),
  'LSTM': layer({ op: 'LSTM' }),
  'RNN of rows of different lengths': layer({ op: 'RNN', lengths: true }),
  'GRU of rows of different lengths': layer({ op: 'GRU', lengths: true }),
  'LSTM of rows of different lengths': layer({ op: 'LSTM', lengths: true, peepholes: true }),
  'LSTM with peepholes': layer({ op: 'LSTM', peepholes: true }),
  'LSTM with coupled gates': layer({ op: 'LSTM', attributes: () => ({ input_forget: 1 }) }),
  'GRU resetting after the product': layer({ op: 'GRU', attributes: () => ({ linear_before_reset: 1 }) }),
  'RNN with clipped sums': layer({ op: 'RNN', attributes: () => ({ clip: float(0.7) }) }),
  'GRU with clipped sums': layer({ op: 'GRU', attributes: (random) => ({ clip: float(0.7), linear_before_reset: random.integer(0, 1) }) }),
  'LSTM with clipped sums': layer({ op: 'LSTM', peepholes: true, attributes: () => ({ clip: float(0.7) }) }),
  'RNN with other activations': layer({ op: 'RNN', attributes: activations('RNN') }),
  'GRU with other activations': layer({ op: 'GRU', attributes: activations('GRU') }),
  'LSTM with other activations': layer({ op: 'LSTM', attributes: activations('LSTM') }),
}

/** ONNX Runtime's own kernels do not read these, but its gradient graphs have none of the kernels in them. */
export const batchFirstCases: CaseTable = {
  'RNN with the batch first': layer({ op: 'RNN', batchFirst: true }),
  'GRU with the batch first': layer({ op: 'GRU', batchFirst: true }),
  'LSTM with the batch first': layer({ op: 'LSTM', batchFirst: true }),
}
