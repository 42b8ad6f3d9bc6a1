/** @file Every class of layer that can be converted. */
import type { LayerConverter } from '../layer-call.js'
import { activationLayers } from './activation.js'
import { convolutions } from './convolution.js'
import { core } from './core.js'
import { merging } from './merge.js'
import { normalization } from './normalization.js'
import { pooling } from './pooling.js'
import { preprocessing } from './preprocessing.js'
import { recurrent } from './recurrent.js'
import { wrappers } from './wrappers.js'

export const LAYERS: ReadonlyMap<string, LayerConverter> = new Map(
  [core, activationLayers, convolutions, pooling, normalization, merging, recurrent, wrappers, preprocessing].flatMap((table) => Object.entries(table)),
)

