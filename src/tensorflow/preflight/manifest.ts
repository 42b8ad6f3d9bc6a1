/** @file What a model.json says of its files and weights, before any of them is read. */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit, type PreflightLimits } from '../../graph/index.js'
import type { ModelJson, WeightSpec } from '../model-json.js'

const BYTES_PER_ELEMENT = 4

export type ManifestSummary = {
  /** Files, as the manifest names them. */
  readonly locations: readonly string[]
  readonly elements: number
  /** Of all weights once they are no longer quantized. */
  readonly bytes: number
}

/** @throws ProbityError `tensorflow/weights`, or `preflight/<limit>` naming the limit */
export function checkManifest({ weightsManifest }: ModelJson, limits: PreflightLimits): ManifestSummary {
  const locations = new Set<string>()
  const names = new Set<string>()
  let elements = 0
  for (const { paths, weights } of weightsManifest) {
    for (const path of paths) {
      if (locations.has(path)) throw refusal(`the file "${path}" is listed twice`)
      if (locations.add(path).size > limits.maxFiles) overLimit('maxFiles', `The model names ${locations.size} files or more`, limits)
      checkName(path, limits)
    }
    for (const spec of weights) {
      if (names.has(spec.name)) throw refusal(`two weights are named "${spec.name}"`)
      if (names.add(spec.name).size > limits.maxInitializers) overLimit('maxInitializers', `The model has ${names.size} weights or more`, limits)
      elements += checkWeight(spec, limits)
    }
  }
  const bytes = elements * BYTES_PER_ELEMENT
  if (bytes > limits.maxMemoryBytes) overLimit('maxMemoryBytes', `The model's weights take ${bytes} bytes`, limits)
  return { locations: [...locations], elements, bytes }
}

function checkWeight({ name, shape, dtype, quantization }: WeightSpec, limits: PreflightLimits): number {
  checkName(name, limits)
  if (shape.length > limits.maxRank) overLimit('maxRank', `The weight "${name}" has ${shape.length} dimensions`, limits)
  const elements = shape.reduce((product, size) => product * size, 1)
  if (!(elements <= limits.maxElements)) overLimit('maxElements', `The weight "${name}" of shape [${shape.join(', ')}] has ${elements} elements`, limits)
  if (quantization && dtype !== 'float32' && dtype !== 'int32') throw refusal(`the weight "${name}" is ${dtype} and quantized, which cannot be`)
  if (quantization && quantization.dtype !== 'float16' && (quantization.scale === undefined || quantization.min === undefined || !(quantization.scale > 0))) {
    throw refusal(`the weight "${name}" is quantized without a scale above 0 and a minimum`)
  }
  return elements
}

export function checkName(name: string, limits: PreflightLimits): void {
  const bytes = Buffer.byteLength(name)
  if (bytes > limits.maxNameBytes) overLimit('maxNameBytes', `The model holds a name of ${bytes} bytes`, limits)
}

const refusal = (why: string): ProbityError => new ProbityError('tensorflow/weights', `The weights of the model cannot be read: ${why}. Save the model again, and keep all its files together.`)
