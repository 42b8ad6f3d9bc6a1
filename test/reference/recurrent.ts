/** @file Reference kernels of RNN, GRU and LSTM, one element at a time. */
import { floatAttribute, intAttribute, stringAttribute, type Node } from '../../src/graph/ir.js'
import { input, type Call, type Kernels } from './kernel.js'
import { at, build, refTensor, type RefTensor } from './tensor.js'

type Activation = (x: number) => number

/** An activation by name; alpha and beta default as the operator of that name does. */
function activation(name: string, alpha: number | undefined, beta: number | undefined): Activation {
  switch (name.toLowerCase()) {
    case 'relu': return (x) => Math.max(x, 0)
    case 'tanh': return Math.tanh
    case 'sigmoid': return (x) => 1 / (1 + Math.exp(-x))
    case 'affine': return (x) => (alpha ?? 1) * x + (beta ?? 0)
    case 'leakyrelu': return (x) => (x >= 0 ? x : (alpha ?? 0.01) * x)
    case 'thresholdedrelu': return (x) => (x >= (alpha ?? 1) ? x : 0)
    case 'scaledtanh': return (x) => (alpha ?? 1) * Math.tanh((beta ?? 1) * x)
    case 'hardsigmoid': return (x) => Math.min(Math.max((alpha ?? 0.2) * x + (beta ?? 0.5), 0), 1)
    case 'elu': return (x) => (x >= 0 ? x : (alpha ?? 1) * (Math.exp(x) - 1))
    case 'softsign': return (x) => x / (1 + Math.abs(x))
    case 'softplus': return (x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0)
    default: throw new Error(`activation ${name}`)
  }
}

const strings = (node: Node, name: string): string[] | null => {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'strings' ? attribute.value.map((value) => new TextDecoder().decode(value)) : null
}
const floats = (node: Node, name: string): readonly number[] => {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'floats' ? attribute.value : []
}

/** Those that take an alpha, and those that take a beta, from the lists in order. */
const TAKE_ALPHA = ['affine', 'leakyrelu', 'thresholdedrelu', 'scaledtanh', 'hardsigmoid', 'elu']
const TAKE_BETA = ['affine', 'scaledtanh', 'hardsigmoid']

function activationsOf(node: Node, otherwise: readonly string[], directions: number): Activation[] {
  const names = strings(node, 'activations') ?? Array.from({ length: directions }, () => otherwise).flat()
  const [alphas, betas] = [[...floats(node, 'activation_alpha')], [...floats(node, 'activation_beta')]]
  return names.map((name) => activation(name, TAKE_ALPHA.includes(name.toLowerCase()) ? alphas.shift() : undefined, TAKE_BETA.includes(name.toLowerCase()) ? betas.shift() : undefined))
}

type State = { h: number[]; c: number[] }

/** One row, one direction: the gates' sums of the input and of the state, with what each bias adds. */
type Row = {
  readonly hidden: number
  /** Σ x·W for a gate and unit, without bias */
  readonly fromInput: (gate: number, unit: number) => number
  readonly fromState: (gate: number, unit: number, state: readonly number[]) => number
  readonly inputBias: (gate: number, unit: number) => number
  readonly stateBias: (gate: number, unit: number) => number
  readonly peephole: (gate: number, unit: number) => number
  readonly clip: (x: number) => number
  readonly activations: readonly Activation[]
  readonly node: Node
}
type Cell = (row: Row, state: State) => State

const units = (row: Row, of: (unit: number) => number): number[] => Array.from({ length: row.hidden }, (_, unit) => of(unit))
const sum = (row: Row, gate: number, unit: number, h: readonly number[]): number => row.fromInput(gate, unit) + row.fromState(gate, unit, h) + row.inputBias(gate, unit) + row.stateBias(gate, unit)

const rnn: Cell = (row, { h, c }) => ({ h: units(row, (j) => row.activations[0](row.clip(sum(row, 0, j, h)))), c })

/** Gates z, r, h. */
const gru: Cell = (row, { h, c }) => {
  const [f, g] = row.activations
  const z = units(row, (j) => f(row.clip(sum(row, 0, j, h))))
  const r = units(row, (j) => f(row.clip(sum(row, 1, j, h))))
  const reset = h.map((value, j) => r[j] * value)
  const after = intAttribute(row.node, 'linear_before_reset', 0) !== 0
  const candidate = units(row, (j) => g(row.clip(after
    ? row.fromInput(2, j) + r[j] * (row.fromState(2, j, h) + row.stateBias(2, j)) + row.inputBias(2, j)
    : sum(row, 2, j, reset))))
  return { h: units(row, (j) => (1 - z[j]) * candidate[j] + z[j] * h[j]), c }
}

