/** @file Fourier transforms, by their defining sums. */
import { intAttribute } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, normalAxis, withAxis, type RefTensor } from './tensor.js'

type Transform = { readonly axis: number; readonly length: number | null; readonly inverse: boolean; readonly onesided: boolean }

function transform(x: RefTensor, { axis, length, inverse, onesided }: Transform): RefTensor {
  const size = x.dims[axis]
  const last = x.dims.length - 1
  const isReal = inverse && onesided
  const n = length ?? (isReal ? 2 * (size - 1) : size)
  const frequencies = Math.floor(n / 2) + 1
  const part = (index: readonly number[], which: number) => (which < x.dims[last] ? at(x, withAxis(index, last, which)) : 0)
  /** The element at a place that may lie behind the end, or on the other side. */
  const element = (index: readonly number[], place: number): readonly [number, number] => {
    const mirrored = isReal && place >= frequencies
    const from = mirrored ? n - place : place
    if (from >= size) return [0, 0]
    const here = withAxis(index, axis, from)
    return [part(here, 0), mirrored ? -part(here, 1) : part(here, 1)]
  }
  const dims = withAxis(withAxis(x.dims, axis, onesided && !inverse ? frequencies : n), last, isReal ? 1 : 2)
  return build(dims, x.dtype, (index) => {
    let total = 0
    for (let place = 0; place < n; place++) {
      const angle = ((inverse ? 2 : -2) * Math.PI * ((place * index[axis]) % n)) / n
      const [real, imaginary] = element(index, place)
      total += index[last] === 0 ? real * Math.cos(angle) - imaginary * Math.sin(angle) : real * Math.sin(angle) + imaginary * Math.cos(angle)
    }
    return inverse ? total / n : total
  })
}

const dft: Kernel = (call) => {
  const x = input(call, 0)
  const axis = call.opset < 20 ? intAttribute(call.node, 'axis', 1) : call.inputs[2]?.data[0] ?? -2
  const [inverse, onesided] = ['inverse', 'onesided'].map((name) => intAttribute(call.node, name, 0) === 1)
  return transform(x, { axis: normalAxis(axis, x.dims.length), length: call.inputs[1]?.data[0] ?? null, inverse, onesided })
}

const stft: Kernel = (call) => {
  const signal = input(call, 0)
  const [batch, length, parts] = signal.dims
  const step = input(call, 1).data[0]
  const window = call.inputs[2]
  const size = call.inputs[3]?.data[0] ?? window?.dims[0] ?? length
  const frames = build([batch, Math.floor((length - size) / step) + 1, size, parts], signal.dtype, ([b, frame, i, p]) => at(signal, [b, frame * step + i, p]) * (window?.data[i] ?? 1))
  return transform(frames, { axis: 2, length: null, inverse: false, onesided: intAttribute(call.node, 'onesided', 1) === 1 })
}

export const signals: Kernels = { DFT: dft, STFT: stft }
