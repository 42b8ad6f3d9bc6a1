/** @file Activations that are layers of their own, with parameters. */
import { float } from '../../../graph/index.js'
import { axisOf, type LayerCall, type LayerTable } from '../layer-call.js'
import { Refusal } from '../refusal.js'
import { storedAxis, type Value } from '../writer.js'

function relu(c: LayerCall): readonly Value[] {
  for (const key of ['negative_slope', 'threshold']) if (c.config.number(key, 0) !== 0) throw new Refusal(`TensorFlow.js does not know its ${key}`)
  const most = c.config.number('max_value', null)
  return most === null ? c.pointwise('Relu') : c.pointwise('Clip', [c.w.constant(0), c.w.constant(most)])
}

/** With a mask, what does not count is pushed down by 10⁹ before. */
function softmax(c: LayerCall): readonly Value[] {
  const { w } = c
  const rank = c.x.dims.length
  const axes = c.config.integers('axis', [1]).map((axis) => axisOf(axis, rank))
  let x = c.floats
  if (c.mask !== null) {
    if (c.mask === 'broken' || rank !== 2) throw new Refusal('the mask of its input has another shape than the input')
    const missing = w.add('Sub', [w.constant(1), w.add('Cast', [c.mask.name], { to: 1 })])
    x = { ...x, name: w.add('Add', [w.stored(x), w.add('Mul', [missing, w.constant(-1e9)])]), order: null }
  }
  const stored = axes.map((axis) => storedAxis(x, axis))
  if (stored.length === 1) return [{ ...x, name: w.add('Softmax', [x.name], { axis: stored[0] }) }]
  return [{ ...x, name: w.add('Exp', [w.add('Sub', [x.name, w.add('ReduceLogSumExp', [x.name, w.integers(stored)])])]) }]
}

export const activationLayers: LayerTable = {
  ReLU: relu,
  LeakyReLU: (c) => c.pointwise('LeakyRelu', [], { alpha: float(c.config.number('alpha', c.config.number('negative_slope', 0.3))) }),
  ELU: (c) => c.pointwise('Elu', [], { alpha: float(c.config.number('alpha', 1)) }),
  ThresholdedReLU: (c) => c.pointwise('ThresholdedRelu', [], { alpha: float(c.config.number('theta', 1)) }),
  Softmax: softmax,
}
