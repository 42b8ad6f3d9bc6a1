/** @file Recurrent layers: by ONNX' own operators where they mean the same, else step by step. */
import { type Attribute } from '../../../graph/index.js'
import { asFloat, floatValue, knownSize, type LayerCall, type LayerTable, type Mask } from '../layer-call.js'
import { LayerConfig, type RawConfig } from '../layer-config.js'
import type { LayerWeights } from '../layer-weights.js'
import { Refusal } from '../refusal.js'
import { timeFirst, type Value, type Writer } from '../writer.js'
import { cellOf, type Cell } from './cells.js'
import { convLstm } from './conv-lstm.js'
import { scan } from './scan.js'

export type Run = {
  readonly w: Writer
  readonly className: string
  readonly raw: RawConfig
  readonly weights: LayerWeights
  /** [batch, time, …] */
  readonly x: Value
  readonly initial: readonly Value[]
  readonly mask: Mask | null
}

/** What a recurrent layer makes: what comes out of every step, in the order of the input, and the last states. */
export type RunResult = { readonly all: Value; readonly last: readonly Value[]; readonly backwards: boolean }

/** The layer's answer, without its states. */
export function answerOf(w: Writer, { all, last, backwards }: RunResult, sequences: boolean): Value {
  if (!sequences) return last[0]
  return backwards ? turned(w, all) : all
}

/** Time the other way round. */
export function turned(w: Writer, value: Value): Value {
  const axis = value.order === null ? 1 : value.order.indexOf(1)
  return { ...value, name: w.add('Slice', [value.name, w.integers([-1]), w.integers([-Number.MAX_SAFE_INTEGER]), w.integers([axis]), w.integers([-1])]) }
}

export function recurrentLayer(c: LayerCall): readonly Value[] {
  const { w, className, config, weights, mask } = c
  const [x, ...initial] = c.inputs.map((value) => asFloat(w, value))
  const result = run({ w, className, raw: config.raw, weights, x, initial, mask })
  const answer = answerOf(w, result, config.flag('return_sequences', false))
  return config.flag('return_state', false) ? [answer, ...result.last] : [answer]
}

export function run(given: Run): RunResult {
  const config = new LayerConfig(given.raw)
  if (config.flag('stateful', false)) throw new Refusal('it is stateful: what it answers depends on what it was asked before')
  if (given.mask === 'broken') throw new Refusal('its mask comes through a layer that leaves it in a shape which TensorFlow.js itself cannot use')
  const rank = given.className === 'ConvLSTM2D' ? 5 : 3
  if (given.x.dims.length !== rank) throw new Refusal(`its input has ${given.x.dims.length} axes instead of ${rank}`, 'shape')
  const backwards = config.flag('go_backwards', false)
  if (rank === 5) return convLstm(given, config, backwards)
  const cell = cellOf(given.w, given.className, given.raw, given.weights, knownSize(given.x.dims[2], 'the number of its features'))
  if (given.initial.length !== 0 && given.initial.length !== cell.states.length) throw new Refusal(`it is given ${given.initial.length} initial states and has ${cell.states.length}`)
  return { ...(cell.operator === null || given.mask !== null ? bySteps(given, cell, backwards) : byOperator(given, cell, cell.operator, backwards)), backwards }
}

function byOperator({ w, x, initial }: Run, { units, states }: Cell, operator: NonNullable<Cell['operator']>, backwards: boolean): Omit<RunResult, 'backwards'> {
  const { opType, weights: [W, R, B = ''], activations, resetAfter } = operator()
  const [batch, time] = x.dims
  const floats = (key: 'alpha' | 'beta'): Attribute | undefined => {
    const list = activations.flatMap((activation) => activation[key] ?? [])
    return list.length === 0 ? undefined : { type: 'floats', value: list }
  }
  const given = initial.map((state) => w.add('Unsqueeze', [w.stored(state), w.integers([0])])) // [1, batch, units]
  const [all, ...last] = w.addMany(opType, [w.stored(x, timeFirst(3)), W, R, B, ...(given.length === 0 ? [] : ['', ...given])], 1 + states.length, {
    hidden_size: units, direction: backwards ? 'reverse' : 'forward',
    activations: { type: 'strings', value: activations.map(({ name }) => new TextEncoder().encode(name)) }, activation_alpha: floats('alpha'), activation_beta: floats('beta'),
    ...(resetAfter && { linear_before_reset: 1 }),
  })
  const squeeze = (name: string, axis: number): string => w.add('Squeeze', [name, w.integers([axis])])
  return { all: floatValue(squeeze(all, 1), [batch, time, units], timeFirst(3)), last: last.map((name) => floatValue(squeeze(name, 0), [batch, units])) }
}

function bySteps({ w, x, initial, mask }: Run, cell: Cell, backwards: boolean): Omit<RunResult, 'backwards'> {
  const [batch, time] = x.dims
  const sums = cell.inputSums(w, w.stored(x, timeFirst(3))) // [time, batch, gates·units]
  const states = cell.states.map((size, i) => ({ name: initial.length > 0 ? w.stored(initial[i]) : zeros(w, x, size), dims: [batch, size] }))
  const steps = mask === null || mask === 'broken' ? null : { name: w.add('Unsqueeze', [w.add('Transpose', [mask.name], { perm: [1, 0] }), w.integers([-1])]), dims: [batch, 1] }
  const { all, last } = scan(w, { scanned: { name: sums, dims: [batch, null] }, mask: steps, states, backwards, step: (inner, now, before) => cell.step(inner, now, before).states })
  return { all: floatValue(all, [batch, time, cell.units], timeFirst(3)), last: last.map((name, i) => floatValue(name, [batch, cell.states[i]])) }
}

/** [batch, size], filled with zeros. */
function zeros(w: Writer, x: Value, size: number): string {
  const batch = w.add('Shape', [w.stored(x, timeFirst(3))], { start: 1, end: 2 })
  return w.add('Expand', [w.constant(0), w.add('Concat', [batch, w.integers([size])], { axis: 0 })])
}

export const recurrent: LayerTable = { SimpleRNN: recurrentLayer, GRU: recurrentLayer, LSTM: recurrentLayer, RNN: recurrentLayer, ConvLSTM2D: recurrentLayer }
