/** @file Runs a graph on ONNX Runtime's CPU provider, on float32 as it declares. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { writeModel, type Graph } from '../../src/graph/index.js'
import { fromTensor, toTensor, type RefTensor } from './tensor.js'
import type { DType, Tensor } from '../../src/contracts/tensor.js'

/** Bytes of an ONNX file with nothing but this graph. */
export function modelBytes(graph: Graph): Uint8Array {
  return writeModel({ irVersion: 10, producerName: '', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, graph, functions: [] })
}

export async function runOnnxRuntime(graph: Graph, feeds: ReadonlyMap<string, RefTensor>): Promise<Map<string, RefTensor>> {
  const session = await InferenceSession.create(modelBytes(graph), { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 })
  try {
    const given = Object.fromEntries(session.inputNames.map((name) => [name, toOrt(feeds.get(name) as RefTensor)]))
    const outputs = await session.run(given)
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, fromTensor({ data: tensor.data, dims: tensor.dims, dtype: tensor.type } as Tensor)]))
  } finally {
    await session.release()
  }
}

function toOrt(tensor: RefTensor): OrtTensor {
  const { data, dims, dtype } = toTensor(tensor)
  return new OrtTensor(dtype as Extract<DType, 'float32'>, data as Float32Array, dims)
}
