/** @file From paths to artifacts: what audits use of this folder. */
export { createGatherer, type Gathered, type Gatherer, type GathererOptions, type Unavailable } from './gather.js'
export { cpuClass, hostClass } from './host.js'
export { artifactKey } from './key.js'
export type { ArtifactGatherer, Decision } from './kind.js'
export { gatherers } from './kinds/index.js'
export { prepareData, prepareModel, type OpenedModel, type PreparedData, type PreparedModel } from './prepare.js'
export { openWorkspace, type Workspace, type WorkspaceOptions } from './workspace.js'
