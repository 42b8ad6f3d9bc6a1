/** @file TensorFlow.js models in a test, with drawn weights, and as the files that they are saved as. */
import * as tf from '@tensorflow/tfjs'
import type { Tensor } from '../../../src/contracts/tensor.js'
import { readModelJson, readWeights, type ModelJson } from '../../../src/tensorflow/index.js'

export type Draw = () => number

/** Mulberry32: the same numbers on every machine. */
export function drawing(seed: number): Draw {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Around zero, about as large as one. */
export const drawn = (draw: Draw, size: number): Float32Array => Float32Array.from({ length: size }, () => (draw() + draw() + draw() - 1.5) * 1.4)

/** Variances stay positive; kernels are small enough that deep stacks neither vanish nor explode. */
export function drawWeights(model: tf.LayersModel, draw: Draw): void {
  for (const weight of model.weights) {
    const { shape, name } = weight
    const size = shape.reduce<number>((product, dim) => product * (dim ?? 1), 1)
    const fan = shape.slice(0, -1).reduce<number>((product, dim) => product * (dim ?? 1), 1)
    const values = drawn(draw, size).map((value) => (/variance/.test(name) ? 0.5 + Math.abs(value) : /kernel/.test(name) ? value / Math.sqrt(fan) : value))
    tf.tidy(() => void weight.write(tf.tensor(values, shape as number[])))
  }
}

/** What `model.save` writes, read back. */
export async function saved(model: tf.LayersModel): Promise<{ model: ModelJson; weights: Map<string, Tensor>; json: Record<string, unknown>; bytes: Uint8Array }> {
  let json: Record<string, unknown> = {}
  let bytes = new Uint8Array()
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    const { modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy, userDefinedMetadata } = artifacts
    json = { modelTopology, format, generatedBy, convertedBy, userDefinedMetadata, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs ?? [] }] }
    bytes = new Uint8Array(weightData as ArrayBuffer)
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } })
  }))
  const read = readModelJson(new TextEncoder().encode(JSON.stringify(json)))
  return { model: read, weights: readWeights(read, new Map([['weights.bin', bytes]])), json, bytes }
}
