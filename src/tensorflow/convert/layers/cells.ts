/** @file The cells of recurrent layers: their weights, and one step of each. */
import { activationName, activationNamed, recurrentActivation, type RecurrentActivation } from '../activations.js'
import { LayerConfig, layerOf, type RawConfig } from '../layer-config.js'
import { reordered, transposed, weightOf, type Float32Weight, type LayerWeights } from '../layer-weights.js'
import { Refusal } from '../refusal.js'
import type { Writer } from '../writer.js'

export type CellOperator = {
  readonly opType: 'RNN' | 'GRU' | 'LSTM'
  /** W, R and, where there is one, B: with a first axis for the one direction. */
  readonly weights: readonly string[]
  readonly activations: readonly RecurrentActivation[]
  readonly resetAfter: boolean
}

export type Cell = {
  readonly units: number
  /** Sizes of the states as the layer counts them. */
  readonly states: readonly number[]
  /** x·W + b, for one step or for all at once */
  readonly inputSums: (w: Writer, x: string) => string
  /** What comes out [batch, units], and the states that follow. */
  readonly step: (w: Writer, sums: string, states: readonly string[]) => { readonly output: string; readonly states: readonly string[] }
  /** The operator that does the same; null where ONNX has none. */
  readonly operator: (() => CellOperator) | null
}

const LAYER_CELLS: Readonly<Record<string, string>> = { SimpleRNN: 'SimpleRNNCell', GRU: 'GRUCell', LSTM: 'LSTMCell' }

/** @param inputs features per step */
export function cellOf(w: Writer, className: string, raw: RawConfig, weights: LayerWeights, inputs: number): Cell {
  const config = new LayerConfig(raw)
  switch (LAYER_CELLS[className] ?? className) {
    case 'SimpleRNNCell': return simpleCell(w, config, weights, inputs)
    case 'GRUCell': return gruCell(w, config, weights, inputs)
    case 'LSTMCell': return lstmCell(w, config, weights, inputs)
    case 'StackedRNNCells': return stackedCells(w, config, weights, inputs)
    case 'RNN': return cellOfRnn(w, config, weights, inputs)
    default: throw new Refusal(`its cell is of the class ${className}, which has no counterpart in ONNX`)
  }
}

/** A list of cells may stand where the cell stands, or beside it, where TensorFlow.js writes a stack. */
function cellOfRnn(w: Writer, config: LayerConfig, weights: LayerWeights, inputs: number): Cell {
  const listed = config.get('cells') ?? config.get('cell')
  if (Array.isArray(listed)) return stackedCells(w, new LayerConfig({ cells: listed }), weights, inputs)
  const { className, config: raw } = layerOf(listed, 'cell')
  return cellOf(w, className, raw, weights, inputs)
}

type Parameters = { readonly units: number; readonly kernel: Float32Weight; readonly recurrent: Float32Weight; readonly bias: Float32Weight | null; readonly W: string; readonly R: string; readonly B: string | null; readonly part: string }

function parametersOf(w: Writer, config: LayerConfig, weights: LayerWeights, inputs: number, gates: number, biasDims: (all: number) => readonly number[] = (all) => [all]): Parameters {
  const units = config.size('units')
  const kernel = weights.take('kernel', [inputs, gates * units])
  const recurrent = weights.take('recurrent_kernel', [units, gates * units])
  const bias = config.flag('use_bias', true) ? weights.take('bias', biasDims(gates * units)) : null
  const { part } = weights
  return {
    units, kernel, recurrent, bias, part,
    get W() { return w.weight(`${part}kernel`, () => kernel) },
    get R() { return w.weight(`${part}recurrent_kernel`, () => recurrent) },
    get B() { return bias && w.weight(`${part}bias`, () => bias) },
  }
}

const product = (w: Writer, x: string, weight: string, bias: string | null = null): string => (bias === null ? w.add('MatMul', [x, weight]) : w.add('Add', [w.add('MatMul', [x, weight]), bias]))
const split = (w: Writer, x: string, sizes: readonly number[]): string[] => w.addMany('Split', [x, w.integers(sizes)], sizes.length, { axis: -1 })
const apply = (w: Writer, name: string, x: string): string => activationNamed(name)(w, x, -1)

/** @param order Keras' gates in ONNX' order */
function operatorOf(w: Writer, opType: CellOperator['opType'], p: Parameters, order: readonly number[], names: readonly string[], resetAfter = false): Cell['operator'] {
  const activations = names.map(recurrentActivation)
  if (!activations.every((activation) => activation !== null)) return null
  const rows = (weight: Float32Weight) => {
    const turned = transposed(reordered(weight, order), [1, 0])
    return weightOf(turned.data, [1, ...turned.dims])
  }
  return () => {
    const all = order.length * p.units
    const bias = p.bias && (() => {
      const both = new Float32Array(2 * all)
      both.set(reordered(weightOf((p.bias as Float32Weight).data.slice(0, all), [all]), order).data)
      if (resetAfter) both.set(reordered(weightOf((p.bias as Float32Weight).data.slice(all), [all]), order).data, all)
      return weightOf(both, [1, 2 * all])
    })
    return {
      opType, activations, resetAfter,
      weights: [w.weight(`${p.part}W`, () => rows(p.kernel)), w.weight(`${p.part}R`, () => rows(p.recurrent)), ...(bias ? [w.weight(`${p.part}B`, bias)] : [])],
    }
  }
}

