/** @file Runs an exported model and its gradients against what its own framework computed, and measures how far they are apart. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Device } from '../../src/contracts/model.js'
import type { Loss } from '../../src/contracts/objective.js'
import type { DType, Tensor, Tensors } from '../../src/contracts/tensor.js'
import { loadModel, type LoadedModel } from '../../src/engine/index.js'
import { takeRows } from '../../src/tensor/rows.js'
import { toNumbers, toTensor } from '../../src/tensor/tensor.js'

type Packed = { readonly dims: readonly number[]; readonly dtype: DType; readonly data: string }
export type Exported = {
  readonly file: string
  readonly truth: string
  /** What the framework calls an internal value → its name in the graph. */
  readonly internal: Readonly<Record<string, string>>
  readonly weights?: string
  readonly half?: boolean
}
type Truth = {
  readonly inputs: Readonly<Record<string, Packed>>
  readonly target: readonly number[]
  readonly logits: Packed
  readonly gradients: Readonly<Record<'element' | 'cross-entropy', Readonly<Record<string, Packed>>>>
}

const STORAGE: Partial<Record<DType, (bytes: ArrayBuffer) => Tensor['data']>> = {
  float32: (bytes) => new Float32Array(bytes), int32: (bytes) => new Int32Array(bytes), int64: (bytes) => new BigInt64Array(bytes), bool: (bytes) => new Uint8Array(bytes),
}
function unpack({ dims, dtype, data }: Packed): Tensor {
  const bytes = Buffer.from(data, 'base64')
  const make = STORAGE[dtype]
  if (!make) throw new Error(`no storage for ${dtype}`)
  return toTensor({ data: make(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer), dims, dtype }, dtype, 'a fixture')
}

/** Written out where the engine finds it, with the file of its weights beside it. */
function unzipped(folder: string, { file, weights }: Exported): string {
  const place = mkdtempSync(join(tmpdir(), 'architecture-'))
  const write = (name: string) => writeFileSync(join(place, name), gunzipSync(readFileSync(`${folder}/${name}.gz`)))
  write(`${file}.onnx`)
  if (weights) write(weights)
  return join(place, `${file}.onnx`)
}

/** The larger of the L2 error relative to the L2 norm and the largest error relative to the largest magnitude. */
export function relativeError(actual: Tensor, expected: Tensor): number {
  if (actual.dims.join() !== expected.dims.join()) return Infinity
  const [a, b] = [toNumbers(actual), toNumbers(expected)]
  const error = a.map((value, i) => value - b[i])
  const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (!error.every(Number.isFinite)) return Infinity
  return largest(b) === 0 ? largest(error) : Math.max(norm(error) / norm(b), largest(error) / largest(b))
}

export type Errors = {
  /** By what was measured; relative. */
  readonly logits: number
  readonly gradients: Readonly<Record<string, number>>
  /** A row alone against the row among others, and rows of a larger batch against the same rows of a smaller one. */
  readonly rows: Readonly<Record<string, number>>
}

/** On a GPU also the operators that the CPU ran. */
export async function measure(folder: string, exported: Exported, device: Device = 'cpu'): Promise<Errors & { readonly fallbacks: readonly string[] }> {
  const truth = JSON.parse(gunzipSync(readFileSync(`${folder}/${exported.truth}.json.gz`)).toString()) as Truth
  const model = await loadModel(unzipped(folder, exported), { device })
  try {
    const errors = await measureModel(model, exported, truth)
    return { ...errors, fallbacks: (model.fallbacks ?? []).map(({ operator }) => operator) }
  } finally {
    await model.dispose()
  }
}

async function measureModel(model: LoadedModel, { internal }: Exported, truth: Truth): Promise<Errors> {
  const feeds = Object.fromEntries(Object.entries(truth.inputs).map(([name, packed]) => [name, unpack(packed)]))
  const values = Object.keys(truth.gradients.element).flatMap((key) => (key in feeds ? [[key, key]] : key in internal ? [[key, internal[key]]] : []))
  const gradient = (rows: readonly number[] | null, loss?: Loss): Promise<Tensors> => {
    const some = rows === null ? feeds : Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, takeRows(tensor, rows, 0)]))
    return model.gradient(some, { loss, target: rows === null ? truth.target : rows.map((row) => truth.target[row]) }, { withRespectTo: values.map(([, name]) => name) })
  }
  const all = { element: await gradient(null), 'cross-entropy': await gradient(null, 'cross-entropy') }
  const gradients: Record<string, number> = {}
  const rows: Record<string, number> = {}
  for (const objective of ['element', 'cross-entropy'] as const) {
    for (const [key, name] of values) gradients[`${objective} ${key}`] = relativeError(all[objective][name], unpack(truth.gradients[objective][key]))
  }
  const count = truth.target.length
  for (const taken of [...Array.from({ length: count }, (_, row) => [row]), Array.from({ length: count + 2 }, (_, row) => row % count)]) {
    const some = await gradient(taken, 'cross-entropy')
    for (const [key, name] of values) rows[`${taken.join()} ${key}`] = relativeError(some[name], takeRows(all['cross-entropy'][name], taken, 0))
  }
  const output = model.prediction.output ?? model.outputs[0].name
  return { logits: relativeError((await model.predict(feeds))[output], unpack(truth.logits)), gradients, rows }
}
