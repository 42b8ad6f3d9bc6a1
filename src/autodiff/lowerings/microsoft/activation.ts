/** @file Activations of com.microsoft, and those that its products and convolutions carry along. */
import { float, floatAttribute, opsetOf, type Attribute } from '../../../graph/ir.js'
import type { NodeContext } from '../../node-context.js'
import type { LoweringTable } from '../lowering.js'

/** ½x·(1 + erf(x/√2)) */
function gelu(c: NodeContext, x: string): string {
  const e = c.emitter
  if (opsetOf(e.graph) >= 20) return c.emit('Gelu', [x])
  const half = e.mul(x, e.scalar(0.5, x))
  return e.mul(half, e.add(c.emit('Erf', [e.mul(x, e.scalar(Math.SQRT1_2, x))]), e.scalar(1, x)))
}

/** ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) */
function geluByTanh(c: NodeContext, x: string): string {
  const e = c.emitter
  if (opsetOf(e.graph) >= 20) return c.emit('Gelu', [x], { approximate: 'tanh' })
  const number = (value: number) => e.scalar(value, x)
  const slope = e.add(e.mul(e.mul(x, x), number(0.044715 * Math.sqrt(2 / Math.PI))), number(Math.sqrt(2 / Math.PI)))
  return e.mul(e.mul(x, number(0.5)), e.add(c.emit('Tanh', [e.mul(x, slope)]), number(1)))
}

const withBias = (c: NodeContext): string => (c.hasInput(1) ? c.emitter.add(c.x, c.input(1)) : c.x)

/** left · Gelu(right) of the two halves of x + bias. */
function splitGelu(c: NodeContext): string[] {
  const [left, right] = c.emitter.emitMany('Split', [withBias(c)], 2, { axis: -1, num_outputs: 2 })
  return [c.emitter.mul(left, gelu(c, right))]
}

/** Names of the parameters of the activations that fusions carry, with ONNX Runtime's defaults. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Relu: {}, Tanh: {}, Sigmoid: {}, Softplus: {}, Softsign: {},
  LeakyRelu: { alpha: 0.01 }, Elu: { alpha: 1 }, ThresholdedRelu: { alpha: 1 }, HardSigmoid: { alpha: 0.2, beta: 0.5 }, Selu: { alpha: 1.6732632423543772, gamma: 1.0507009873554805 },
}

/** An activation by its name, with parameters in order where they are given. */
export function fusedActivation(c: NodeContext, x: string, activation: string, parameters: readonly (number | null)[]): string {
  if (activation === '' || activation === 'Identity') return x
  if (activation === 'Clip') return c.emit('Clip', [x, ...parameters.map((value) => c.emitter.scalar(value ?? 0, x))])
  const names = Object.hasOwn(PARAMETERS, activation) ? PARAMETERS[activation] : null
  if (names === null) throw c.refuse(`its activation ${activation} has no gradient here. Export the model without that fusion.`)
  const attributes = Object.fromEntries(Object.entries(names).map(([name, otherwise], i): [string, Attribute] => [name, float(parameters[i] ?? otherwise)]))
  return c.emit(activation, [x], attributes)
}

export const activation = {
  Gelu: (c) => [gelu(c, c.x)],
  /** Gelu(x + bias) */
  BiasGelu: (c) => [gelu(c, withBias(c))],
  /** Gelu by tanh of x + bias, where there is one */
  FastGelu: (c) => [geluByTanh(c, withBias(c))],
  /** x·σ(α·x) */
  QuickGelu: (c) => [c.emitter.mul(c.x, c.emit('Sigmoid', [c.emitter.mul(c.x, c.scalar(floatAttribute(c.node, 'alpha', 1.702)))]))],
  BiasSplitGelu: splitGelu,
  /** x + bias + residual */
  BiasAdd: (c) => [c.emitter.add(withBias(c), c.input(2))],
} satisfies LoweringTable
