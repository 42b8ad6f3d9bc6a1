/** @file Engines behind the Model contract. */
import { ProbityError } from '../contracts/errors.js'
import { preflight, writeModel } from '../graph/index.js'
import { convertLayersModel, modelFiles, modelFormat, readModelFiles } from '../tensorflow/index.js'
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
  return openConverted(file, options)
}

function refusingTfjs(options: LoadOptions, label: string): LoadOptions {
  if (options.engine === 'tfjs') throw new ProbityError('engine/format', `${label}: TensorFlow.js cannot open ONNX models. Use the engine onnxruntime.`)
  return options
}

/** A LayersModel as ONNX, which is held to the same limits as a file would be. */
async function openConverted(file: string, options: LoadOptions): Promise<LoadedModel> {
  const [model, weights] = await readModelFiles(file)
  const bytes = writeModel(convertLayersModel(model, weights))
  preflight(bytes, { blockRows: 1 })
  return openOnnxModel(bytes, options, { label: file, format: 'tfjs-layers-model', producer: [model.generatedBy, model.convertedBy].filter(Boolean).join(', ') })
}
