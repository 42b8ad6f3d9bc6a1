/** @file RNN, GRU and LSTM as a Loop over time. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, stringAttribute, type ValueInfo } from '../../graph/ir.js'
import { closeBody, emitControl, openBody } from '../body.js'
import type { Emitter } from '../emitter.js'
import type { NodeContext } from '../node-context.js'
import type { Lowering, LoweringTable } from './lowering.js'
import { activationsOf, CELLS, type Activate, type CellSpec } from './recurrent-cells.js'

const [X, W, R, BIAS, LENGTHS, INITIAL_H, INITIAL_C, PEEPHOLES] = [0, 1, 2, 3, 4, 5, 6, 7]

/** The products of the input with its weights are one Gemm for all steps; only what depends on the state is left to the turns of a Loop. */
const layer = (spec: CellSpec): Lowering => (c) => {
  const { emitter: e, node } = c
  const batchFirst = intAttribute(node, 'layout', 0) === 1
  const direction = stringAttribute(node, 'direction', 'forward')
  const directions = direction === 'bidirectional' ? 2 : 1
  const hidden = intAttribute(node, 'hidden_size', null) ?? e.dims(c.input(R))?.[2]
  if (typeof hidden !== 'number') throw c.refuse('it does not say its hidden_size. Export the model with that attribute.')
  const timeFirst = (name: string) => (batchFirst ? c.emit('Transpose', [name], { perm: [1, 0, 2] }) : name)
  const x = timeFirst(c.input(X)) // [time, batch, width]
  const parts = (input: number): readonly (string | null)[] => (c.hasInput(input) ? perDirection(e, c.input(input), directions) : [null, null])
  const states = (input: number) => (c.hasInput(input) ? perDirection(e, timeFirst(c.input(input)), directions) : [null, null])
  const [weights, recurrences, biases, peepholes, initialH, initialC] = [parts(W), parts(R), parts(BIAS), parts(PEEPHOLES), states(INITIAL_H), states(INITIAL_C)]
  const activations = activationsOf(c, spec.activations, directions)
  const results = Array.from({ length: directions }, (_, d) => oneDirection(c, spec, {
    x, hidden,
    backwards: direction === 'reverse' || d === 1,
    weight: weights[d] ?? '', recurrence: recurrences[d] ?? '', bias: biases[d], peepholes: peepholes[d],
    initial: [initialH[d], initialC[d]].slice(0, spec.states),
    activations: activations.slice(d * spec.activations.length, (d + 1) * spec.activations.length),
  }))
  const join = (values: readonly string[], axis: number) => {
    const parted = values.map((name) => c.emit('Unsqueeze', [name, e.ints([axis])]))
    return parted.length === 1 ? parted[0] : c.emit('Concat', parted, { axis })
  }
  const all = join(results.map(({ all }) => all), 1) // [time, directions, batch, hidden]
  const last = Array.from({ length: spec.states }, (_, s) => timeFirst(join(results.map((result) => result.last[s]), 0))) // [directions, batch, hidden]
  return [batchFirst ? c.emit('Transpose', [all], { perm: [2, 0, 1, 3] }) : all, ...last]
}

/** The parts of a value along its first axis, without that axis. */
function perDirection(e: Emitter, name: string, directions: number): string[] {
  const parts = directions === 1 ? [name] : e.emitMany('Split', [name], directions, { axis: 0, num_outputs: directions })
  return parts.map((part) => e.emit('Squeeze', [part, e.ints([0])]))
}

type Direction = {
  /** [time, batch, width] */
  readonly x: string
  readonly hidden: number
  readonly backwards: boolean
  readonly weight: string
  readonly recurrence: string
  readonly bias: string | null
  readonly peepholes: string | null
  /** h, and for LSTM c [batch, hidden]; null for zeros */
  readonly initial: readonly (string | null)[]
  readonly activations: readonly Activate[]
}

