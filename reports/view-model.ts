/** @file Report → what a page shows: every number rounded, every status in words, every small count suppressed. Formats only lay it out. */
import type { MetricCard, Report } from '../src/contracts/report.js'
import { anchors } from './anchors.js'
import { formatCount, formatShown, DASH, bytes, duration, format, integer } from './numbers.js'
import { protectCounts } from './cells.js'
import { suppressData, suppressResults } from './suppression.js'
import { type FirstView, firstView } from './view-first.js'
import { groupName } from './view-groups.js'
import type { ResultView } from './view-result.js'
import { excludedWords, resultView } from './view-result.js'
import type { Badge } from './words.js'
import { categoryTitle, deviceCheckInWords, directionWords, guardText, labelMeaningWords, orNotStated, verdictBadge, verdictMeaning, visible } from './words.js'

type Fact = { readonly name: string; readonly value: string; readonly code?: boolean }

export type PeopleView = {
  readonly caption: string
  /** What the rows are: the column, or its name with others. */
  readonly heading: string
  readonly rows: readonly { readonly name: string; readonly n: string; readonly rate: string; readonly note: string }[]
  readonly hasNotes: boolean
}

export type MetricView = {
  readonly anchor: string
  readonly title: string
  readonly id: string
  readonly question: string
  readonly formula: string
  readonly meaning: string
  readonly facts: readonly Fact[]
  readonly limits: readonly string[]
  readonly references: readonly { readonly text: string; readonly url: string | null }[]
  readonly results: readonly ResultView[]
}

/** One configured limit, and everything that it was held against. */
export type LimitRow = { readonly metric: string; readonly limit: NonNullable<ResultView['limit']>; readonly places: readonly { readonly anchor: string; readonly about: string; readonly last: boolean }[] }

/** One metric without a limit; results that read the same are one row. */
export type DescribedView = { readonly metric: string; readonly span: number; readonly rows: readonly { readonly anchor: string; readonly about: string; readonly badge: Badge | null; readonly value: string | null; readonly interval: string | null; readonly leads: boolean }[] }

export type ViewModel = {
  readonly title: string
  readonly verdict: Badge & { readonly sentence: string; readonly meaning: string }
  readonly tally: readonly (Badge & { readonly count: string })[]
  readonly first: FirstView | null
  readonly scope: readonly Fact[]
  readonly findings: readonly { readonly severity: string; readonly symbol: string; readonly word: string; readonly message: string }[]
  /** Settings that are not those of the previous audit of the same data. */
  readonly changed: { readonly title: string; readonly rows: readonly { readonly setting: string; readonly previous: string; readonly now: string }[] } | null
  readonly people: readonly PeopleView[]
  readonly rateTitle: string
  readonly label: PeopleView | null
  readonly excludedRows: readonly string[]
  readonly limits: readonly LimitRow[]
  readonly notTested: readonly { readonly what: string; readonly reason: string }[]
  readonly command: string
  readonly hashes: readonly Fact[]
  /** The worst status first. */
  readonly judged: readonly ResultView[]
  readonly described: readonly DescribedView[]
  readonly categories: readonly { readonly anchor: string; readonly title: string; readonly metrics: readonly MetricView[] }[]
  readonly provenance: readonly { readonly title: string; readonly facts: readonly Fact[] }[]
  readonly config: string
  readonly warnings: readonly string[]
  readonly suppressed: boolean
}

const SEVERITY = { warning: { symbol: '!', word: 'Warning' }, info: { symbol: 'i', word: 'Note' } } as const

function peopleViews(report: Report, showSmall: boolean): readonly PeopleView[] {
  return report.data.sensitive.map((sensitive) => {
    const shown = suppressData(sensitive, showSmall)
    const rows = sensitive.groups.map(({ group, excluded }, index) => {
      const view = shown.groups[index]
      const rate = view?.rate ?? null
      return {
        name: group.length === 1 ? (group[0]?.value ?? '') : groupName(group), n: formatCount(view?.n ?? 'withheld'), rate: rate === null ? DASH : formatShown(rate, 'share', null),
        note: excluded === undefined ? '' : `excluded: ${excluded}`,
      }
    })
    const unknown = { name: 'unknown', n: formatCount(shown.unknown), rate: DASH, note: sensitive.unknown > 0 ? 'outside the comparison' : '' }
    const all = [...rows, unknown]
    return { caption: sensitive.columns.join(' and '), heading: 'Group', rows: all, hasNotes: all.some(({ note }) => note !== '') }
  })
}

