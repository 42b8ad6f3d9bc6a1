/** @file Layers around a layer. */
import type { Dim } from '../../../contracts/model.js'
import { asFloat, type LayerCall, type LayerTable } from '../layer-call.js'
import { LayerConfig } from '../layer-config.js'
import { Refusal } from '../refusal.js'
import type { Value } from '../writer.js'
import { answerOf, recurrent, run, turned } from './recurrent.js'

/** Layers that treat every step alike by themselves. */
const STEPWISE = new Set(['Dense', 'Activation', 'Dropout', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'ReLU', 'LeakyReLU', 'ELU', 'ThresholdedReLU'])

/** The layer on all steps of all rows at once. */
function timeDistributed(c: LayerCall): readonly Value[] {
  const { w, config, weights, x, mask } = c
  const { className, config: inner } = config.layer('layer')
  const path = `${w.path}/${nameOf(inner, className)}`
  if (STEPWISE.has(className)) return c.convert({ className, config: inner, weights, inputs: [x], path })
  if (mask !== null && className in recurrent) throw new Refusal('TensorFlow.js gives the layer within a mask over the steps outside')
  if (x.dims.length < 3) throw new Refusal(`its input has ${x.dims.length} axes instead of 3 or more`, 'shape')
  const stored = w.stored(x)
  const rest = x.dims.slice(2)
  const flat: Value = { ...x, name: w.add('Reshape', [stored, joined(c, [w.integers([-1])], stored, rest, 2)]), dims: [null, ...rest], order: null }
  const outputs = c.convert({ className, config: inner, weights, inputs: [flat], path })
  if (outputs.length !== 1) throw new Refusal(`the layer within has ${outputs.length} outputs`)
  const result = w.stored(outputs[0])
  const dims = outputs[0].dims.slice(1)
  const shape = joined(c, [w.add('Shape', [stored], { start: 0, end: 2 })], result, dims, 1)
  return [{ ...outputs[0], name: w.add('Reshape', [result, shape]), dims: [...x.dims.slice(0, 2), ...dims], order: null }]
}

/** A shape: what is given, then sizes, read off the value from `axis` on where one is not known. */
function joined({ w }: LayerCall, given: readonly string[], value: string, dims: readonly Dim[], axis: number): string {
  const rest = dims.every((dim) => typeof dim === 'number') ? w.integers(dims) : w.add('Shape', [value], { start: axis })
  return w.add('Concat', [...given, rest], { axis: 0 })
}

function bidirectional(c: LayerCall): readonly Value[] {
  const { w, config, weights, mask } = c
  if (config.get('backward_layer') !== null) throw new Refusal('TensorFlow.js does not know its backward_layer')
  const { className, config: raw } = config.layer('layer')
  if (!(className in recurrent)) throw new Refusal(`the layer within, ${className}, is not recurrent`)
  const inner = new LayerConfig(raw)
  const name = nameOf(raw, className)
  const { path } = w
  const [x, ...initial] = c.inputs.map((value) => asFloat(w, value))
  const backwards = inner.flag('go_backwards', false)
  const directions = [{ prefix: 'forward', backwards, states: initial.slice(0, initial.length / 2) }, { prefix: 'backward', backwards: !backwards, states: initial.slice(initial.length / 2) }]
  const results = directions.map(({ prefix, backwards: go_backwards, states }) => {
    w.path = `${path}/${prefix}_${name}`
    return run({ w, className, raw: { ...raw, go_backwards }, weights: weights.inside(`${prefix}_${name}`), x, initial: states, mask })
  })
  w.path = path
  const sequences = inner.flag('return_sequences', false)
  const forward = answerOf(w, results[0], sequences)
  const backward = answerOf(w, results[1], sequences)
  // The answer of the second layer is turned once more, so that its steps lie beside those of the first.
  const aligned = !sequences ? backward : results[1].backwards ? results[1].all : turned(w, backward)
  const states = inner.flag('return_state', false) ? results.flatMap(({ last }) => last) : []
  return [...merged(c, forward, aligned), ...states]
}

function merged({ w, config }: LayerCall, forward: Value, backward: Value): Value[] {
  const mode = config.raw['merge_mode'] === undefined && config.raw['mergeMode'] === undefined ? 'concat' : config.text('merge_mode', null)
  const other = w.stored(backward, forward.order)
  const both = (opType: string) => w.add(opType, [forward.name, other])
  switch (mode) {
    case null: return [forward, backward]
    case 'sum': return [{ ...forward, name: both('Add') }]
    case 'mul': return [{ ...forward, name: both('Mul') }]
    case 'ave': return [{ ...forward, name: w.add('Mul', [both('Add'), w.constant(0.5)]) }]
    case 'concat': {
      const rank = forward.dims.length
      const size = forward.dims[rank - 1]
      const axis = forward.order === null ? rank - 1 : forward.order.indexOf(rank - 1)
      return [{ ...forward, name: w.add('Concat', [forward.name, other], { axis }), dims: [...forward.dims.slice(0, -1), typeof size === 'number' ? 2 * size : null] }]
    }
    default: throw new Refusal(`its merge_mode is "${mode}"`)
  }
}

function nameOf(raw: LayerConfig['raw'], className: string): string {
  const name = raw['name']
  return typeof name === 'string' && name !== '' ? name : className
}

export const wrappers: LayerTable = { TimeDistributed: timeDistributed, Bidirectional: bidirectional }
