/** @file Runs a fixture model directly on ONNX Runtime, so that feeds are checked without the engine. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Tensors } from '../../src/contracts/tensor.js'

export async function runModel(name: string, feeds: Tensors, output: string): Promise<Float32Array> {
  const session = await InferenceSession.create(`test/fixtures/models/${name}.onnx`)
  const tensors = Object.fromEntries(Object.entries(feeds).map(([key, { data, dims }]) => [key, new OrtTensor('float32', data as Float32Array, dims)]))
  const results = await session.run(tensors)
  return results[output]!.data as Float32Array
}
