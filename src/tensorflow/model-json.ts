/**
 * @file model.json, in which TensorFlow.js keeps a model: its topology, and which files hold the weights.
 * https://www.tensorflow.org/js/guide/save_load
 */
import { Ajv } from 'ajv'
import { messageOf, ProbityError } from '../contracts/errors.js'
import type { DType } from '../contracts/tensor.js'

export type TensorFlowFormat = 'layers-model' | 'graph-model'

/** How a weight is stored where its bytes are not its dtype's: value = scale · stored + min, or a 16-bit float. */
export type Quantization = { readonly dtype: 'uint8' | 'uint16' | 'float16'; readonly scale?: number; readonly min?: number }

export type WeightSpec = {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: Extract<DType, 'float32' | 'int32' | 'bool' | 'string' | 'complex64'>
  readonly quantization?: Quantization
}

/** Weights that lie one after the other in the joined bytes of `paths`. */
export type WeightGroup = { readonly paths: readonly string[]; readonly weights: readonly WeightSpec[] }

export type ModelJson = {
  readonly format: TensorFlowFormat
  /** Keras' model_config for a LayersModel, a GraphDef as JSON for a GraphModel. */
  readonly topology: Readonly<Record<string, unknown>>
  readonly weightsManifest: readonly WeightGroup[]
  readonly generatedBy: string
  readonly convertedBy: string
  /** A GraphModel's inputs and outputs, where the converter wrote them. */
  readonly signature: Readonly<Record<string, unknown>> | null
  readonly userDefinedMetadata: Readonly<Record<string, unknown>> | null
}

const text = { type: 'string' } as const
const shape = { type: 'array', items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } } as const
const weight = {
  type: 'object',
  required: ['name', 'shape', 'dtype'],
  properties: {
    name: text, shape, dtype: { enum: ['float32', 'int32', 'bool', 'string', 'complex64'] },
    quantization: { type: 'object', required: ['dtype'], properties: { dtype: { enum: ['uint8', 'uint16', 'float16'] }, scale: { type: 'number' }, min: { type: 'number' } } },
  },
} as const
const isModelJson = new Ajv({ allowUnionTypes: true }).compile<Record<string, unknown>>({
  type: 'object',
  required: ['modelTopology', 'weightsManifest'],
  properties: {
    format: { type: ['string', 'null'] }, generatedBy: { type: ['string', 'null'] }, convertedBy: { type: ['string', 'null'] },
    modelTopology: { type: 'object' },
    weightsManifest: { type: 'array', items: { type: 'object', required: ['paths', 'weights'], properties: { paths: { type: 'array', items: text }, weights: { type: 'array', items: weight } } } },
    signature: { type: ['object', 'null'] }, userDefinedMetadata: { type: ['object', 'null'] },
  },
})

/** @throws ProbityError `tensorflow/malformed` in one line that says what the file lacks */
export function readModelJson(bytes: Uint8Array): ModelJson {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw malformed(`it is not JSON (${messageOf(error)})`, error)
  }
  if (!isModelJson(json)) {
    const [fault] = isModelJson.errors ?? []
    throw malformed(`${fault?.instancePath ? `${fault.instancePath} ` : 'it '}${fault?.message ?? 'has another structure'}`)
  }
  const { modelTopology, weightsManifest, format, generatedBy, convertedBy, signature, userDefinedMetadata } = json
  const topology = modelTopology as Record<string, unknown>
  return {
    format: formatOf(format, topology), topology, weightsManifest: weightsManifest as WeightGroup[],
    generatedBy: (generatedBy as string | null) ?? '', convertedBy: (convertedBy as string | null) ?? '',
    signature: (signature as ModelJson['signature']) ?? null, userDefinedMetadata: (userDefinedMetadata as ModelJson['userDefinedMetadata']) ?? null,
  }
}

/** Early files do not say what they are: a GraphDef has nodes, and Keras' JSON a configuration. */
function formatOf(stated: unknown, topology: Readonly<Record<string, unknown>>): TensorFlowFormat {
  if (stated === 'layers-model' || stated === 'graph-model') return stated
  if (stated !== undefined && stated !== null) throw malformed(`its format is "${String(stated)}", which is neither layers-model nor graph-model`)
  return Array.isArray(topology['node']) ? 'graph-model' : 'layers-model'
}

const malformed = (why: string, cause?: unknown): ProbityError =>
  new ProbityError('tensorflow/malformed', `This is not a TensorFlow.js model.json: ${why}. Save the model again with model.save() or tensorflowjs_converter.`, { cause })
