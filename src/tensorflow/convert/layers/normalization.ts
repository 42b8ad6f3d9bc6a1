/** @file Normalization by what was measured in training, and by each row itself. */
import { float } from '../../../graph/index.js'
import { axisOf, knownSize, type LayerCall, type LayerTable } from '../layer-call.js'
import { weightOf } from '../layer-weights.js'
import { storedAxis, type Value } from '../writer.js'

function batchNormalization(c: LayerCall): readonly Value[] {
  const x = c.floats
  const rank = x.dims.length
  const axis = axisOf(c.config.integers('axis', [-1])[0], rank)
  const size = knownSize(x.dims[axis], 'the size of the axis that it normalizes')
  const epsilon = c.config.number('epsilon', 1e-3)
  const gamma = c.config.flag('scale', true) ? c.weights.take('gamma', [size]) : weightOf(new Float32Array(size).fill(1), [size])
  const beta = c.config.flag('center', true) ? c.weights.take('beta', [size]) : weightOf(new Float32Array(size), [size])
  const mean = c.weights.take('moving_mean', [size])
  const variance = c.weights.take('moving_variance', [size])
  const place = storedAxis(x, axis)
  if (place === 1) {
    const parameters = Object.entries({ gamma, beta, moving_mean: mean, moving_variance: variance }).map(([hint, weight]) => c.w.weight(hint, () => weight))
    return [{ ...x, name: c.w.add('BatchNormalization', [x.name, ...parameters], { epsilon: float(epsilon) }) }]
  }
  // Elsewhere than behind the batch, the operator would need a transpose: two steps along the axis do.
  const dims = x.dims.map((_, stored) => (stored === place ? size : 1))
  const factor = Float64Array.from(gamma.data, (value, i) => value / Math.sqrt(variance.data[i] + epsilon))
  const scale = c.w.weight(`scale/${place}`, () => weightOf(Float32Array.from(factor), dims))
  const offset = c.w.weight(`offset/${place}`, () => weightOf(Float32Array.from(beta.data, (value, i) => value - mean.data[i] * factor[i]), dims))
  return [{ ...x, name: c.w.add('Add', [c.w.add('Mul', [x.name, scale]), offset]) }]
}

/** The operator normalizes what is stored last. */
function layerNormalization(c: LayerCall): readonly Value[] {
  const x = c.floats
  const rank = x.dims.length
  const axes = c.config.integers('axis', [-1]).map((axis) => axisOf(axis, rank))
  const order = [...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis)), ...axes]
  const sizes = axes.map((axis) => knownSize(x.dims[axis], 'the size of an axis that it normalizes'))
  const gamma = c.config.flag('scale', true) ? c.weights.take('gamma', sizes) : null
  const beta = c.config.flag('center', true) ? c.weights.take('beta', sizes) : null
  const scale = c.w.weight('gamma', () => gamma ?? weightOf(new Float32Array(sizes.reduce((product, size) => product * size, 1)).fill(1), sizes))
  const offset = beta === null ? [] : [c.w.weight('beta', () => beta)]
  const name = c.w.add('LayerNormalization', [c.w.stored(x, order), scale, ...offset], { axis: -axes.length, epsilon: float(c.config.number('epsilon', 1e-3)) })
  return [{ ...x, name, order }]
}

export const normalization: LayerTable = { BatchNormalization: batchNormalization, LayerNormalization: layerNormalization }
