/** @file Results as DataFrames, for notebooks: one row per result, or one per group of a result. */
import type { Interval, Report, Result } from '../src/contracts/report.js'
import type { Shown } from './cells.js'
import { suppressResults, type ShownGroup, type ShownResult } from './suppression.js'
import { guardText } from './words.js'

/** danfojs as the caller has it: `import * as dfd from 'danfojs-node'`. */
export type DataFrames<F> = { readonly DataFrame: new (rows: unknown[][], options: { columns: string[]; dtypes: string[] }) => F }

export type FrameOptions = {
  /** Show counts of people under 10, and what they could be worked out from. Frames are passed on as CSV and pictures, so these are suppressed otherwise. */
  readonly showSmall?: boolean
}

/** What audit() adds to the report; not enumerable, so that the report stays what report.json holds. */
export type FrameMethods = {
  /** One row per result. @see resultsToDataFrame */
  toDataFrame<F>(danfo: DataFrames<F>, options?: FrameOptions): F
  /** One row per group of each result. @see groupsToDataFrame */
  groupsToDataFrame<F>(danfo: DataFrames<F>, options?: FrameOptions): F
}

type Cell = string | number | null | undefined
type Type = 'string' | 'float32' | 'int32'
type FrameColumn<T> = readonly [name: string, type: Type, cell: (row: T) => Cell]

type ResultRow = { readonly result: Result; readonly shown: ShownResult; readonly showSmall: boolean }
type GroupRow = ResultRow & { readonly group: ShownGroup; readonly series: string | null }

/** p-values of a value that is not exact would tell the counts that it hides. */
const decisionOf = ({ result, shown }: ResultRow): Result['decision'] => (shown.compared && typeof shown.value !== 'number' ? null : result.decision)

const limitsOf = ({ result: { threshold, parameters } }: ResultRow): number[] =>
  [threshold?.min, threshold?.max, ...Object.values(parameters)].filter((each): each is number => typeof each === 'number')

/** What is looked at first comes first: a notebook prints the first few columns. */
const RESULT_COLUMNS: readonly FrameColumn<ResultRow>[] = [
  ['key', 'string', ({ result }) => result.key],
  ['status', 'string', ({ result }) => result.status],
  ['value', 'float32', ({ shown }) => exact(shown.value)],
  ...intervalColumns<ResultRow>(({ shown }) => shown.interval),
  ['unit', 'string', ({ result }) => result.unit],
  ['n', 'int32', ({ shown }) => exact(shown.n)],
  ['id', 'string', ({ result }) => result.id],
  ['name', 'string', ({ result }) => result.name],
  ['category', 'string', ({ result }) => result.category],
  ['sensitive', 'string', ({ result }) => result.sensitive.join(' & ') || null],
  ['min', 'float32', ({ result }) => result.threshold?.min],
  ['max', 'float32', ({ result }) => result.threshold?.max],
  ['judge', 'string', ({ result }) => result.threshold?.judge],
  ['p', 'float32', (row) => decisionOf(row)?.p],
  ['pAdjusted', 'float32', (row) => decisionOf(row)?.pAdjusted],
  ['parameters', 'string', ({ result }) => JSON.stringify(result.parameters)],
  ['reason', 'string', (row) => row.result.reason && guardText(row.result.reason, { showSmall: row.showSmall, figures: row.shown.compared, known: limitsOf(row) })],
  ['suppressed', 'string', ({ shown }) => suppression(shown.value)],
]

const GROUP_COLUMNS: readonly FrameColumn<GroupRow>[] = [
  ['key', 'string', ({ result }) => result.key],
  ['group', 'string', ({ group }) => group.source.group.map(({ value }) => value).join(' & ')],
  ['series', 'string', ({ series }) => series],
  ['value', 'float32', ({ group }) => exact(group.value)],
  ...intervalColumns<GroupRow>(({ group }) => group.interval),
  ['unit', 'string', ({ result }) => result.unit],
  ['n', 'int32', ({ group }) => exact(group.n)],
  ['denominator', 'int32', ({ group }) => exact(group.denominator)],
  ['role', 'string', ({ group }) => group.source.role],
  ['id', 'string', ({ result }) => result.id],
  ['sensitive', 'string', ({ result }) => result.sensitive.join(' & ') || null],
  ['suppressed', 'string', ({ group }) => suppression(group.value) ?? suppression(group.n) ?? suppression(group.denominator)],
]

function intervalColumns<T>(of: (row: T) => Interval | null): FrameColumn<T>[] {
  return [
    ['low', 'float32', (row) => of(row)?.low],
    ['high', 'float32', (row) => of(row)?.high],
    ['confidence', 'float32', (row) => of(row)?.confidence],
    ['method', 'string', (row) => of(row)?.method],
  ]
}

const exact = (shown: Shown | null): number | null => (typeof shown === 'number' ? shown : null)

/** "withheld", or the range that may be known; null where the number stands in its own column. */
const suppression = (shown: Shown | null): string | null =>
  shown === null || typeof shown === 'number' ? null : shown === 'withheld' ? shown : `${shown.low} to ${shown.high}`

/**
 * One row per result: key, status, value, low, high, confidence, method, unit, n, id, name, category, sensitive, min, max, judge, p, pAdjusted,
 * parameters (JSON), reason, suppressed. Numbers that do not exist or are suppressed are NaN, texts null.
 */
export function resultsToDataFrame<F>(report: Report, danfo: DataFrames<F>, options: FrameOptions = {}): F {
  return frameOf(danfo, RESULT_COLUMNS, resultRows(report, options))
}

/**
 * One row per group of each result, the series of a result's details included (the two rates behind equalized odds): key, group, series, value,
 * low, high, confidence, method, unit, n, denominator, role, id, sensitive, suppressed.
 */
export function groupsToDataFrame<F>(report: Report, danfo: DataFrames<F>, options: FrameOptions = {}): F {
  const rows = resultRows(report, options).flatMap((row): GroupRow[] => [
    ...row.shown.groups.map((group) => ({ ...row, group, series: null })),
    ...row.result.details.flatMap((details) => (details.type === 'groups' ? details.series : []).flatMap(({ name }, index) =>
      (row.shown.series.get(details)?.[index] ?? []).map((group) => ({ ...row, group, series: name })))),
  ])
  return frameOf(danfo, GROUP_COLUMNS, rows)
}

/** The report with the methods of a notebook. */
export function withFrames(report: Report): Report & FrameMethods {
  const methods: FrameMethods = {
    toDataFrame: (danfo, options) => resultsToDataFrame(report, danfo, options),
    groupsToDataFrame: (danfo, options) => groupsToDataFrame(report, danfo, options),
  }
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(report, name, { value })
  return report as Report & FrameMethods
}

function resultRows(report: Report, { showSmall = false }: FrameOptions): ResultRow[] {
  return suppressResults(report, showSmall).map((shown, index) => ({ result: report.results[index]!, shown, showSmall }))
}

function frameOf<F, T>(danfo: DataFrames<F>, columns: readonly FrameColumn<T>[], rows: readonly T[]): F {
  const cells = rows.map((row) => columns.map(([, type, cell]) => cell(row) ?? (type === 'string' ? null : NaN)))
  return new danfo.DataFrame(cells, { columns: columns.map(([name]) => name), dtypes: columns.map(([, type]) => type) })
}
