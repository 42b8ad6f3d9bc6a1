/** @file What will be checked: metrics × entries of the config × sensitive columns, fixed before any value is seen. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { AuditConfig, ProbityConfig } from '../contracts/config.js'
import type { DatasetView, SensitiveColumn } from '../contracts/dataset.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Metric } from '../contracts/metric.js'
import type { ModelSummary } from '../contracts/model.js'
import type { Threshold } from '../contracts/report.js'
import { nearest } from '../contracts/near-names.js'
import { MOST_GROUPS } from '../statistics/group-rates.js'
import { checkExclusions } from './excluded-groups.js'

export type Check = {
  readonly key: string
  readonly name: string | null
  readonly metric: Metric
  /** The metric's own parameters, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>
  readonly sensitive: SensitiveColumn | null
  readonly threshold: Threshold | null
  /** Why data or model do not allow it; such a check is not gathered. */
  readonly notApplicable: string | null
  /** What forbids every pass, whatever is measured. */
  readonly cannotPass?: string
}

const COMMON = new Set(['name', 'min', 'max', 'judge', 'onInsufficient', 'setBy', 'on', 'reason'])

/**
 * Without `audits` in the config: every metric with its defaults, nothing judged.
 *
 * @throws ProbityError for unknown metrics and parameters, thresholds on informative metrics, and judged directions that nobody stated
 */
export function planChecks(config: ProbityConfig, metrics: readonly Metric[], view: DatasetView, model: ModelSummary | null): Check[] {
  checkExclusions(view.sensitive, config)
  const checks = checkAudits(config, metrics).flatMap(({ metric, name, threshold, options }) => {
    if (threshold && metric.needsDirection && view.favorable === null) {
      throw new ProbityError('config/direction', `audits.${metric.id} has a limit, and its direction decides the verdict: state data.favorable (the outcome a person wants, such as the label value for "approved").`)
    }
    const columns = metric.per === 'sensitive-column' && view.sensitive.length > 0 ? view.sensitive : [null]
    const someJudged = columns.some((column) => column === null || column.judged === true)
    const elsewhere = referenceElsewhere(metric, options, view.sensitive)
    return columns.map((sensitive): Check => {
      const other = sensitive && elsewhere(sensitive)
      return {
        key: keyOf(metric.id, name, sensitive),
        name,
        metric,
        options,
        sensitive,
        threshold: other !== null || (sensitive && sensitive.judged !== true && !wantsJudgement(sensitive, config, someJudged)) ? null : threshold,
        notApplicable: obstacle(metric, view, model, sensitive) ?? other,
        ...(model && !model.rowIndependent && { cannotPass: 'the model\'s answer for a row depends on the other rows that it is run with, and other blocks of rows give other answers' }),
      }
    })
  })
  const seen = new Set<string>()
  for (const { key } of checks) {
    if (seen.has(key)) throw new ProbityError('config/audits', `${key} is asked for twice. Give each entry its own name.`)
    seen.add(key)
  }
  return checks
}

export type AuditEntry = Pick<Check, 'name' | 'metric' | 'options' | 'threshold'>

/**
 * What of `audits` is right or wrong whatever the data: metrics, parameters and limits, with defaults filled in.
 *
 * @throws ProbityError for unknown metrics and parameters, limits on informative metrics, and limits that no value can reach
 */
export function checkAudits(config: ProbityConfig, metrics: readonly Metric[]): AuditEntry[] {
  return entriesOf(config, metrics).map(({ metric, entry }) => ({ metric, name: entry.name ?? null, threshold: thresholdOf(metric, entry), options: optionsOf(metric, entry) }))
}

/** With several sensitive columns a reference value names a group of some of them; the others are not compared with it, which their result says. */
function referenceElsewhere(metric: Metric, { reference }: Check['options'], sensitive: readonly SensitiveColumn[]): (column: SensitiveColumn) => string | null {
  if (metric.per !== 'sensitive-column' || sensitive.length === 0 || reference === undefined || reference === 'best' || reference === 'rest') return () => null
  const name = String(reference)
  const groupsOf = ({ parts }: SensitiveColumn) => parts.map((part) => part.join(' & '))
  const has = (column: SensitiveColumn) => indexOfLabel(groupsOf(column), name) >= 0
  if (!sensitive.some(has)) {
    const groups = sensitive.filter(({ columns }) => columns.length === 1).flatMap(groupsOf)
    throw new ProbityError('config/reference', `audits.${metric.id}.reference is ${name}, which is no group of a sensitive column. ${nearest(name, groups)} Name one of their values, or use best or rest.`)
  }
  const own = sensitive.filter(has).map(({ columns }) => columns.join(' & ')).join(', ')
  return (column) => (has(column) ? null : `the reference ${name} is a group of ${own}, and this entry compares with it alone`)
}

