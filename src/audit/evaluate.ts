/** @file Runs metrics on their artifacts; a crash is a visible error, never a pass. */
import type { ArtifactKind, ArtifactRequest, ArtifactRequests } from '../contracts/artifact.js'
import type { ProbityConfig } from '../contracts/config.js'
import type { DatasetView } from '../contracts/dataset.js'
import { messageOf } from '../contracts/errors.js'
import type { Measurement, Metric, MetricContext, NotApplicable } from '../contracts/metric.js'
import type { Check } from './checks.js'
import { excludedGroups } from './excluded-groups.js'

export type Evaluated =
  | { readonly check: Check; readonly measurement: Measurement }
  | { readonly check: Check; readonly notApplicable: string }
  | { readonly check: Check; readonly error: string }

/** Gives an artifact's value, or says why it cannot be had. */
export type Gather = <K extends ArtifactKind>(request: ArtifactRequest<K>) => Promise<{ readonly value: unknown } | { readonly unavailable: string }>

export const DEFAULT_MINIMUM_GROUP_SIZE = 30

export async function evaluateCheck(check: Check, gather: Gather, view: DatasetView, config: ProbityConfig): Promise<Evaluated> {
  if (check.notApplicable !== null) return { check, notApplicable: check.notApplicable }
  try {
    const artifacts: Record<string, unknown> = {}
    for (const [name, request] of Object.entries(requestsOf(check))) {
      const gathered = await gather(request)
      if ('unavailable' in gathered) return { check, notApplicable: gathered.unavailable }
      artifacts[name] = gathered.value
    }
    const result = callMetric(check.metric, artifacts, {
      data: view,
      options: check.options,
      sensitive: check.sensitive,
      minimumGroupSize: config.data.minimumGroupSize ?? DEFAULT_MINIMUM_GROUP_SIZE,
      excludedGroups: check.sensitive ? excludedGroups(check.sensitive, config) : new Map(),
      seed: config.seed ?? 0,
    })
    if ('notApplicable' in result) return { check, notApplicable: result.notApplicable }
    if (!Number.isFinite(result.value)) return { check, error: `${check.metric.id} gave ${result.value}, which is not a finite number. Where a value is undefined, a metric says notApplicable with the reason.` }
    return { check, measurement: result }
  } catch (cause) {
    return { check, error: messageOf(cause) }
  }
}

/** Registries hold metrics with their option and artifact types erased; these two calls are where the erasure is undone. */
export const requestsOf = (check: Check): ArtifactRequests => (check.metric.requires as (options: unknown) => ArtifactRequests)(check.options)
const callMetric = (metric: Metric, artifacts: unknown, context: MetricContext<unknown>) =>
  (metric.evaluate as (artifacts: unknown, context: MetricContext<unknown>) => Measurement | NotApplicable)(artifacts, context)
