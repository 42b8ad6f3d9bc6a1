/** @file One turn of RNN, GRU and LSTM: from the sums of the input and the states to the states that follow. */
import { float, floatAttribute, intAttribute, type Node } from '../../graph/ir.js'
import type { Emitter } from '../emitter.js'
import type { NodeContext } from '../node-context.js'

/** Weights of one direction; every gate has `hidden` rows. */
export type CellWeights = {
  /** [gates·hidden, hidden] */
  readonly recurrence: string
  /** Bias of the state's side [gates·hidden], null for none */
  readonly stateBias: string | null
  /** [3·hidden], null for none */
  readonly peepholes: string | null
}

export type CellSpec = {
  readonly gates: number
  /** h, and for LSTM c */
  readonly states: number
  readonly activations: readonly string[]
  /** Gates whose state bias cannot be added to the input's sums at once, from the front: the rest. */
  readonly separateBias: (node: Node) => boolean
  /** What a turn needs of the weights, made once outside the turns; captured by the turn. */
  readonly prepare: (c: NodeContext, weights: CellWeights, hidden: number) => Prepared
}

/** Gives the next states; `sums` is the input's part of the gates [batch, gates·hidden]. */
export type Prepared = (turn: Emitter, sums: string, states: readonly string[], activate: readonly Activate[]) => string[]

export type Activate = (turn: Emitter, x: string) => string

const split = (e: Emitter, name: string, sizes: readonly number[]): readonly string[] => e.emitMany('Split', [name, e.ints(sizes)], sizes.length, { axis: -1 })
/** state·Rᵀ + sums */
const plusState = (e: Emitter, state: string, recurrence: string, sums: string): string => e.emit('Gemm', [state, recurrence, sums], { transB: 1 })

/** h = f(x·Wᵀ + h·Rᵀ + b) */
const rnn: CellSpec = {
  gates: 1, states: 1, activations: ['Tanh'], separateBias: () => false,
  prepare: (_, { recurrence }) => (e, sums, [h], [f]) => [f(e, plusState(e, h, recurrence, sums))],
}

/** z, r = f(…); candidate = g(x + (r·h)·Rᵀ), or g(x + r·(h·Rᵀ + b)) with linear_before_reset; h = candidate + z·(h − candidate) */
const gru: CellSpec = {
  gates: 3, states: 1, activations: ['Sigmoid', 'Tanh'], separateBias: (node) => intAttribute(node, 'linear_before_reset', 0) !== 0,
  prepare: (c, { recurrence, stateBias }, hidden) => {
    const sizes = [2 * hidden, hidden]
    const mix = (e: Emitter, z: string, candidate: string, h: string) => [e.add(candidate, e.mul(z, e.sub(h, candidate)))]
    if (intAttribute(c.node, 'linear_before_reset', 0) !== 0) {
      return (e, sums, [h], [f, g]) => {
        const fromState = e.emit('Gemm', stateBias === null ? [h, recurrence] : [h, recurrence, stateBias], { transB: 1 }) // [batch, 3·hidden]
        const [[gateSums, candidateSum], [gateState, candidateState]] = [split(e, sums, sizes), split(e, fromState, sizes)]
        const [z, r] = split(e, f(e, e.add(gateSums, gateState)), [hidden, hidden])
        return mix(e, z, g(e, e.add(candidateSum, e.mul(r, candidateState))), h)
      }
    }
    const [forGates, forCandidate] = c.emitter.emitMany('Split', [recurrence, c.emitter.ints(sizes)], 2, { axis: 0 })
    return (e, sums, [h], [f, g]) => {
      const [gateSums, candidateSum] = split(e, sums, sizes)
      const [z, r] = split(e, f(e, plusState(e, h, forGates, gateSums)), [hidden, hidden])
      return mix(e, z, g(e, plusState(e, e.mul(r, h), forCandidate, candidateSum)), h)
    }
  },
}

