/** @file Engines behind the Model contract. */
import { checkOptions, type LoadedModel, type LoadOptions } from './options.js'
import { openOnnxModel } from './onnxruntime/open-model.js'

export type { LoadedModel, LoadOptions } from './options.js'
export { summarize } from './summary.js'

/**
 * Opens a model in this process.
 *
 * @param source A path, or the bytes of a file that keeps all its weights inside.
 * @throws ProbityError when the file is no model, or the options cannot be meant
 */
export async function loadModel(source: string | Uint8Array, options: LoadOptions = {}): Promise<LoadedModel> {
  checkOptions(options)
  return openOnnxModel(source, options)
}
