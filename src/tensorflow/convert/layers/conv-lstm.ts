/** @file ConvLSTM2D: an LSTM whose products are convolutions. */
import { activationName, activationNamed } from '../activations.js'
import { floatValue, knownSize } from '../layer-call.js'
import type { LayerConfig } from '../layer-config.js'
import { transposed } from '../layer-weights.js'
import { Refusal } from '../refusal.js'
import type { Run, RunResult } from './recurrent.js'
import { scan } from './scan.js'
import { outputSpace, padAttributes, type Windows } from './windows.js'

/** Convolves all steps of the input at once, and then the state of one step after the other, which keeps its size. */
export function convLstm({ w, weights, x, initial, mask }: Run, config: LayerConfig, backwards: boolean): RunResult {
  if (mask !== null) throw new Refusal('TensorFlow.js cannot mask it')
  const last = config.channelsLast()
  const filters = config.size('filters')
  const windows: Windows = {
    kernel: config.sizes('kernel_size', 2, []), strides: config.sizes('strides', 2, 1), dilations: config.sizes('dilation_rate', 2, 1),
    padding: config.choice('padding', ['valid', 'same'], 'valid'),
  }
  const [batch, time] = x.dims
  const channels = knownSize(x.dims[last ? 4 : 2], 'the number of its channels')
  const space = last ? x.dims.slice(2, 4) : x.dims.slice(3)
  const sizes = outputSpace(space, windows).map((size) => knownSize(size, 'the size of its images'))
  const kernel = weights.take('kernel', [...windows.kernel, channels, 4 * filters])
  const recurrent = weights.take('recurrent_kernel', [...windows.kernel, filters, 4 * filters])
  const bias = config.flag('use_bias', true) ? weights.take('bias', [4 * filters]) : null
  const [f, g] = [activationNamed(activationName(config, 'recurrent_activation', 'hard_sigmoid')), activationNamed(activationName(config, 'activation', 'tanh'))]
  // An activation along the last axis would run along another one here, where channels always come first.
  if (last && [activationName(config, 'recurrent_activation', 'hard_sigmoid'), activationName(config, 'activation', 'tanh')].some((name) => name.endsWith('softmax'))) throw new Refusal('it has a softmax within')

  const order = last ? [1, 0, 4, 2, 3] : [1, 0, 2, 3, 4]
  const stored = w.stored(x, order) // [time, batch, channels, height, width]
  const images = w.add('Reshape', [stored, w.integers([-1, channels, ...space.map((size) => knownSize(size, 'the size of its images'))])])
  const W = w.weight('kernel', () => transposed(kernel, [3, 2, 0, 1]))
  const R = w.weight('recurrent_kernel', () => transposed(recurrent, [3, 2, 0, 1]))
  const B = bias === null ? [] : [w.weight('bias', () => bias)]
  const convolved = w.add('Conv', [images, W, ...B], { kernel_shape: windows.kernel, strides: windows.strides, dilations: windows.dilations, ...padAttributes(space, windows) })
  const steps = w.add('Concat', [w.add('Shape', [stored], { start: 0, end: 2 }), w.integers([4 * filters, ...sizes])], { axis: 0 })
  const sums = w.add('Reshape', [convolved, steps]) // [time, batch, 4·filters, height, width]

  const dims = [batch, filters, ...sizes]
  const empty = initial.length === 0 ? w.add('Expand', [w.constant(0), w.add('Concat', [w.add('Shape', [stored], { start: 1, end: 2 }), w.integers([filters, ...sizes])], { axis: 0 })]) : null
  const states = [0, 1].map((i) => ({ name: empty ?? w.stored(initial[i], last ? [0, 3, 1, 2] : null), dims }))
  const same: Windows = { kernel: windows.kernel, strides: [1, 1], dilations: [1, 1], padding: 'same' }
  const result = scan(w, {
    scanned: { name: sums, dims: [batch, 4 * filters, ...sizes] }, mask: null, states, backwards,
    step: (inner, now, [h, c]) => {
      const all = inner.add('Add', [now, inner.add('Conv', [h, R], { kernel_shape: windows.kernel, ...padAttributes(sizes, same) })])
      const [i, forget, candidate, o] = inner.addMany('Split', [all, inner.integers(new Array<number>(4).fill(filters))], 4, { axis: 1 })
      const cell = inner.add('Add', [inner.add('Mul', [f(inner, forget, -1), c]), inner.add('Mul', [f(inner, i, -1), g(inner, candidate, -1)])])
      return [inner.add('Mul', [f(inner, o, -1), g(inner, cell, -1)]), cell]
    },
  })
  const image = last ? [...sizes, filters] : [filters, ...sizes]
  return {
    all: floatValue(result.all, [batch, time, ...image], order), backwards,
    last: result.last.map((name) => floatValue(name, [batch, ...image], last ? [0, 3, 1, 2] : null)),
  }
}
