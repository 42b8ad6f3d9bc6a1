/** @file From the paths in a config to a staged, decoded data set and a staged, inspected model. */
import type { DatasetView, InputPlan } from '../contracts/dataset.js'
import type { ModelSummary } from '../contracts/model.js'
import type { ModelReference, ViewReference } from './job-protocol.js'
import type { Staged, StagedExternal } from './staging.js'

// prepareData(request: { path: string; config: DataConfig; seed: number; allowPaths?: readonly string[] }, workspace: Workspace): Promise<PreparedData>
export type PreparedData = Staged & {
  readonly view: DatasetView
  readonly viewSha256: string
  readonly reference: ViewReference
}

// prepareModel(request: { config: ModelConfig; data: PreparedData | null; engine?: string; device?: string; allowPaths?: readonly string[] }, workspace: Workspace): Promise<PreparedModel>
export type PreparedModel = Staged & {
  readonly externalFiles: readonly StagedExternal[]
  readonly summary: ModelSummary
  /** How the view fills the model's inputs; empty without data. */
  readonly inputs: readonly InputPlan[]
  readonly reference: ModelReference
  /** How long loading and one row took, from which deadlines are made. */
  readonly loadMs: number
  readonly rowMs: number
}
