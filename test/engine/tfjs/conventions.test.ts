import { describe, expect, test } from 'vitest'
import type * as Tf from '@tensorflow/tfjs'
import { gradientsOf } from '../../../src/engine/tfjs/backward.js'
import { openRuntime } from '../../../src/engine/tfjs/runtime.js'
import { scoped } from '../../../src/engine/tfjs/tensors.js'
import { backends } from './backends.js'

/** Window by window, to the first maximum. */
function slowMaxPool(x: number[], dy: number[], size: number, window: number, stride: number, out: number, before: number): number[] {
  const gradient = x.map(() => 0)
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < out; column++) {
      let best = -1
      for (let i = 0; i < window * window; i++) {
        const [r, c] = [row * stride - before + Math.floor(i / window), column * stride - before + (i % window)]
        if (r >= 0 && c >= 0 && r < size && c < size && (best < 0 || x[r * size + c] > x[best])) best = r * size + c
      }
      gradient[best] += dy[row * out + column]
    }
  }
  return gradient
}

describe.each(backends.map((one) => [one.title, one] as const))('%s', (_title, { backend, missing }) => {
  const gradients = async (at: number[][], shape: number[], objective: (tf: typeof Tf, tensors: Tf.Tensor[]) => Tf.Tensor, shapes: number[][] = []) => {
    const { tf, alone } = await openRuntime('auto', backend)
    return alone(() => scoped(tf, async () => {
      const tensors = at.map((values, i) => tf.tensor(values, shapes[i] ?? shape))
      const found = await gradientsOf(tf, tensors, false, () => objective(tf, tensors).sum())
      return Promise.all(found.map(async (one) => Array.from(await one.data())))
    }))
  }

  test.skipIf(missing !== null).each([
    ['ties', 4, [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 0, 0, 3, 3, 0, 0], 2, 2, 'valid', 2, 0],
    ['nothing above zero', 4, [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, -16], 2, 2, 'valid', 2, 0],
    ['windows that overlap', 5, Array.from({ length: 25 }, (_, i) => (i * 7) % 5 - 2), 3, 1, 'valid', 3, 0],
    ['windows over the edge', 4, Array.from({ length: 16 }, (_, i) => (i * 5) % 3 - 3), 3, 2, 'same', 2, 0],
    ['windows over every edge', 5, Array.from({ length: 25 }, (_, i) => (i * 11) % 4 - 4), 3, 2, 'same', 3, 1],
    ['a stride beyond the window', 5, Array.from({ length: 25 }, (_, i) => -(i % 3)), 2, 3, 'valid', 2, 0],
  ] as const)('maximum pooling, %s: to the first', async (_name, size, x, window, stride, pad, out, before) => {
    const dy = Array.from({ length: out * out }, (_, i) => i + 1)
    const [gradient] = await gradients([[...x]], [1, size, size, 1], (tf, [image]) => tf.maxPool(image as Tf.Tensor4D, window, stride, pad).mul(tf.tensor4d(dy, [1, out, out, 1])))
    const expected = slowMaxPool([...x], dy, size, window, stride, out, before)
    expect(gradient).toEqual(expected)
    // The same image as a volume of one layer, and as a column of voxels.
    const flat = { weights: [1, 1, out, out, 1], volume: [1, 1, size, size, 1], window: [1, window, window], strides: [1, stride, stride] } as const
    const upright = { weights: [1, out, out, 1, 1], volume: [1, size, size, 1, 1], window: [window, window, 1], strides: [stride, stride, 1] } as const
    for (const { weights, volume, ...how } of backend === 'webgpu' ? [] : [flat, upright]) {
      const pooled = gradients([[...x]], [...volume], (tf, [voxels]) => tf.maxPool3d(voxels as Tf.Tensor5D, [...how.window], [...how.strides], pad).mul(tf.tensor5d(dy, [...weights])))
      if (backend === 'wasm') await expect(pooled).rejects.toThrow(/Kernel 'MaxPool3D' not registered/)
      else expect((await pooled)[0]).toEqual(expected)
    }
  })

  test.skipIf(missing !== null)('equal extremes share evenly', async () => {
    expect(await gradients([[1, 3, 3, 5, 5, 5]], [2, 3], (_tf, [x]) => x.max(1))).toEqual([[0, 0.5, 0.5, ...[0, 0, 0].map(() => Math.fround(1 / 3))]])
    expect(await gradients([[1, 1, 3, 5, 4, 4]], [2, 3], (_tf, [x]) => x.min([0, 1]))).toEqual([[0.5, 0.5, 0, 0, 0, 0]])
    expect(await gradients([[1, 2, 3], [2]], [3], (tf, [a, b]) => tf.maximum(a, b), [[3], [1]])).toEqual([[0, 0.5, 1], [1.5]])
    expect(await gradients([[1, 2, 3], [2, 2, 2]], [3], (tf, [a, b]) => tf.minimum(a, b))).toEqual([[1, 0.5, 0], [0, 0.5, 1]])
  })

  test.skipIf(missing !== null)('steps, roundings and positions pass nothing back, and do not forbid it elsewhere', async () => {
    expect(await gradients([[-1, 0.5, 2]], [3], (tf, [x]) => tf.where(x.greater(1), x.mul(3), x))).toEqual([[1, 1, 3]])
    expect(await gradients([[0.2, 1.7]], [2], (_tf, [x]) => x.cast('int32').cast('float32').mul(x))).toEqual([[0, 1]])
    expect(await gradients([[1, 0]], [2], (tf, [at]) => tf.gather(tf.tensor1d([5, 6]), at.cast('int32')).mul(at))).toEqual([[6, 5]])
    expect(await gradients([[4], [1]], [1], (_tf, [x]) => x.mul(x))).toEqual([[8], [0]])
  })

  test.skipIf(missing !== null)('the registry is left as it was', async () => {
    const { tf } = await openRuntime('auto', backend)
    const before = ['Max', 'Maximum', 'Cast', 'MaxPool', 'GatherV2', 'Greater'].map((name) => tf.getGradient(name))
    await gradients([[1]], [1], (_tf, [x]) => x)
    expect(['Max', 'Maximum', 'Cast', 'MaxPool', 'GatherV2', 'Greater'].map((name) => tf.getGradient(name))).toEqual(before)
  })
})
