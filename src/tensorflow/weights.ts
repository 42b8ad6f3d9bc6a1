/** @file The weights of a model.json: which files hold them, and their values. */
import { ProbityError } from '../contracts/errors.js'
import type { Tensor } from '../contracts/tensor.js'
import { halfToNumber, sizeOf } from '../tensor/dtypes.js'
import type { ModelJson, WeightGroup, WeightSpec } from './model-json.js'

/** Files that the manifest names, as it names them. */
export const shardLocations = ({ weightsManifest }: ModelJson): string[] => [...new Set(weightsManifest.flatMap(({ paths }) => paths))]

/**
 * The values of all weights by name, dequantized.
 *
 * @param shards the bytes of each file, by the name that the manifest gives it
 * @throws ProbityError `tensorflow/weights` where files are missing, or hold fewer or more bytes than the manifest says
 */
export function readWeights(model: ModelJson, shards: ReadonlyMap<string, Uint8Array>): Map<string, Tensor> {
  const weights = new Map<string, Tensor>()
  for (const group of model.weightsManifest) {
    const bytes = joined(group, shards)
    const total = group.weights.reduce((sum, spec) => (spec.dtype === 'string' ? sum : sum + storedBytes(spec)), 0)
    if (!group.weights.some(({ dtype }) => dtype === 'string') && total !== bytes.length) {
      throw refusal(`${group.paths.join(', ')}: the manifest describes ${total} bytes of weights, and there are ${bytes.length}`)
    }
    let offset = 0
    for (const spec of group.weights) {
      if (weights.has(spec.name)) throw refusal(`two weights are named "${spec.name}"`)
      if (spec.dtype === 'string') throw refusal(`the weight "${spec.name}" holds text`)
      const length = storedBytes(spec)
      weights.set(spec.name, valueOf(spec, new Uint8Array(bytes.subarray(offset, offset + length))))
      offset += length
    }
  }
  return weights
}

function joined({ paths }: WeightGroup, shards: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts = paths.map((path) => {
    const part = shards.get(path)
    if (!part) throw refusal(`the file ${path} is missing`)
    return part
  })
  return parts.length === 1 ? parts[0] : Buffer.concat(parts)
}

const BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 } as const

/** Bytes in the file; text has no fixed size. */
function storedBytes({ name, shape, dtype, quantization }: WeightSpec): number {
  if (dtype === 'string') throw refusal(`the weight "${name}" holds text`)
  return sizeOf(shape) * BYTES[quantization?.dtype ?? dtype]
}

/** @param bytes with a buffer of their own */
function valueOf({ name, shape, dtype, quantization }: WeightSpec, bytes: Uint8Array): Tensor {
  const dims = [...shape]
  const { buffer } = bytes
  if (!quantization) {
    switch (dtype) {
      case 'float32': return { data: new Float32Array(buffer), dims, dtype }
      case 'int32': return { data: new Int32Array(buffer), dims, dtype }
      case 'bool': return { data: bytes, dims, dtype }
      case 'complex64': return { data: new Float32Array(buffer), dims, dtype }
      default: throw refusal(`the weight "${name}" holds ${dtype}`)
    }
  }
  if (dtype !== 'float32' && dtype !== 'int32') throw refusal(`the weight "${name}" is ${dtype} and quantized, which cannot be`)
  const stored = quantization.dtype === 'uint8' ? bytes : new Uint16Array(buffer)
  const { scale = 1, min = 0 } = quantization
  const values = quantization.dtype === 'float16' ? Float32Array.from(stored, halfToNumber) : Float32Array.from(stored, (value) => value * scale + min)
  return dtype === 'int32' ? { data: Int32Array.from(values, Math.round), dims, dtype } : { data: values, dims, dtype }
}

const refusal = (why: string): ProbityError => new ProbityError('tensorflow/weights', `The weights of the model cannot be read: ${why}. Save the model again, and keep all its files together.`)