/** i, o, f = f(…), candidate = g(…); c = f·c + i·candidate; h = o·k(c). Peepholes look at the cell: i and f at the old one, o at the new one. */
const lstm: CellSpec = {
  gates: 4, states: 2, activations: ['Sigmoid', 'Tanh', 'Tanh'], separateBias: () => false,
  prepare: (c, { recurrence, peepholes }, hidden) => {
    const coupled = intAttribute(c.node, 'input_forget', 0) !== 0
    const peep = peepholes === null ? null : c.emitter.emitMany('Split', [peepholes, c.emitter.ints([hidden, hidden, hidden])], 3, { axis: 0 })
    return (e, sums, [h, cell], [f, g, k]) => {
      const all = plusState(e, h, recurrence, sums) // [batch, 4·hidden]
      const next = (i: string, forget: string, candidate: string) => e.add(e.mul(forget, cell), e.mul(i, candidate))
      const forgetOf = (i: string, forget: () => string) => (coupled ? e.sub(e.scalar(1, cell), i) : forget())
      if (peep === null) {
        const [gates, candidate] = split(e, all, [3 * hidden, hidden])
        const [i, o, forget] = split(e, f(e, gates), [hidden, hidden, hidden])
        const after = next(i, forgetOf(i, () => forget), g(e, candidate))
        return [e.mul(o, k(e, after)), after]
      }
      const [iSum, oSum, fSum, candidate] = split(e, all, [hidden, hidden, hidden, hidden])
      const i = f(e, e.add(iSum, e.mul(peep[0], cell)))
      const after = next(i, forgetOf(i, () => f(e, e.add(fSum, e.mul(peep[2], cell)))), g(e, candidate))
      return [e.mul(f(e, e.add(oSum, e.mul(peep[1], after))), k(e, after)), after]
    }
  },
}

export const CELLS: Readonly<Record<'RNN' | 'GRU' | 'LSTM', CellSpec>> = { RNN: rnn, GRU: gru, LSTM: lstm }

/** Operators by the names of activations, which any case may write; the attributes they take from activation_alpha and activation_beta, with ONNX Runtime's defaults. */
const OPERATORS: ReadonlyMap<string, { readonly op: string; readonly alpha?: number; readonly beta?: number }> = new Map([
  ['relu', { op: 'Relu' }], ['tanh', { op: 'Tanh' }], ['sigmoid', { op: 'Sigmoid' }], ['softsign', { op: 'Softsign' }], ['softplus', { op: 'Softplus' }],
  ['leakyrelu', { op: 'LeakyRelu', alpha: 0.01 }], ['thresholdedrelu', { op: 'ThresholdedRelu', alpha: 1 }], ['elu', { op: 'Elu', alpha: 1 }],
  ['hardsigmoid', { op: 'HardSigmoid', alpha: 0.2, beta: 0.5 }], ['affine', { op: 'Affine', alpha: 1, beta: 0 }], ['scaledtanh', { op: 'ScaledTanh', alpha: 1, beta: 1 }],
])

/** The activations of every direction, in order. Sums are clipped before; the cell of an LSTM, which its third activation is applied to, is not: ONNX Runtime does so. */
export function activationsOf(c: NodeContext, otherwise: readonly string[], directions: number): Activate[] {
  const names = strings(c.node, 'activations') ?? Array.from({ length: directions }, () => otherwise).flat()
  const [alphas, betas] = [[...floats(c.node, 'activation_alpha')], [...floats(c.node, 'activation_beta')]]
  const clip = floatAttribute(c.node, 'clip', null)
  return names.map((name, place) => {
    const known = OPERATORS.get(name.toLowerCase())
    if (known === undefined) throw c.refuse(`its activation "${name}" is not one that ONNX defines for recurrent layers. Export the model with one that is.`)
    const alpha = known.alpha === undefined ? undefined : alphas.shift() ?? known.alpha
    const beta = known.beta === undefined ? undefined : betas.shift() ?? known.beta
    return (e, x) => apply(e, known.op, clip === null || place % otherwise.length === 2 ? x : e.emit('Clip', [x, e.scalar(-clip, x), e.scalar(clip, x)]), alpha, beta)
  })
}

function apply(e: Emitter, op: string, x: string, alpha: number | undefined, beta: number | undefined): string {
  if (op === 'Affine') return e.add(e.mul(x, e.scalar(alpha ?? 1, x)), e.scalar(beta ?? 0, x))
  if (op === 'ScaledTanh') return e.mul(e.emit('Tanh', [e.mul(x, e.scalar(beta ?? 1, x))]), e.scalar(alpha ?? 1, x))
  return e.emit(op, [x], { alpha: alpha === undefined ? undefined : float(alpha), beta: beta === undefined ? undefined : float(beta) })
}

function strings(node: Node, name: string): string[] | null {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'strings' ? attribute.value.map((value) => new TextDecoder().decode(value)) : null
}

function floats(node: Node, name: string): readonly number[] {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'floats' ? attribute.value : []
}
