/** @file The gradient of maximum pooling, to the first maximum of each window, for backends whose own kernel goes elsewhere. */
import type * as Tf from '@tensorflow/tfjs'
import type { TfPackage } from './packages.js'

/**
 * TensorFlow.js 4.22 gives the gradient to the last of equal maxima on WebGPU, and on wasm also loses it where a whole window is ≤ 0. On cpu and in
 * TensorFlow it goes to the first, as in PyTorch.
 */
export const MISPLACES_MAXIMA: ReadonlySet<string> = new Set(['wasm', 'webgpu'])

type Attributes = { readonly filterSize: number | [number, number]; readonly strides: number | [number, number]; readonly pad: 'same' | 'valid' | number; readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' }

/** Less than anything a window holds. */
const LOWEST = -3.4028234663852886e38

/** One term for each place in the window: where the maximum is met there for the first time, the gradient goes there. */
export function maxPoolGradient(tf: TfPackage, dy: Tf.Tensor4D, x: Tf.Tensor4D, y: Tf.Tensor4D, { filterSize, strides, pad, dimRoundingMode }: Attributes): Tf.Tensor4D {
  const [batch, inHeight, inWidth, channels] = x.shape
  const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth, padInfo: { top, left } } = tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode)
  const [tall, wide] = [(outHeight - 1) * strideHeight + 1, (outWidth - 1) * strideWidth + 1] // of what one place in the window visits
  const [height, width] = [Math.max(top + inHeight, tall + filterHeight - 1), Math.max(left + inWidth, wide + filterWidth - 1)]
  const padded = tf.pad4d(x, [[0, 0], [top, height - top - inHeight], [left, width - left - inWidth], [0, 0]], LOWEST)
  let open: Tf.Tensor = tf.onesLike(y) // [batch, outHeight, outWidth, channels], 0 where the maximum was met
  let total: Tf.Tensor = tf.zeros([batch, height, width, channels])
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const seen = padded.stridedSlice([0, row, column, 0], [batch, row + tall, column + wide, channels], [1, strideHeight, strideWidth, 1])
      const met = seen.equal(y).cast('float32').mul(open)
      open = open.sub(met)
      const spread = apart(apart(dy.mul(met), 1, strideHeight), 2, strideWidth).slice([0, 0, 0, 0], [batch, tall, wide, channels]) as Tf.Tensor4D
      total = total.add(tf.pad4d(spread, [[0, 0], [row, height - row - tall], [column, width - column - wide], [0, 0]]))
    }
  }
  return total.slice([0, top, left, 0], [batch, inHeight, inWidth, channels]) as Tf.Tensor4D
}

/** Puts stride − 1 zeros behind each element along an axis. */
function apart(tensor: Tf.Tensor, axis: number, stride: number): Tf.Tensor {
  if (stride === 1) return tensor
  const { shape } = tensor
  const behind = shape.slice(axis + 1).reduce((product, size) => product * size, 1)
  const padded = tensor.reshape<Tf.Tensor3D>([tensor.size / behind, 1, behind]).pad([[0, 0], [0, stride - 1], [0, 0]])
  return padded.reshape(shape.map((size, i) => (i === axis ? size * stride : size)))
}
