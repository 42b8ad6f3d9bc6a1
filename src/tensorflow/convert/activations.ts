/** @file Activation functions by the names that Keras and TensorFlow.js give them. */
import { float } from '../../graph/index.js'
import type { LayerConfig } from './layer-config.js'
import { isRecord } from './layer-config.js'
import { Refusal } from './refusal.js'
import type { Writer } from './writer.js'

/** @param axis the last axis, where it is stored: what softmax adds up over */
export type Activation = (w: Writer, x: string, axis: number) => string

const operator = (opType: string, attributes: Parameters<Writer['add']>[2] = {}): Activation => (w, x) => w.add(opType, [x], attributes)
const half = (w: Writer, x: string, inner: string): string => w.add('Mul', [w.add('Mul', [x, w.constant(0.5)]), w.add('Add', [inner, w.constant(1)])])
const swish: Activation = (w, x) => w.add('Mul', [x, w.add('Sigmoid', [x])])
const HARD_SIGMOID = { alpha: 0.2, beta: 0.5 }

const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', (_, x) => x],
  ['elu', operator('Elu')],
  ['selu', operator('Selu')],
  ['relu', operator('Relu')],
  ['relu6', (w, x) => w.add('Clip', [x, w.constant(0), w.constant(6)])],
  ['sigmoid', operator('Sigmoid')],
  ['hard_sigmoid', operator('HardSigmoid', { alpha: float(HARD_SIGMOID.alpha), beta: float(HARD_SIGMOID.beta) })],
  ['softplus', operator('Softplus')],
  ['softsign', operator('Softsign')],
  ['tanh', operator('Tanh')],
  ['softmax', (w, x, axis) => w.add('Softmax', [x], { axis })],
  ['log_softmax', (w, x, axis) => w.add('LogSoftmax', [x], { axis })],
  ['swish', swish],
  ['silu', swish],
  ['mish', operator('Mish')],
  // x/2 · (1 + erf(x/√2))
  ['gelu', (w, x) => half(w, x, w.add('Erf', [w.add('Mul', [x, w.constant(Math.SQRT1_2)])]))],
  // x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))
  ['gelu_new', (w, x) => {
    const cube = w.add('Mul', [w.add('Mul', [x, x]), x])
    const inner = w.add('Add', [x, w.add('Mul', [cube, w.constant(0.044715)])])
    return half(w, x, w.add('Tanh', [w.add('Mul', [inner, w.constant(Math.sqrt(2 / Math.PI))])]))
  }],
])

export function activationNamed(name: string): Activation {
  const activation = ACTIVATIONS.get(name)
  if (!activation) throw new Refusal(`its activation "${name}" is none of TensorFlow.js'`)
  return activation
}

/** The name that a configuration gives an activation, which may be written as a layer. */
export function activationName(config: LayerConfig, key = 'activation', otherwise = 'linear'): string {
  const value = config.get(key)
  if (!isRecord(value)) return config.text(key, otherwise)
  const name = value['class_name'] ?? value['className']
  if (typeof name !== 'string' || (isRecord(value['config']) && Object.keys(value['config']).length > 0)) throw new Refusal(`its ${key} is an object of its own`)
  return name.toLowerCase()
}

export type RecurrentActivation = { readonly name: string; readonly alpha?: number; readonly beta?: number }

const RECURRENT: ReadonlyMap<string, RecurrentActivation> = new Map([
  ['tanh', { name: 'Tanh' }], ['sigmoid', { name: 'Sigmoid' }], ['relu', { name: 'Relu' }], ['softsign', { name: 'Softsign' }], ['softplus', { name: 'Softplus' }],
  ['hard_sigmoid', { name: 'HardSigmoid', ...HARD_SIGMOID }], ['elu', { name: 'Elu', alpha: 1 }], ['linear', { name: 'Affine', alpha: 1, beta: 0 }],
])

/** What the recurrent operators of ONNX call an activation; null for those that they lack. */
export const recurrentActivation = (name: string): RecurrentActivation | null => RECURRENT.get(name) ?? null
