/** @file The first look at TensorFlow's files: on the bytes, before TensorFlow.js or TensorFlow sees them. */
import { DEFAULT_LIMITS, refuseByContent, type PreflightLimits } from '../../graph/index.js'
import { readModelJson } from '../model-json.js'
import { checkGraphModel } from './graph-model.js'
import { checkJsonBytes, refusePrototypes } from './json.js'
import { checkLayersModel } from './layers-model.js'
import { checkManifest } from './manifest.js'
import { checkSavedModel } from './saved-model.js'

export type TensorFlowSummary = {
  /** Files beside the model, as it names them. */
  readonly locations: readonly string[]
  /** What all values of one row take; null where that is not known before a run. */
  readonly bytesPerRow: number | null
}

/**
 * @throws ProbityError `preflight/format` for files of other formats, `tensorflow/…` for what contradicts itself or would need code, and `preflight/<limit>`
 */
export function preflightModelJson(bytes: Uint8Array, limits: Partial<PreflightLimits> = {}): TensorFlowSummary {
  const settled = { ...DEFAULT_LIMITS, ...limits }
  refuseByContent(bytes, 'json')
  checkJsonBytes(bytes, settled)
  const model = readModelJson(bytes)
  refusePrototypes(model.topology)
  const manifest = checkManifest(model, settled)
  if (model.format === 'graph-model') {
    checkGraphModel(model.topology, settled)
    return { locations: manifest.locations, bytesPerRow: null }
  }
  const { bytesPerRow, complete } = checkLayersModel(model.topology, manifest, settled)
  return { locations: manifest.locations, bytesPerRow: complete ? bytesPerRow : null }
}

/** @throws ProbityError as above */
export function preflightSavedModel(bytes: Uint8Array, limits: Partial<PreflightLimits> = {}): void {
  const settled = { ...DEFAULT_LIMITS, ...limits }
  refuseByContent(bytes)
  checkSavedModel(bytes, settled)
}