/** @returns the hidden state after every step [time, batch, hidden], and the last states [batch, hidden] */
function oneDirection(c: NodeContext, spec: CellSpec, given: Direction): { all: string; last: readonly string[] } {
  const { emitter: e } = c
  const { hidden } = given
  const lengths = c.hasInput(LENGTHS) ? c.input(LENGTHS) : null
  const x = given.backwards ? backwards(c, given.x, lengths) : given.x
  const { sums, stateBias } = inputSums(c, spec, x, given)
  const turnOf = spec.prepare(c, { recurrence: given.recurrence, stateBias, peepholes: given.peepholes }, hidden)
  const [time, batch] = [e.size(x, 0), e.size(x, 1)]
  const initial = given.initial.map((state) => state ?? e.filled(0, e.joinInts([batch, hidden]), c.dtype(c.input(X))))

  const names = ['turn', 'condition', 'hidden', 'cell'].map((hint) => e.builder.fresh(`probity/${hint}`))
  // No turn changes the size of the batch: a name for it says so where it is not known.
  const rows: Dim = e.dims(x)?.[1] ?? e.builder.fresh('probity/batch')
  const state = (name: string): ValueInfo => ({ name, type: { kind: 'tensor', dtype: c.dtype(c.input(X)), dims: [rows, hidden] } })
  const inputs: ValueInfo[] = [{ name: names[0], type: { kind: 'tensor', dtype: 'int64', dims: [] } }, { name: names[1], type: { kind: 'tensor', dtype: 'bool', dims: [] } }, ...initial.map((_, s) => state(names[2 + s]))]
  const ends = lengths && e.emit('Unsqueeze', [e.cast(lengths, 'int64'), e.ints([1])]) // [batch, 1]
  const turn = openBody(e, `${c.node.opType}/turn`, inputs)
  const before = initial.map((_, s) => names[2 + s])
  const computed = turnOf(turn, turn.emit('Gather', [sums, names[0]]), before, given.activations)
  const inside = ends && turn.emit('Less', [names[0], ends]) // [batch, 1]
  const after = computed.map((value, s) => (inside ? turn.emit('Where', [inside, value, before[s]]) : value))
  const shown = inside ? turn.emit('Where', [inside, computed[0], turn.scalar(0, before[0])]) : turn.emit('Identity', [computed[0]])
  const closed = closeBody(turn, inputs, [names[1], ...after, shown])
  const body = { ...closed, outputs: closed.outputs.map((info, i) => (i === 0 ? info : state(info.name))) }
  const [...results] = emitControl(e, 'Loop', [e.joinInts([time]), '', ...initial], { body }, initial.length + 1)
  const all = results[initial.length]
  return { all: given.backwards ? backwards(c, all, lengths) : all, last: results.slice(0, initial.length) }
}

/** x·Wᵀ + b for all steps [time, batch, gates·hidden], and the bias of the state's side where the cell has to add it itself. */
function inputSums(c: NodeContext, spec: CellSpec, x: string, { weight, bias, hidden }: Direction): { sums: string; stateBias: string | null } {
  const { emitter: e } = c
  const all = spec.gates * hidden
  const rows = c.emit('Reshape', [x, e.joinInts([-1, e.size(weight, 1)])]) // [time·batch, width]
  const [own, fromState] = bias === null ? [null, null] : e.emitMany('Split', [bias, e.ints([all, all])], 2, { axis: 0 })
  const separate = spec.separateBias(c.node)
  const inputs = own === null ? [rows, weight] : [rows, weight, separate || fromState === null ? own : e.add(own, fromState)]
  const product = c.emit('Gemm', inputs, { transB: 1 })
  const sums = c.emit('Reshape', [product, e.joinInts([e.size(x, 0), e.size(x, 1), all])], { allowzero: 1 })
  return { sums, stateBias: separate ? fromState : null }
}

/** Time the other way round; within each row's length where lengths are given. */
function backwards(c: NodeContext, name: string, lengths: string | null): string {
  const { emitter: e } = c
  const ends = lengths === null ? e.emit('Expand', [e.sizeOf(name, 0), e.sizeOf(name, 1)]) : e.cast(lengths, 'int64') // [batch]
  return c.emit('ReverseSequence', [name, ends], { time_axis: 0, batch_axis: 1 })
}

export const recurrent = {
  /** a Loop over time; one Gemm for all of X·Wᵀ */
  RNN: layer(CELLS.RNN),
  /** a Loop over time; one Gemm for all of X·Wᵀ */
  GRU: layer(CELLS.GRU),
  /** a Loop over time; one Gemm for all of X·Wᵀ */
  LSTM: layer(CELLS.LSTM),
} satisfies LoweringTable
