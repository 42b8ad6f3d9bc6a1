/** @file Which layers hand masks on, as TensorFlow.js does it. */
import { LayerConfig } from './layer-config.js'
import { axisOf, type LayerCall, type Mask } from './layer-call.js'
import { maskedSteps } from './layers/core.js'
import type { Value, Writer } from './writer.js'

const PASSING = new Set([
  'ReLU', 'PReLU', 'Activation', 'Dropout', 'SpatialDropout1D', 'Dense', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'BatchNormalization', 'LayerNormalization', 'TimeDistributed',
])
const MERGING = new Set(['Add', 'Multiply', 'Average', 'Maximum', 'Minimum'])
const RECURRENT = new Set(['SimpleRNN', 'GRU', 'LSTM', 'RNN', 'ConvLSTM2D'])

/** Layers that compute something else when they are given a mask; TimeDistributed hands it to the layer within. */
export const READS_MASK = new Set([...RECURRENT, 'Bidirectional', 'Softmax', 'TimeDistributed'])

/** The mask of what a layer answers; `masks` are those of its inputs. */
export function maskAfter(call: LayerCall, masks: readonly (Mask | null)[]): Mask | null {
  const { className, config, w, inputs } = call
  if (className === 'Masking' || (className === 'Embedding' && config.flag('mask_zero', false))) return { name: maskedSteps(call), steps: inputs[0].dims[1] ?? null }
  if (PASSING.has(className)) return masks[0]
  if (className === 'Concatenate') return concatenated(w, config, inputs, masks)
  if (MERGING.has(className)) return masks.every((mask) => mask === null) ? null : 'broken'
  if (RECURRENT.has(className)) return config.flag('return_sequences', false) ? masks[0] : null
  if (className === 'Bidirectional') return new LayerConfig(config.layer('layer').config).flag('return_sequences', false) ? masks[0] : null
  return null
}

/** Joined along the features, a step counts where it counts in every input. */
function concatenated(w: Writer, config: LayerConfig, inputs: readonly Value[], masks: readonly (Mask | null)[]): Mask | null {
  const present = masks.filter((mask) => mask !== null)
  if (present.length === 0) return null
  const rank = inputs[0].dims.length
  const axis = axisOf(config.number('axis', -1), rank)
  if (rank !== 3 || axis === 0 || present.includes('broken') || (axis === 1 && present.length < masks.length)) return 'broken'
  const usable = present as Exclude<Mask, 'broken'>[]
  if (axis === 2) return { name: usable.map(({ name }) => name).reduce((all, name) => w.add('And', [all, name])), steps: usable[0].steps }
  return { name: w.add('Concat', usable.map(({ name }) => name), { axis: 1 }), steps: null }
}
