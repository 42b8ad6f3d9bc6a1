/** @file Runs graphs on ONNX Runtime, for the tests of gradients. */
import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import type { DType } from '../../src/contracts/tensor.js'
import { readModel, writeModel, type Graph } from '../../src/graph/index.js'

export type Values = { readonly data: readonly number[]; readonly dims: readonly number[]; readonly dtype?: DType }

export const readGraph = (name: string): Graph => readModel(readFileSync(new URL(`../fixtures/models/${name}`, import.meta.url))).graph

export function modelBytes(graph: Graph): Uint8Array {
  return writeModel({ irVersion: 9, producerName: 'test', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, graph, functions: [] })
}

/** Feeds by name; dtype defaults to float32. */
export async function runGraph(graph: Graph, feeds: Readonly<Record<string, Values>>): Promise<Record<string, { data: number[]; dims: readonly number[] }>> {
  const session = await ort.InferenceSession.create(modelBytes(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 })
  try {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, { data, dims, dtype = 'float32' }]) => [name, ortTensor(data, dims, dtype)]))
    const outputs = await session.run(tensors)
    return Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [name, { data: Array.from(data as Iterable<number | bigint>, Number), dims }]))
  } finally {
    await session.release()
  }
}

function ortTensor(data: readonly number[], dims: readonly number[], dtype: DType): ort.Tensor {
  switch (dtype) {
    case 'int64': return new ort.Tensor('int64', BigInt64Array.from(data, (value) => BigInt(value)), dims)
    case 'bool': return new ort.Tensor('bool', Uint8Array.from(data), dims)
    case 'float64': return new ort.Tensor('float64', Float64Array.from(data), dims)
    case 'int32': return new ort.Tensor('int32', Int32Array.from(data), dims)
    default: return new ort.Tensor('float32', Float32Array.from(data), dims)
  }
}
