/** @file What other layers use of TensorFlow's files. */
export { readModelJson, type ModelJson, type Quantization, type TensorFlowFormat, type WeightGroup, type WeightSpec } from './model-json.js'
export { readWeights, shardLocations } from './weights.js'
export { modelFiles, modelFormat, type ModelFormat } from './files.js'
export { preflightModelJson, preflightSavedModel, type TensorFlowSummary } from './preflight/preflight.js'
export { readModelFiles } from './model-files.js'
export { conversionOf, convertLayersModel, type ConversionResult } from './convert/convert.js'
