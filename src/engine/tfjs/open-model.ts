/** @file Opens TensorFlow's formats on TensorFlow.js. */
import { ProbityError } from '../../contracts/errors.js'
import type { LoadedModel, LoadOptions } from '../options.js'

/**
 * @param path model.json with its weights beside it, or saved_model.pb of a SavedModel
 * @throws ProbityError where TensorFlow.js is not installed, or the files are no model
 */
export async function openTfjsModel(path: string, { backend }: LoadOptions): Promise<LoadedModel> {
  throw new ProbityError('engine/missing', `${path} needs TensorFlow.js${backend === undefined ? "" : ` with ${backend}`}.`)
}
