/** @file The public API, and the place where metrics meet the audit. */
import { resolve } from 'node:path'
import { metrics as builtIn } from '../metrics/index.js'
import { runAudit } from './audit/index.js'
import { loadPlugins } from './audit/plugins.js'
import { validateConfig, withAbsolutePaths } from './config/index.js'
import type { DataConfig, ModelConfig, ProbityConfig } from './contracts/config.js'
import type { Backend, Device, EngineName } from './contracts/model.js'
import type { Report } from './contracts/report.js'
import { withFrames, type FrameMethods } from '../reports/data-frame.js'
import { takeTable, type DataInMemory, type TableInMemory } from './data/index.js'
import { version, workerUrl } from './package.js'

export { exitCode } from './audit/index.js'
export type { Plugin } from './audit/plugins.js'
export type { ArtifactGatherer, GatherContext, JobPlan, Part, PlanContext } from './artifacts/kind.js'
export { fgsm, pgd, type AttackOptions, type AttackResult, type PgdOptions } from './attack/index.js'
export { differentiate, type DifferentiateOptions, type GradientGraph } from './autodiff/index.js'
export * from './contracts/index.js'
export { csvOf, loadData, type DataInMemory, type Table, type TableInMemory } from './data/index.js'
export { loadModel } from './engine/index.js'
export { integratedGradients, type IntegratedGradients, type IntegratedGradientsOptions } from './explain/index.js'
export { readModel, writeModel, type Graph, type OnnxModel } from './graph/index.js'
export { fairness } from '../metrics/fairness/index.js'
export { reporters } from '../reports/index.js'
export { groupsToDataFrame, resultsToDataFrame, type DataFrames, type FrameMethods, type FrameOptions } from '../reports/data-frame.js'
export { version } from './package.js'

/** As in probity.config.yaml; `model` and `data` may be bare paths, and data may be in memory, bare or as `{ frame, label, … }`. */
export type AuditRequest = Omit<ProbityConfig, 'model' | 'data'> & { readonly model?: string | ModelConfig; readonly data: string | DataConfig | TableInMemory | DataInMemory }

export type AuditRunOptions = {
  /** Paths in the request and in the report are relative to this folder. Default: the working directory. */
  readonly folder?: string
  /** A folder for intermediate results, true for the user's cache folder, false for none. Default: on, except under CI. */
  readonly cache?: string | boolean
  /** Child processes side by side; results do not depend on it. Default 1. */
  readonly workers?: number
  /** Limit for each step of a child process. */
  readonly timeoutMs?: number
  /** Memory of each child process beyond what Node itself takes; default: half of the machine's, from 1 to 4 GiB. */
  readonly maxMemoryMb?: number
  /** What runs the model, and where; by default what its format and the machine suggest. */
  readonly engine?: EngineName
  readonly device?: Device
  /** Of TensorFlow.js. */
  readonly backend?: Backend
  /** Folders that links of model and data may lead to. */
  readonly allowPaths?: readonly string[]
  /** Recorded in the report. */
  readonly command?: string
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  readonly onProgress?: (text: string) => void
  /** What child processes print. */
  readonly onNoise?: (text: string) => void
}

/**
 * Audits a model, or stored predictions, and gives the object that report.json holds. Model and data are opened in child processes only.
 *
 * @throws ProbityError when the audit could not be run; a metric that fails is an `error` result instead
 */
export async function audit(request: AuditRequest, options: AuditRunOptions = {}): Promise<Report & FrameMethods> {
  const folder = resolve(options.folder ?? '.')
  const { model, data: given, ...rest } = request
  const { data, table } = takeTable(given)
  const valid = validateConfig({ ...rest, ...(model !== undefined && { model: typeof model === 'string' ? { path: model } : model }), data }, 'The configuration')
  const absolute = withAbsolutePaths(valid, folder)
  const config = table ? { ...absolute, data: valid.data } : absolute
  const plugins = await loadPlugins(config.plugins ?? [], folder, builtIn)
  const { engine, device, backend, cache, workers, timeoutMs, maxMemoryMb, allowPaths, command, signal, onWarning, onProgress, onNoise } = options
  const report = await runAudit(config, {
    metrics: [...builtIn, ...plugins.metrics],
    gatherers: plugins.gatherers,
    pluginHashes: plugins.hashes,
    plugins: plugins.urls,
    confine: plugins.confined,
    version,
    workerUrl: workerUrl(),
    folder,
    cacheFolder: typeof cache === 'string' ? cache : null,
    ...(typeof cache === 'boolean' && { cache }),
    ...(engine !== undefined && { engine }),
    ...(device !== undefined && { device }),
    ...(backend !== undefined && { backend }),
    ...(workers !== undefined && { workers }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxMemoryMb !== undefined && { maxMemoryMb }),
    allowPaths: allowPaths ?? [],
    ...(table && { table }),
    command: command ?? 'audit()',
    ...(signal && { signal }),
    ...(onWarning && { onWarning }),
    ...(onProgress && { onProgress }),
    ...(onNoise && { onNoise }),
  })
  return withFrames(report)
}