/** Gates i, o, f, c; peepholes i, o, f. */
const lstm: Cell = (row, { h, c }) => {
  const [f, g, k] = row.activations
  const coupled = intAttribute(row.node, 'input_forget', 0) !== 0
  const i = units(row, (j) => f(row.clip(sum(row, 0, j, h) + row.peephole(0, j) * c[j])))
  const forget = coupled ? i.map((value) => 1 - value) : units(row, (j) => f(row.clip(sum(row, 2, j, h) + row.peephole(2, j) * c[j])))
  const candidate = units(row, (j) => g(row.clip(sum(row, 3, j, h))))
  const cell = units(row, (j) => forget[j] * c[j] + i[j] * candidate[j])
  const o = units(row, (j) => f(row.clip(sum(row, 1, j, h) + row.peephole(1, j) * cell[j])))
  return { h: units(row, (j) => o[j] * k(cell[j])), c: cell }
}

function recurrent(call: Call, gates: number, defaults: readonly string[], cell: Cell): readonly RefTensor[] {
  const { node, inputs } = call
  const batchFirst = intAttribute(node, 'layout', 0) === 1
  const [x, w, r] = [0, 1, 2].map((i) => input(call, i))
  const [bias, lengths, initialH, initialC, peepholes] = [3, 4, 5, 6, 7].map((i) => inputs[i])
  const [steps, batch] = batchFirst ? [x.dims[1], x.dims[0]] : [x.dims[0], x.dims[1]]
  const [directions, , width] = w.dims
  const hidden = intAttribute(node, 'hidden_size', r.dims[2])
  const direction = stringAttribute(node, 'direction', 'forward')
  const bound = floatAttribute(node, 'clip', Infinity)
  const activations = activationsOf(node, defaults, directions)
  const initial = (state: RefTensor | undefined, d: number, b: number) => Array.from({ length: hidden }, (_, j) => (state ? at(state, batchFirst ? [b, d, j] : [d, b, j]) : 0))
  const all = refTensor([steps, directions, batch, hidden], new Float64Array(steps * directions * batch * hidden), x.dtype)
  const last: State[][] = []
  for (let d = 0; d < directions; d++) {
    const backwards = direction === 'reverse' || d === 1
    last.push(Array.from({ length: batch }, (_, b) => {
      const length = lengths ? lengths.data[b] : steps
      let state: State = { h: initial(initialH, d, b), c: initial(initialC, d, b) }
      for (let s = 0; s < length; s++) {
        const t = backwards ? length - 1 - s : s
        state = cell({
          hidden, node,
          fromInput: (gate, unit) => dot(width, (k) => at(x, batchFirst ? [b, t, k] : [t, b, k]) * at(w, [d, gate * hidden + unit, k])),
          fromState: (gate, unit, h) => dot(hidden, (k) => h[k] * at(r, [d, gate * hidden + unit, k])),
          inputBias: (gate, unit) => (bias ? at(bias, [d, gate * hidden + unit]) : 0),
          stateBias: (gate, unit) => (bias ? at(bias, [d, (gates + gate) * hidden + unit]) : 0),
          peephole: (gate, unit) => (peepholes ? at(peepholes, [d, gate * hidden + unit]) : 0),
          clip: (value) => Math.min(Math.max(value, -bound), bound),
          activations: activations.slice(d * defaults.length, (d + 1) * defaults.length),
        }, state)
        state.h.forEach((value, j) => { all.data[((t * directions + d) * batch + b) * hidden + j] = value })
      }
      return state
    }))
  }
  const final = (of: 'h' | 'c') => build(batchFirst ? [batch, directions, hidden] : [directions, batch, hidden], x.dtype, ([p, q, j]) => (batchFirst ? last[q][p] : last[p][q])[of][j])
  const y = batchFirst ? build([batch, steps, directions, hidden], x.dtype, ([b, t, d, j]) => at(all, [t, d, b, j])) : all
  return [y, final('h'), final('c')]
}

const dot = (length: number, term: (k: number) => number): number => Array.from({ length }, (_, k) => term(k)).reduce((a, b) => a + b, 0)

export const recurrentLayers: Kernels = {
  RNN: (call) => recurrent(call, 1, ['Tanh'], rnn).slice(0, 2),
  GRU: (call) => recurrent(call, 3, ['Sigmoid', 'Tanh'], gru).slice(0, 2),
  LSTM: (call) => recurrent(call, 4, ['Sigmoid', 'Tanh', 'Tanh'], lstm),
  ReverseSequence: (call) => {
    const [x, lengths] = [input(call, 0), input(call, 1)]
    const [time, batch] = [intAttribute(call.node, 'time_axis', 0), intAttribute(call.node, 'batch_axis', 1)]
    return build(x.dims, x.dtype, (index) => at(x, index.map((place, axis) => (axis === time && place < lengths.data[index[batch]] ? lengths.data[index[batch]] - 1 - place : place))))
  },
}