/** h = f(x·W + h·R + b) */
function simpleCell(w: Writer, config: LayerConfig, weights: LayerWeights, inputs: number): Cell {
  const p = parametersOf(w, config, weights, inputs, 1)
  const f = activationName(config, 'activation', 'tanh')
  return {
    units: p.units, states: [p.units],
    inputSums: (inner, x) => product(inner, x, p.W, p.B),
    step: (inner, sums, [h]) => {
      const output = apply(inner, f, inner.add('Add', [sums, product(inner, h, p.R)]))
      return { output, states: [output] }
    },
    operator: operatorOf(w, 'RNN', p, [0], [f]),
  }
}

/** z, r = f(…); candidate = g(x + (r·h)·R), or g(x + r·(h·R + b)) with reset_after; h = z·h + (1 − z)·candidate */
function gruCell(w: Writer, config: LayerConfig, weights: LayerWeights, inputs: number): Cell {
  const resetAfter = config.flag('reset_after', false)
  const p = parametersOf(w, config, weights, inputs, 3, (all) => (resetAfter ? [2, all] : [all]))
  const { units } = p
  const [f, g] = [activationName(config, 'recurrent_activation', 'hard_sigmoid'), activationName(config, 'activation', 'tanh')]
  const part = (hint: string, of: Float32Weight, from: number, to: number) => w.weight(`${p.part}${hint}`, () => columns(of, from, to))
  return {
    units, states: [units],
    inputSums: (inner, x) => product(inner, x, p.W, resetAfter ? p.bias && w.weight(`${p.part}input_bias`, () => weightOf((p.bias as Float32Weight).data.slice(0, 3 * units), [3 * units])) : p.B),
    step: (inner, sums, [h]) => {
      const [gates, x] = split(inner, sums, [2 * units, units])
      const stateBias = (hint: string, from: number, to: number) => (resetAfter && p.bias ? w.weight(`${p.part}${hint}`, () => weightOf((p.bias as Float32Weight).data.slice(3 * units + from, 3 * units + to), [to - from])) : null)
      const inside = product(inner, h, part('recurrent_gates', p.recurrent, 0, 2 * units), stateBias('gate_bias', 0, 2 * units))
      const [z, r] = split(inner, apply(inner, f, inner.add('Add', [gates, inside])), [units, units])
      const R = part('recurrent_candidate', p.recurrent, 2 * units, 3 * units)
      const state = resetAfter ? inner.add('Mul', [r, product(inner, h, R, stateBias('candidate_bias', 2 * units, 3 * units))]) : product(inner, inner.add('Mul', [r, h]), R)
      const candidate = apply(inner, g, inner.add('Add', [x, state]))
      const output = inner.add('Add', [candidate, inner.add('Mul', [z, inner.add('Sub', [h, candidate])])])
      return { output, states: [output] }
    },
    operator: operatorOf(w, 'GRU', p, [0, 1, 2], [f, g], resetAfter),
  }
}

/** i, f, o = f(…); c = f·c + i·g(…); h = o·g(c) */
function lstmCell(w: Writer, config: LayerConfig, weights: LayerWeights, inputs: number): Cell {
  const p = parametersOf(w, config, weights, inputs, 4)
  const [f, g] = [activationName(config, 'recurrent_activation', 'hard_sigmoid'), activationName(config, 'activation', 'tanh')]
  return {
    units: p.units, states: [p.units, p.units],
    inputSums: (inner, x) => product(inner, x, p.W, p.B),
    step: (inner, sums, [h, c]) => {
      const [i, forget, candidate, o] = split(inner, inner.add('Add', [sums, product(inner, h, p.R)]), [p.units, p.units, p.units, p.units])
      const kept = inner.add('Mul', [apply(inner, f, forget), c])
      const cell = inner.add('Add', [kept, inner.add('Mul', [apply(inner, f, i), apply(inner, g, candidate)])])
      const output = inner.add('Mul', [apply(inner, f, o), apply(inner, g, cell)])
      return { output, states: [output, cell] }
    },
    operator: operatorOf(w, 'LSTM', p, [0, 3, 1, 2], [f, g, g]),
  }
}

/** Cells on top of each other. Their states are counted from the last cell to the first. */
function stackedCells(w: Writer, config: LayerConfig, weights: LayerWeights, inputs: number): Cell {
  const listed = config.get('cells')
  if (!Array.isArray(listed) || listed.length === 0) throw new Refusal('its cells are not a list')
  let features = inputs
  const cells = (listed as unknown[]).map((item, i) => {
    const { className, config: raw } = layerOf(item, 'cells')
    const cell = cellOf(w, className, raw, weights.cell(`RNNCell_${i}`), features)
    features = cell.units
    return cell
  })
  const fromLast = [...cells].reverse()
  return {
    units: features, states: fromLast.flatMap(({ states }) => states),
    inputSums: cells[0].inputSums,
    step: (inner, sums, states) => {
      const rest = [...states]
      const before = fromLast.map((cell) => rest.splice(0, cell.states.length)).reverse()
      let output = ''
      const after = cells.map((cell, i) => {
        const result = cell.step(inner, i === 0 ? sums : cell.inputSums(inner, output), before[i])
        output = result.output
        return result.states
      })
      return { output, states: after.reverse().flat() }
    },
    operator: null,
  }
}

/** Columns of a matrix [rows, columns]. */
function columns({ data, dims: [rows, width] }: Float32Weight, from: number, to: number): Float32Weight {
  const result = new Float32Array(rows * (to - from))
  for (let row = 0; row < rows; row++) result.set(data.subarray(row * width + from, row * width + to), row * (to - from))
  return weightOf(result, [rows, to - from])
}