function labelView({ data }: Report, showSmall: boolean): PeopleView | null {
  if (!data.label) return null
  const counts = data.label.counts.map(({ rows }) => rows)
  const shown = showSmall ? [...counts, data.label.missing] : protectCounts([...counts, data.label.missing])
  const role = (value: string): string => [value === data.positive ? 'detected by the model (positive)' : '', value === data.favorable ? 'favorable' : ''].filter(Boolean).join('; ')
  const rows = data.label.counts.map(({ value, rows: count }, index) => {
    const exact = typeof shown[index] === 'number' && data.rows > 0
    return { name: value, n: formatCount(shown[index] ?? 'withheld'), rate: exact ? format(count / data.rows, 'share', null) : 'withheld', note: role(value) }
  })
  const missing = { name: 'missing', n: formatCount(shown[counts.length] ?? 'withheld'), rate: DASH, note: '' }
  return { caption: `${data.label.column} (the label)`, heading: 'Class', rows: [...rows, missing], hasNotes: rows.some(({ note }) => note !== '') }
}

/** Accuracy goes with what a constant model would score. Whole percents: finer digits would count single people. */
function performanceFacts({ performance }: Report): readonly Fact[] {
  if (!performance) return []
  const percent = (value: number): string => format(value, 'share', 2)
  return [
    { name: 'Accuracy', value: `${percent(performance.accuracy)} (balanced ${percent(performance.balancedAccuracy)})` },
    { name: 'Always answering the majority class', value: `${percent(performance.majorityClassAccuracy)} (${performance.majorityClass})` },
  ]
}

function scopeFacts(report: Report): readonly Fact[] {
  const { data, model } = report
  return [
    { name: 'Model', value: model ? model.path : 'none: stored predictions' },
    { name: 'Data', value: `${data.path}, ${integer(data.rows)} of ${integer(data.rowsInFile)} rows` },
    { name: 'Decision rule', value: report.decisionRule },
    { name: 'Favorable outcome', value: data.favorable === null ? 'not stated' : `${data.label ? `${data.label.column} = ` : ''}${data.favorable}` },
    { name: 'The label is', value: labelMeaningWords(data.labelMeaning) },
    ...performanceFacts(report),
    { name: 'Audited', value: `${dayOf(report.run.startedAt)}, Probity ${report.probity.version}` },
  ]
}

