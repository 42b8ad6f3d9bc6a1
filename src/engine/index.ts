/** @file Engines behind the Model contract. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { writeModel } from '../graph/index.js'
import { convertLayersModel, modelFiles, modelFormat, readModelJson, readWeights, shardLocations } from '../tensorflow/index.js'
import { checkOptions, type LoadedModel, type LoadOptions } from './options.js'
import { openOnnxModel } from './onnxruntime/open-model.js'

export type { LoadedModel, LoadOptions } from './options.js'
export { gainsFromGpu } from './onnxruntime/gains-from-gpu.js'
export { summarize } from './summary.js'

/**
 * Opens a model in this process.
 *
 * @param source The path of an ONNX file, of TensorFlow.js' model.json, of a SavedModel or of the folder they lie in; or the bytes of an ONNX file that keeps
 * all its weights inside
 * @throws ProbityError when the file is no model, or the options cannot be meant
 */
export async function loadModel(source: string | Uint8Array, options: LoadOptions = {}): Promise<LoadedModel> {
  checkOptions(options)
  if (typeof source !== 'string') return openOnnxModel(source, refusingTfjs(options, 'the model'))
  const { file } = await modelFiles(source)
  const format = modelFormat(file)
  if (format === 'onnx') return openOnnxModel(file, refusingTfjs(options, file))
  if (options.engine !== 'onnxruntime') return (await import('./tfjs/open-model.js')).openTfjsModel(file, options)
  if (format === 'saved-model') throw new ProbityError('engine/format', `${file}: ONNX Runtime cannot open a SavedModel. Convert it with python -m tf2onnx.convert --saved-model FOLDER --output model.onnx, or use the engine tfjs.`)
  return openOnnxModel(await converted(file), options)
}

function refusingTfjs(options: LoadOptions, label: string): LoadOptions {
  if (options.engine === 'tfjs') throw new ProbityError('engine/format', `${label}: TensorFlow.js cannot open ONNX models. Use the engine onnxruntime.`)
  return options
}

async function converted(file: string): Promise<Uint8Array> {
  const model = readModelJson(await readFile(file))
  const shards = new Map(await Promise.all(shardLocations(model).map(async (name) => [name, await readFile(join(dirname(file), name))] as const)))
  return writeModel(convertLayersModel(model, readWeights(model, shards)))
}
