/** @file The kinds of artifacts that Probity brings; plugins may add more. */
import type { ArtifactKind } from '../../contracts/artifact.js'
import type { ArtifactGatherer } from '../kind.js'
import { adversarialExamplesGatherer } from './adversarial-examples.js'
import { attributionsGatherer } from './attributions.js'
import { predictionsGatherer } from './predictions.js'

export const gatherers: readonly ArtifactGatherer<ArtifactKind>[] = [predictionsGatherer, attributionsGatherer, adversarialExamplesGatherer]
