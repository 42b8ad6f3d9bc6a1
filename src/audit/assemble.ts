/** @file Puts the report together: everything in it that is not a metric's own. */
import type { Predictions } from '../contracts/artifact.js'
import type { ProbityConfig } from '../contracts/config.js'
import type { DatasetView, SensitiveColumn } from '../contracts/dataset.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Metric } from '../contracts/metric.js'
import { SCHEMA_VERSION, type MetricCard, type Report, type Result, type Verdict } from '../contracts/report.js'
import type { PreparedData, PreparedModel } from '../artifacts/index.js'
import type { DeviceRecord } from '../contracts/model.js'
import { deviceFindings } from './device-findings.js'
import { excludedGroups } from './excluded-groups.js'
import { measurePerformance } from '../statistics/performance.js'
import { performanceFindings, rowInfluenceFindings } from './performance.js'
import { approximationFinding, configSha256, displayPath, effectiveConfig, labelCounts, trainingFinding } from './provenance.js'

export type Assembly = {
  readonly config: ProbityConfig
  /** Paths are shown relative to this. */
  readonly folder: string
  readonly data: PreparedData
  readonly model: PreparedModel | null
  readonly predictions: Predictions
  /** How a GPU's answers compared with the CPU's; null without one. */
  readonly device?: DeviceRecord | null
  readonly metrics: readonly Metric[]
  readonly results: readonly Result[]
  readonly verdict: Verdict
  readonly version: string
  readonly run: Report['run']
}

export function assembleReport(assembly: Assembly): Report {
  const { config, folder, data, model, predictions, results, verdict, device } = assembly
  const { view } = data
  const performance = measurePerformance(view, predictions)
  const ofModel = model ? [approximationFinding(model.summary), trainingFinding(model.summary, data.sha256)].filter((finding) => finding !== null) : []
  const used = assembly.metrics.filter((metric) => results.some((result) => result.id === metric.id))
  return {
    schemaVersion: SCHEMA_VERSION,
    probity: { version: assembly.version },
    verdict,
    summary: summarize(assembly),
    model: model && describeModel(model, folder),
    data: describeData(config, data, folder),
    config: effectiveConfig(config, folder),
    configSha256: configSha256(config, folder),
    decisionRule: predictions.decisionRule,
    performance,
    seed: config.seed ?? 0,
    engine: model ? { ...model.summary.engine, ...(device && { device }) } : { name: 'none', version: '', provider: 'stored predictions' },
    findings: [...rowInfluenceFindings(model?.summary ?? null), ...performanceFindings(performance, view, predictions), ...view.findings, ...ofModel, ...deviceFindings(device ?? null)],
    metrics: Object.fromEntries(used.map((metric) => [metric.id, cardOf(metric)])),
    results,
    notTested: notTested(assembly),
    run: assembly.run,
  }
}

/** "On 1,190 rows of hmda-test.csv, model sha256 12ab34cd56ef, decision rule assumed: most likely class: 1 of 6 checks failed, 2 could not be decided." */
function summarize({ data, model, predictions, results, verdict, folder }: Assembly): string {
  const judged = results.filter(({ threshold }) => threshold !== null)
  const count = (status: Result['status']) => judged.filter((result) => result.status === status).length
  const broken = judged.length - count('pass') - count('fail') - count('insufficient') + results.filter(({ status, threshold }) => status === 'error' && threshold === null).length
  const measured = results.filter(({ value }) => value !== null).length
  const outcome =
    verdict === 'not-judged'
      ? `nothing was judged, since the configuration states no limits; ${measured} ${measured === 1 ? 'value was' : 'values were'} measured`
      : [
          ...(judged.length > 0 ? [`${count('fail')} of ${judged.length} ${judged.length === 1 ? 'check' : 'checks'} failed`] : []),
          ...(count('insufficient') ? [`${count('insufficient')} could not be decided`] : []),
          ...(broken ? [`${broken} could not be computed or judged`] : []),
        ].join(', ')
  const rows = data.view.rows.toLocaleString('en-US')
  const who = model ? `model ${displayPath(model.original, folder)} (sha256 ${model.sha256.slice(0, 12)}…)` : 'stored predictions'
  return `On ${rows} rows of ${displayPath(data.original, folder)}, ${who}, ${decisionRuleInWords(predictions.decisionRule)}: ${outcome}.`
}