function metricView(id: string, card: MetricCard | null, results: readonly ResultView[], anchor: string): MetricView {
  const end = (value: number | null): string => (value === null ? 'unbounded' : String(value).replace('-', '\u2212'))
  const facts = card ? [
    { name: 'Range', value: card.range.every((each) => each === null) ? 'unbounded' : `${end(card.range[0])} to ${end(card.range[1])}` },
    ...(card.ideal === null ? [] : [{ name: 'Ideal', value: end(card.ideal) }]),
    { name: 'Direction', value: directionWords(card.direction) },
  ] : []
  return {
    anchor, title: sharedTitle(results) ?? card?.title ?? id, id, question: card?.question ?? '', formula: card?.formula ?? '', meaning: card?.meaning ?? '', facts,
    limits: card?.limits ?? [], results,
    references: (card?.references ?? []).map(({ text, url }) => ({ text, url: url !== undefined && /^https?:\/\//i.test(url) ? url : null })),
  }
}

/** A metric whose results all carry a title of their own goes by it. */
const sharedTitle = (results: readonly ResultView[]): string | null => (new Set(results.map(({ metric }) => metric)).size === 1 ? (results[0]?.metric ?? null) : null)

function categoriesOf(report: Report, views: readonly ResultView[]): ViewModel['categories'] {
  const ids = [...new Set(report.results.map(({ id }) => id))]
  const places = anchors(ids.map((id) => `metric-${id}`))
  const names = [...new Set(report.results.map(({ category }) => category))]
  return names.map((name) => ({
    anchor: anchors([`category-${name}`])[0] ?? '',
    title: categoryTitle(name),
    metrics: ids.flatMap((id, index) => {
      const own = views.filter((_, place) => report.results[place]?.id === id && report.results[place]?.category === name)
      const card = Object.hasOwn(report.metrics, id) ? (report.metrics[id] ?? null) : null
      return own.length ? [metricView(id, card, own, places[index] ?? '')] : []
    }),
  }))
}

function provenance(report: Report): ViewModel['provenance'] {
  const { model, data, engine, run } = report
  const shape = (dims: readonly (number | string | null)[] | null): string => (dims === null ? 'any shape' : `[${dims.map((dim) => dim ?? '?').join(', ')}]`)
  const modelFacts: Fact[] = model ? [
    { name: 'File', value: `${model.path} (${bytes(model.bytes)}, ${model.format})` },
    { name: 'SHA-256', value: model.sha256, code: true },
    ...model.externalFiles.map(({ path, sha256 }) => ({ name: `External file ${path}`, value: sha256, code: true })),
    { name: 'Made by', value: `${orNotStated(model.producer)}${model.opset === null ? '' : `, opset ${model.opset}`}` },
    { name: 'Inputs', value: model.inputs.map((each) => `${each.name}: ${each.dtype} ${shape(each.dims)}`).join('; ') },
    { name: 'Outputs', value: model.outputs.map((each) => `${each.name}: ${each.dtype} ${shape(each.dims)}`).join('; ') },
    { name: 'Predictions read from', value: `${model.prediction.output ?? model.prediction.labelOutput ?? 'none'} (${model.prediction.kind})` },
    { name: 'Rows are independent', value: model.rowIndependent ? 'yes: a row alone gives the answer it gives in a block' : 'no: per-row measures do not apply' },
    { name: 'Gradient', value: model.capabilities.gradient.available ? (model.capabilities.gradient.approximations ? 'available, as an approximation' : 'available') : model.capabilities.gradient.reason },
  ] : [{ name: 'File', value: 'none: stored predictions were audited' }]
  return [
    { title: 'Model', facts: modelFacts },
    { title: 'Data', facts: [{ name: 'File', value: `${data.path} (${bytes(data.bytes)})` }, { name: 'SHA-256', value: data.sha256, code: true }, { name: 'Rows', value: `${integer(data.rows)} of ${integer(data.rowsInFile)}` }, { name: 'Features', value: data.features.join(', ') || 'none' }] },
    {
      title: 'Run', facts: [
        { name: 'Probity', value: report.probity.version }, { name: 'Engine', value: `${engine.name} ${engine.version}, ${engine.provider}` },
        ...(engine.device ? [{ name: 'GPU against CPU', value: deviceCheckInWords(engine.device.check) }] : []),
        { name: 'Started', value: run.startedAt.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC') }, { name: 'Took', value: duration(run.durationMs) },
        { name: 'Machine', value: `${run.host.os} ${run.host.arch}, ${run.host.cpu}, Node ${run.host.node}` },
        { name: 'Isolation', value: isolation(run) },
        { name: 'Artifacts', value: `${integer(run.artifacts.computed)} computed, ${integer(run.artifacts.reused)} reused` },
      ],
    },
  ]
}

function isolation({ isolated, confinement }: Report['run']): string {
  const limits = `model and data were decoded in child processes with a deadline and ${isolated ? 'a memory limit' : 'a watch over their memory'}`
  if (!confinement) return limits
  const kept = [...(confinement.network ? ['without network'] : []), ...(confinement.processes ? ['apart from other processes'] : []), ...(confinement.files ? ['writing only to a private folder'] : [])]
  return kept.length === 0 ? `${limits}; network and files were not closed to them` : `${limits}, ${kept.join(', ')}`
}

const dayOf = (instant: string): string => instant.slice(0, 10)

function changedView({ run }: Report): ViewModel['changed'] {
  const { previous, changes } = run.changedSincePreviousAudit ?? { previous: null, changes: [] }
  return previous && changes.length > 0 ? { title: `Changed since the previous audit of these data (${dayOf(previous.startedAt)})`, rows: changes } : null
}

function earlierAudits({ run: { changedSincePreviousAudit: known } }: Report): string {
  if (!known) return 'not known: no record is kept from run to run'
  if (!known.previous) return 'none on record'
  return `${dayOf(known.previous.startedAt)}, ${known.changes.length === 0 ? 'with the same limits, groups and seed' : 'with other settings, listed under the findings'}`
}

const SEVEREST_FIRST = ['fail', 'error', 'insufficient', 'not-applicable', 'pass', 'informative']

const bySeverity = (views: readonly ResultView[]): readonly ResultView[] => SEVEREST_FIRST.flatMap((status) => views.filter(({ badge }) => badge.status === status))

/** Rows of the same key become one, in the order of the first. */
function grouped<T>(rows: readonly T[], keyOf: (row: T) => string): readonly (readonly T[])[] {
  const found = new Map<string, T[]>()
  for (const row of rows) found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row])
  return [...found.values()]
}

const limitRows = (views: readonly ResultView[]): readonly LimitRow[] =>
  grouped(views.flatMap((view) => (view.limit ? [{ ...view, limit: view.limit }] : [])), ({ metric, limit }) => JSON.stringify([metric, limit])).flatMap((own) => {
    const [first] = own
    return first ? [{ metric: first.metric, limit: first.limit, places: own.map(({ anchor, about }, i) => ({ anchor, about, last: i === own.length - 1 })) }] : []
  })

const describedRows = (views: readonly ResultView[]): readonly DescribedView[] =>
  grouped(views, ({ metric }) => metric).map((own) => {
    const rows = grouped(own, ({ badge, value, interval }) => JSON.stringify([badge.status, value, interval]))
    return {
      metric: own[0]?.metric ?? '',
      span: rows.length,
      rows: rows.flatMap((same, i) => same.slice(0, 1).map(({ anchor, badge, value, interval }) => ({
        anchor, value, interval, badge: badge.status === 'informative' ? null : badge, about: same.map(({ about }) => about).join('; '), leads: i === 0,
      }))),
    }
  })

function tally(views: readonly ResultView[]): ViewModel['tally'] {
  return SEVEREST_FIRST.flatMap((status) => {
    const own = views.filter(({ badge }) => badge.status === status)
    return own[0] ? [{ ...own[0].badge, count: String(own.length) }] : []
  })
}

/** Every string of a view, with characters that cannot be seen written out. */
function allVisible<T>(value: T): T {
  if (typeof value === 'string') return visible(value) as T & string
  if (Array.isArray(value)) return value.map(allVisible) as T
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, allVisible(item)])) as T
}

