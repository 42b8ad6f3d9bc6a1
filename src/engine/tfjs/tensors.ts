/** @file Tensors in and out of TensorFlow.js. */
import type * as Tf from '@tensorflow/tfjs'
import { ProbityError } from '../../contracts/errors.js'
import type { DType, Tensor } from '../../contracts/tensor.js'
import type { TfPackage } from './packages.js'

/** The element types that TensorFlow.js knows, and complex64, which nothing here feeds or fetches. */
export type TfDType = 'float32' | 'int32' | 'bool' | 'string'

export function toTf(tf: TfPackage, { data, dims, dtype }: Tensor): Tf.Tensor {
  const shape = [...dims]
  if (dtype === 'string') return tf.tensor(data as string[], shape, 'string')
  // Wider integers are class numbers and positions here, which fit.
  const values = dtype === 'int64' ? Int32Array.from(data as BigInt64Array, Number) : (data as Float32Array | Int32Array | Uint8Array)
  return tf.tensor(values, shape, dtype === 'int64' ? 'int32' : (dtype as TfDType))
}

/** A copy: backends hand out their own buffers. */
export async function fromTf(tensor: Tf.Tensor): Promise<Tensor> {
  const { shape: dims, dtype } = tensor
  if (dtype === 'complex64') throw new ProbityError('engine/dtype', 'An output of the model is complex, which TensorFlow.js cannot hand out. Export the model with its real and imaginary parts.')
  const data = await tensor.data()
  return { data: dtype === 'string' ? (data as unknown as string[]) : (data as Float32Array).slice(), dims, dtype: dtype as DType }
}

/**
 * Everything that the work makes is freed when it ends, also where it waits in between, as `tf.tidy` cannot. Only inside `alone`, since scopes belong to
 * the process.
 */
export async function scoped<T>(tf: TfPackage, work: () => Promise<T>): Promise<T> {
  const engine = tf.engine()
  engine.startScope('probity')
  try {
    return await work()
  } finally {
    engine.endScope()
  }
}
