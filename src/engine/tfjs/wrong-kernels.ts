/** @file Kernels of TensorFlow.js that give wrong numbers without an error. While a model runs they are not there, so that the run ends in an error. */
import type { TfPackage } from './packages.js'

/**
 * Of 4.22, by backend. The maximum over volumes starts at the smallest positive float on wasm, in place of −∞: a window without positive values has the
 * maximum 1e-38.
 */
const WRONG: Readonly<Record<string, readonly string[]>> = { wasm: ['MaxPool3D', 'MaxPool3DGrad'] }

export const isWrongKernel = (kernel: string, registered: string): boolean => WRONG[registered]?.includes(kernel) ?? false

export async function withoutWrongKernels<T>(tf: TfPackage, registered: string, work: () => T | Promise<T>): Promise<T> {
  const taken = (WRONG[registered] ?? []).flatMap((kernel) => tf.getKernel(kernel, registered) ?? [])
  for (const { kernelName } of taken) tf.unregisterKernel(kernelName, registered)
  try {
    return await work()
  } finally {
    for (const kernel of taken) tf.registerKernel(kernel)
  }
}
