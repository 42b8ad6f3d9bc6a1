/** @file The gradient of maximum pooling over images and volumes, to the first maximum of each window, for backends whose own kernel goes elsewhere. */
import type * as Tf from '@tensorflow/tfjs'
import type { TfPackage } from './packages.js'

/**
 * Over images, TensorFlow.js 4.22 gives the gradient to the last of equal maxima on WebGPU, and on wasm also loses it where a whole window is ≤ 0. On cpu
 * and in TensorFlow it goes to the first, as in PyTorch, but over volumes on cpu to the last. Volumes have an axis too many for WebGPU's slices and pads,
 * and stay with its kernel; on wasm they cannot be used at all.
 */
export const MISPLACES_MAXIMA: ReadonlySet<string> = new Set(['wasm', 'webgpu'])

type Attributes = { readonly filterSize: number | number[]; readonly strides: number | number[]; readonly pad: 'same' | 'valid' | number; readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' }
/** Along one axis. */
type Window = { readonly size: number; readonly stride: number; readonly input: number; readonly before: number; readonly visited: number; readonly padded: number }

/** Less than anything a window holds. */
const LOWEST = -3.4028234663852886e38

/**
 * One term for each place in the window: where the maximum is met there for the first time, the gradient goes there.
 *
 * @param x [batch, …axes, channels]
 */
export function maxPoolGradient(tf: TfPackage, dy: Tf.Tensor, x: Tf.Tensor, y: Tf.Tensor, attributes: Attributes): Tf.Tensor {
  const windows = windowsOf(tf, x.shape, attributes)
  const around = (pairs: [number, number][]): [number, number][] => [[0, 0], ...pairs, [0, 0]]
  const [batch, channels] = [x.shape[0], x.shape[x.rank - 1]]
  const padded = x.pad(around(windows.map(({ before, input, padded: whole }) => [before, whole - before - input])), LOWEST)
  let open: Tf.Tensor = tf.onesLike(y) // of the shape of y: 0 where the maximum was met
  let total: Tf.Tensor = tf.zerosLike(padded)
  for (const place of placesOf(windows)) {
    const seen = padded.stridedSlice([0, ...place, 0], [batch, ...windows.map(({ visited }, i) => place[i] + visited), channels], [1, ...windows.map(({ stride }) => stride), 1])
    const met = seen.equal(y).cast('float32').mul(open)
    open = open.sub(met)
    const spread = windows.reduce<Tf.Tensor>((values, { stride }, i) => apart(values, i + 1, stride), dy.mul(met)).slice(x.shape.map(() => 0), [batch, ...windows.map(({ visited }) => visited), channels])
    total = total.add(spread.pad(around(windows.map(({ visited, padded: whole }, i) => [place[i], whole - place[i] - visited]))))
  }
  return total.slice([0, ...windows.map(({ before }) => before), 0], x.shape)
}

function windowsOf(tf: TfPackage, shape: readonly number[], { filterSize, strides, pad, dimRoundingMode }: Attributes): Window[] {
  const window = (size: number, stride: number, input: number, output: number, before: number): Window => {
    const visited = (output - 1) * stride + 1
    return { size, stride, input, before, visited, padded: Math.max(before + input, visited + size - 1) }
  }
  if (shape.length === 4) {
    const info = tf.backend_util.computePool2DInfo([...shape] as [number, number, number, number], filterSize as number, strides as number, 1, pad, dimRoundingMode)
    return [window(info.filterHeight, info.strideHeight, info.inHeight, info.outHeight, info.padInfo.top), window(info.filterWidth, info.strideWidth, info.inWidth, info.outWidth, info.padInfo.left)]
  }
  const info = tf.backend_util.computePool3DInfo([...shape] as [number, number, number, number, number], filterSize as number, strides as number, 1, pad, dimRoundingMode)
  return [
    window(info.filterDepth, info.strideDepth, info.inDepth, info.outDepth, info.padInfo.front), window(info.filterHeight, info.strideHeight, info.inHeight, info.outHeight, info.padInfo.top),
    window(info.filterWidth, info.strideWidth, info.inWidth, info.outWidth, info.padInfo.left),
  ]
}

/** In row-major order, which says what is first. */
function placesOf([first, ...others]: readonly Window[]): number[][] {
  const rest = others.length > 0 ? placesOf(others) : [[]]
  return Array.from({ length: first.size }, (_, at) => rest.map((place) => [at, ...place])).flat()
}

/** Puts stride − 1 zeros behind each element along an axis. */
function apart(tensor: Tf.Tensor, axis: number, stride: number): Tf.Tensor {
  if (stride === 1) return tensor
  const { shape } = tensor
  const behind = shape.slice(axis + 1).reduce((product, size) => product * size, 1)
  const padded = tensor.reshape<Tf.Tensor3D>([tensor.size / behind, 1, behind]).pad([[0, 0], [0, stride - 1], [0, 0]])
  return padded.reshape(shape.map((size, i) => (i === axis ? size * stride : size)))
}
