/** @file Opens TensorFlow's formats on TensorFlow.js. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type * as Tf from '@tensorflow/tfjs'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import { metadataLabels } from '../../graph/index.js'
import { modelFormat, type ModelJson, readModelJson, readWeights, shardLocations } from '../../tensorflow/index.js'
import { detectBatchAxes } from '../batch.js'
import { DEFAULT_BLOCK_ROWS, type LoadedModel, type LoadOptions } from '../options.js'
import { settlePrediction } from '../prediction.js'
import { Runs } from './gradients.js'
import { graphNetwork } from './graph-network.js'
import { layersNetwork } from './layers-network.js'
import { TfjsModel } from './model.js'
import type { Network } from './network.js'
import { openRuntime, type Runtime } from './runtime.js'
import { openSavedModel } from './saved-model.js'
import { unfuse } from './unfuse.js'

/**
 * @param path model.json with its weights beside it, or saved_model.pb of a SavedModel
 * @throws ProbityError where TensorFlow.js is not installed, or the files are no model
 */
export async function openTfjsModel(path: string, options: LoadOptions): Promise<LoadedModel> {
  const isJson = modelFormat(path) === 'model-json'
  // Before TensorFlow.js is loaded: files that lie are refused whatever is installed.
  const files = isJson ? await readFiles(path) : null
  const runtime = await openRuntime(options.device, options.backend)
  const network = await runtime.alone(() => (files ? openJson(path, files, runtime) : openSavedModel(dirname(path), runtime)))
  const free = () => runtime.alone(() => network.dispose())
  try {
    return await describe(path, network, runtime, options, free)
  } catch (error) {
    await free()
    throw error
  }
}

async function describe(path: string, network: Network, runtime: Runtime, options: LoadOptions, free: () => Promise<void>): Promise<LoadedModel> {
  const named = options.prediction?.name === undefined ? null : (network.aliases.get(options.prediction.name) ?? options.prediction.name)
  const { prediction: detected, independentColumns } = network.read(named !== null && network.values.has(named) ? named : null)
  // A value within the model that answers is fetched like an output.
  const added = [detected.output, named].filter((name): name is string => name !== null && network.values.has(name) && !network.outputs.some((output) => output.name === name))
  const further = [...new Set(added)].map((name) => ({ name, dtype: 'float32' as const, dims: network.values.get(name)!.dims }))
  const { inputs, outputs, fixedBatch } = detectBatchAxes(network.inputs, [...network.outputs, ...further])
  const prediction = settlePrediction(detected, options.prediction, outputs, network.aliases)
  const runs = new Runs({
    runtime, network, inputs, outputs, prediction, fixedBatch, independentColumns, label: path,
    chosenOutput: named === null ? null : prediction.output,
    blockRows: options.blockRows ?? DEFAULT_BLOCK_ROWS,
  })
  const { format, producer, metadata } = network
  return new TfjsModel({ inputs, outputs, prediction, engine: runtime.info, fixedBatch, metadata, format, producer }, await runs.findCapability(), runs, free)
}

type Files = { readonly json: ModelJson; readonly artifacts: Tf.io.ModelArtifacts }

/** TensorFlow.js reads no file itself: it gets checked weights, dequantized, from memory. */
async function readFiles(path: string): Promise<Files> {
  const written = await reading(path, async () => readModelJson(await readFile(path)))
  const json = written.format === 'graph-model' ? unfuse(written) : written
  const shards = new Map<string, Uint8Array>()
  for (const name of shardLocations(json)) shards.set(name, await reading(name, () => readFile(join(dirname(path), name))))
  const weights = await reading(path, () => readWeights(json, shards))
  const specs: Tf.io.WeightsManifestEntry[] = []
  const data: ArrayBuffer[] = []
  for (const [name, { dims, dtype, data: values }] of weights) {
    specs.push({ name, shape: [...dims], dtype: dtype as Tf.io.WeightsManifestEntry['dtype'] })
    data.push((values as Float32Array<ArrayBuffer>).buffer)
  }
  const { topology, signature, userDefinedMetadata, format, generatedBy, convertedBy } = json
  return {
    json,
    artifacts: {
      modelTopology: topology, weightSpecs: specs, weightData: data, format, generatedBy, convertedBy,
      ...(signature && { signature }), ...(userDefinedMetadata && { userDefinedMetadata: userDefinedMetadata as Record<string, object> }),
    },
  }
}

/** Errors about a file begin with its name. */
async function reading<T>(label: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ProbityError) throw new ProbityError(error.code, error.message.includes(label) ? error.message : `${label}: ${error.message}`, { cause: error })
    throw new ProbityError('engine/open', `The model's file ${label} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function openJson(path: string, { json, artifacts }: Files, { tf }: Runtime): Promise<Network> {
  const metadata = metadataOf(json)
  const classes = metadataLabels({ metadata })
  const producer = [json.generatedBy, json.convertedBy].filter(Boolean).join(', ')
  const handler: Tf.io.IOHandler = { load: () => Promise.resolve(artifacts) }
  try {
    if (json.format === 'graph-model') return graphNetwork(await tf.loadGraphModel(handler), json, metadata, classes, producer)
    return layersNetwork(tf, await tf.loadLayersModel(handler), metadata, classes, producer)
  } catch (error) {
    throw new ProbityError('engine/open', `TensorFlow.js could not open ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** What the file says of itself; values that are no text as JSON. */
function metadataOf({ userDefinedMetadata }: ModelJson): Readonly<Record<string, string>> {
  const metadata = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(userDefinedMetadata ?? {})) if (name !== 'signature') metadata[name] = typeof value === 'string' ? value : JSON.stringify(value)
  return metadata
}