export function viewModel(report: Report, options: { readonly showSmall: boolean }): ViewModel {
  const { showSmall } = options
  const shown = suppressResults(report, showSmall)
  const places = anchors(report.results.map(({ key }) => key))
  const results = report.results.flatMap((result, index) => {
    const own = shown[index]
    return own ? [resultView(report, result, own, places[index] ?? '', showSmall)] : []
  })
  const plain = (text: string): string => guardText(text, { showSmall, figures: false, known: [] })
  const unknownCategory = report.data.label !== null && report.data.favorable !== null
  return allVisible<ViewModel>({
    title: `Probity audit: ${report.model?.path ?? report.data.path}`,
    verdict: { ...verdictBadge(report.verdict), sentence: plain(report.summary), meaning: verdictMeaning(report.verdict) },
    tally: tally(results),
    first: firstView(report, shown, results),
    scope: scopeFacts(report),
    // The table of the label says the same.
    findings: report.findings.filter(({ id }) => id !== 'base-rates' || report.data.label === null).map(({ severity, message }) => ({ severity, ...SEVERITY[severity], message: plain(message) })),
    changed: changedView(report),
    people: peopleViews(report, showSmall),
    rateTitle: unknownCategory ? `Label is ${report.data.favorable ?? ''} (favorable)` : 'Label rate',
    label: labelView(report, showSmall),
    excludedRows: report.data.excluded.map((each) => excludedWords(each, showSmall)),
    limits: limitRows(results),
    notTested: grouped(report.notTested, ({ reason }) => reason).map((same) => ({ what: same.map(({ what }) => what).join(', '), reason: same[0]?.reason ?? '' })),
    command: report.run.command,
    hashes: [
      { name: 'Seed', value: String(report.seed), code: true },
      ...(report.model ? [{ name: 'Model SHA-256', value: report.model.sha256, code: true }] : []),
      { name: 'Data SHA-256', value: report.data.sha256, code: true },
      { name: 'Configuration SHA-256', value: report.configSha256, code: true },
      { name: 'Earlier audits of these data', value: earlierAudits(report) },
    ],
    judged: bySeverity(results.filter(({ limit }) => limit !== null)),
    described: describedRows(results.filter(({ limit }) => limit === null)),
    categories: categoriesOf(report, results),
    provenance: provenance(report),
    config: JSON.stringify(report.config, null, 2),
    warnings: report.run.warnings.map(plain),
    suppressed: !showSmall,
  })
}
