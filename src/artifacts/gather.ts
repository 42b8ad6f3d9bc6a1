/** @file Gathering: each artifact is planned once, its blocks come from the store or from a child, and the parent combines them. */
import type { ArtifactKind, ArtifactKinds, ArtifactRequest } from '../contracts/artifact.js'
import type { Decision } from './kind.js'
import type { PreparedData, PreparedModel } from './prepare.js'
import type { Workspace } from './workspace.js'
import type { ArtifactGatherer } from './kind.js'

export type GathererOptions = {
  readonly gatherers: readonly ArtifactGatherer<never>[]
  readonly workspace: Workspace
  readonly data: PreparedData
  /** Null for audits of stored predictions. */
  readonly model: PreparedModel | null
  readonly decision: Decision
  readonly seed: number
  /** Probity's version and the sha256 of each plugin: part of every name in the store. */
  readonly probity: string
  readonly plugins: readonly string[]
  readonly onProgress?: (progress: { readonly kind: string; readonly done: number; readonly total: number }) => void
}

export type Unavailable = { readonly unavailable: string }

export type Gatherer = {
  /**
   * The artifact, or why it cannot be had. Equal requests are gathered once.
   * @throws ProbityError when a job fails
   */
  gather<K extends ArtifactKind>(request: ArtifactRequest<K>): Promise<{ readonly value: ArtifactKinds[K]['value'] } | Unavailable>
  /** Blocks, so far. */
  readonly stats: { readonly computed: number; readonly reused: number }
}
// createGatherer(options: GathererOptions): Gatherer