/** "decision rule assumed: most likely class", "decision rule: score of yes ≥ 0.3"; what else was assumed stands under the verdict. */
function decisionRuleInWords(rule: string): string {
  const [first] = rule.split('; ')
  const assumed = /^(.*) \(assumed\)$/.exec(first)
  return assumed ? `decision rule assumed: ${assumed[1]}` : `decision rule: ${first}`
}

function describeModel(model: PreparedModel, folder: string): NonNullable<Report['model']> {
  const { inputs, outputs, prediction, fixedBatch, metadata, capabilities, rowIndependent, format, producer, opset } = model.summary
  return {
    path: displayPath(model.original, folder),
    sha256: model.sha256,
    bytes: model.bytes,
    externalFiles: model.externalFiles.map(({ location, sha256: hash }) => ({ path: location, sha256: hash })),
    inputs, outputs, prediction, fixedBatch, metadata, capabilities, rowIndependent, format, producer, opset,
  }
}

function describeData(config: ProbityConfig, data: PreparedData, folder: string): Report['data'] {
  const { view } = data
  return {
    path: displayPath(data.original, folder),
    sha256: data.sha256,
    bytes: data.bytes,
    rowsInFile: view.rowsInFile,
    rows: view.rows,
    label: labelCounts(view),
    labelMeaning: view.labelMeaning,
    positive: view.positive,
    favorable: view.favorable,
    sensitive: view.sensitive.filter(({ columns }) => columns.length === 1).map((column) => describeGroups(column, view, config)),
    features: [...view.features, ...view.arrays].map(({ name }) => name),
    excluded: view.excluded,
  }
}

function describeGroups(column: SensitiveColumn, view: DatasetView, config: ProbityConfig): Report['data']['sensitive'][number] {
  const favorable = view.label ? indexOfLabel(view.label.categories, view.favorable ?? view.positive ?? '') : -1
  const n = new Array<number>(column.categories.length).fill(0)
  const labelled = [...n], wanted = [...n]
  const excluded = excludedGroups(column, config)
  let unknown = 0
  for (let row = 0; row < view.rows; row++) {
    const group = column.codes[row]
    if (group < 0) {
      unknown++
      continue
    }
    n[group]++
    const truth = view.label?.codes[row] ?? -1
    if (truth >= 0) labelled[group]++
    if (truth >= 0 && truth === favorable) wanted[group]++
  }
  return {
    columns: column.columns,
    unknown,
    groups: column.parts.map((part, i) => ({
      group: column.columns.map((name, j) => ({ column: name, value: part[j] })),
      n: n[i],
      favorableRate: favorable >= 0 && labelled[i] > 0 ? wanted[i] / labelled[i] : null,
      ...(excluded.has(i) && { excluded: excluded.get(i) }),
    })),
  }
}

function cardOf(metric: Metric): MetricCard {
  const { title, question, formula, meaning, range, ideal, direction, references, limits } = metric
  const finite = (end: number) => (Number.isFinite(end) ? end : null)
  return { title, question, formula, meaning, range: [finite(range[0]), finite(range[1])], ideal, direction, references, limits }
}

/** What a reader might think was covered: whole categories without a value, metrics that were not asked for, and what no audit here covers. */
function notTested({ metrics, results }: Assembly): Report['notTested'] {
  const unavailable = results.filter(({ status }) => status === 'not-applicable').map(({ key, reason }) => ({ what: key, reason: reason ?? 'not applicable' }))
  const unapplied = results.filter(({ id, name, sensitive, status, threshold, reason }) =>
    status === 'informative' && threshold === null && reason !== undefined && sensitive.length === 1 && results.some((other) => other.id === id && other.name === name && other.threshold !== null))
  const missing = metrics.filter(({ id }) => !results.some((result) => result.id === id))
  return [
    ...unavailable,
    ...unapplied.map(({ key, reason }) => ({ what: `${key} against its limit`, reason: reason ?? '' })),
    ...missing.map(({ id }) => ({ what: id, reason: 'not asked for in the configuration' })),
    { what: 'privacy, behavior on language tasks, drift, and data other than these rows', reason: 'outside what this audit measures' },
  ]
}
