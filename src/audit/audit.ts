/** @file An audit from configuration to report: stage → plan → gather → evaluate → judge → assemble. */
import { createGatherer, gatherers, openWorkspace, prepareData, prepareModel, type ArtifactGatherer, type Gatherer, type WorkspaceOptions } from '../artifacts/index.js'
import { predictions, type ArtifactKind, type Predictions } from '../contracts/artifact.js'
import type { ProbityConfig } from '../contracts/config.js'
import { ProbityError } from '../contracts/errors.js'
import type { Backend, Device, EngineName } from '../contracts/model.js'
import type { Metric } from '../contracts/metric.js'
import type { Report } from '../contracts/report.js'
import type { Table } from '../data/index.js'
import { assembleReport } from './assemble.js'
import { planChecks } from './checks.js'
import { evaluateCheck, type Evaluated } from './evaluate.js'
import { judge, verdictOf } from './judge.js'
import { recordSettings } from './previous-audit.js'
import { configSha256, host, withDisplayPaths } from './provenance.js'

export type AuditEnvironment = Omit<WorkspaceOptions, 'onWarning'> & {
  readonly metrics: readonly Metric[]
  /** Gatherers of the artifact kinds that plugins add. */
  readonly gatherers: readonly ArtifactGatherer<ArtifactKind>[]
  /** Probity's version, and the content hash of each plugin: part of every stored result's name. */
  readonly version: string
  readonly pluginHashes: readonly string[]
  /** Paths in the report are shown relative to this folder. */
  readonly folder: string
  readonly allowPaths: readonly string[]
  /** The data, where it is in memory instead of at `config.data.path`. */
  readonly table?: Table
  /** What runs the model, and where; by default what its format and the machine suggest. */
  readonly engine?: EngineName
  readonly device?: Device
  readonly backend?: Backend
  readonly command: string
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  readonly onProgress?: (text: string) => void
}

/**
 * @throws ProbityError when the audit could not be run at all; AbortError when the signal fired. A metric that fails is an `error` result instead.
 */
export async function runAudit(config: ProbityConfig, environment: AuditEnvironment): Promise<Report> {
  const startedAt = new Date()
  const { metrics, version, signal, folder } = environment
  const warnings: string[] = []
  const warn = (text: string) => {
    warnings.push(text)
    environment.onWarning?.(text)
  }
  if (!config.model && config.data.prediction === undefined && config.data.score === undefined) {
    throw new ProbityError('config/model', 'Nothing predicts: give a model (--model), or the column with stored predictions (--prediction) or scores (--score).')
  }
  const seed = config.seed ?? 0
  const workspace = await openWorkspace({ ...environment, onWarning: warn })
  try {
    signal?.throwIfAborted()
    const data = await prepareData({ path: config.data.path, config: config.data, model: config.model ?? null, seed, ...pick(environment) }, workspace)
    signal?.throwIfAborted()
    const model = config.model ? await prepareModel({ data }, workspace) : null
    const checks = planChecks(config, metrics, data.view, model?.summary ?? null)
    // Before any value is computed, so that a limit cannot be chosen by the result without leaving a trace.
    const changedSincePreviousAudit = await recordSettings(workspace.store, {
      config, checks, dataSha256: data.sha256, configSha256: configSha256(config, folder), startedAt: startedAt.toISOString(),
    })
    const gatherer = createGatherer({
      gatherers: [...gatherers, ...environment.gatherers], workspace, data, model, seed,
      decision: { threshold: config.decision?.threshold ?? null },
      probity: version,
      plugins: environment.pluginHashes,
      onProgress: ({ kind, done, total }) => environment.onProgress?.(`${kind}: ${done} of ${total} blocks`),
    })
    const predicted = await requirePredictions(gatherer)
    const evaluated: Evaluated[] = []
    for (const check of checks) {
      const result = await evaluateCheck(check, (request) => gatherer.gather(request), data.view, config)
      evaluated.push('error' in result ? { check, error: withDisplayPaths(result.error, [data.original, ...(model ? [model.original] : [])], folder) } : result)
      // An interrupted job looks like a failed one to the check, and the last check is followed by no other.
      signal?.throwIfAborted()
    }
    const results = judge(evaluated, data.view)
    return assembleReport({
      config, folder, data, model, metrics, results, version,
      predictions: predicted,
      device: gatherer.device(),
      verdict: verdictOf(results),
      run: {
        startedAt: startedAt.toISOString(),
        durationMs: Date.now() - startedAt.getTime(),
        host: host(),
        isolated: workspace.jobs.isolated,
        confinement: workspace.jobs.confinement,
        command: environment.command,
        artifacts: { ...gatherer.stats },
        warnings,
        changedSincePreviousAudit,
      },
    })
  } finally {
    await workspace.close()
  }
}

const pick = ({ table, engine, device, backend, allowPaths }: AuditEnvironment) =>
  ({ allowPaths, ...(table && { table }), ...(engine && { engine }), ...(device && { device }), ...(backend && { backend }) })

async function requirePredictions(gatherer: Gatherer): Promise<Predictions> {
  const gathered = await gatherer.gather(predictions())
  if ('unavailable' in gathered) throw new ProbityError('audit/predictions', `The model's predictions cannot be read: ${gathered.unavailable}.`)
  return gathered.value
}