function entriesOf(config: ProbityConfig, metrics: readonly Metric[]): { metric: Metric; entry: AuditConfig }[] {
  if (!config.audits) return metrics.map((metric) => ({ metric, entry: {} }))
  return Object.entries(config.audits).flatMap(([id, value]) => {
    const metric = metrics.find((candidate) => candidate.id === id)
    if (!metric) throw new ProbityError('config/unknown-metric', `audits.${id} is not a metric. ${nearest(id, metrics.map((candidate) => candidate.id))} "probity metrics" lists them.`)
    const entries = value === true ? [{}] : Array.isArray(value) ? value : [value]
    return entries.map((entry) => ({ metric, entry }))
  })
}

/**
 * Whether a limit stays on a column that cannot be judged, so that the report is incomplete instead of silent: identifiers, intersections that the
 * config lists, and automatic quartiles where no other column could be judged. Beside judged columns, quartiles are informative.
 */
function wantsJudgement({ columns, categories }: SensitiveColumn, { data }: ProbityConfig, someJudged: boolean): boolean {
  const listed = columns.length === 1 || (data.intersections ?? []).some((names) => names.length === columns.length && columns.every((name) => names.includes(name)))
  return listed && (columns.length > 1 || categories.length > MOST_GROUPS || !someJudged)
}

const keyOf = (id: string, name: string | null, sensitive: SensitiveColumn | null): string =>
  `${id}${name === null ? '' : `#${name}`}${sensitive === null ? '' : `@${sensitive.columns.join('&')}`}`

function thresholdOf(metric: Metric, entry: AuditConfig): Threshold | null {
  if (entry.min === undefined && entry.max === undefined) return null
  if (!metric.judged) throw new ProbityError('config/informative', `audits.${metric.id} is informative and cannot carry a limit: ${metric.limits[0]}`)
  if (entry.min !== undefined && entry.max !== undefined && entry.min > entry.max) throw new ProbityError('config/threshold', `audits.${metric.id}: min ${entry.min} is above max ${entry.max}.`)
  for (const limit of [entry.min, entry.max]) {
    const [low, high] = metric.range
    if (limit !== undefined && (limit < low || limit > high)) throw new ProbityError('config/threshold', `audits.${metric.id} has the limit ${limit}, and its values lie between ${low} and ${high} (${metric.unit}): the limit would decide nothing. State it in those units.`)
  }
  const stated = (text: string | undefined) => text ?? 'not stated'
  return {
    ...(entry.min !== undefined && { min: entry.min }),
    ...(entry.max !== undefined && { max: entry.max }),
    judge: entry.judge ?? 'evidence',
    onInsufficient: entry.onInsufficient ?? 'fail',
    setBy: stated(entry.setBy),
    on: stated(entry.on),
    reason: stated(entry.reason),
  }
}

function optionsOf(metric: Metric, entry: AuditConfig): Record<string, unknown> {
  const options = Object.fromEntries(Object.entries(entry).filter(([key]) => !COMMON.has(key)))
  const properties = (metric.parameters['properties'] ?? {}) as Record<string, unknown>
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(properties, key)) throw new ProbityError('config/parameter', `audits.${metric.id}.${key} is not a parameter. ${nearest(key, [...Object.keys(properties), ...COMMON])}`)
  }
  const validate = validatorOf(metric)
  if (validate(options)) return options
  const [error] = validate.errors ?? []
  throw new ProbityError('config/parameter', `audits.${metric.id}${error.instancePath.replaceAll('/', '.')} ${error.message}${error.params['allowedValues'] ? `: ${(error.params['allowedValues'] as unknown[]).join(', ')}` : ''}.`)
}

function validatorOf({ id, parameters }: Metric): ValidateFunction {
  try {
    return new Ajv2020({ useDefaults: true, allowUnionTypes: true, strict: true }).compile(parameters)
  } catch (cause) {
    throw new ProbityError('plugin/metric', `The parameters of ${id} are no JSON Schema: ${messageOf(cause)}. Correct the plugin that brings it.`, { cause })
  }
}

function obstacle(metric: Metric, view: DatasetView, model: ModelSummary | null, sensitive: SensitiveColumn | null): string | null {
  const { needs } = metric
  if (needs.includes('label') && !view.label) return 'needs data.label, the column with the true classes'
  if (needs.includes('sensitive') && !sensitive) return 'needs data.sensitive, the columns whose groups are compared'
  if (needs.includes('model') && !model) return 'needs a model; this audit has stored predictions only'
  if (!model) return null
  if (needs.includes('gradient') && !model.capabilities.gradient.available) return model.capabilities.gradient.reason
  if (needs.includes('row-independence') && !model.rowIndependent) return "the model's answer for a row depends on the other rows of the block, so nothing can be said per row"
  if (needs.includes('classes') && model.prediction.kind === 'label' && model.prediction.output === null) return 'needs probabilities, logits or a score; the model gives labels only'
  return null
}
