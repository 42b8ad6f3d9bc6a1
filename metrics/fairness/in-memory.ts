/** @file Columns in memory as the data set view that metrics read. */
import type { Predictions } from '../../src/contracts/artifact.js'
import type { CategoricalColumn, DatasetView, SensitiveColumn } from '../../src/contracts/dataset.js'
import { ProbityError } from '../../src/contracts/errors.js'
import { indexOfLabel } from '../../src/contracts/labels.js'

type Columns = Readonly<Record<string, ArrayLike<unknown>>>
type Rows = readonly Readonly<Record<string, unknown>>[]

/** What is read of a danfojs DataFrame. */
type DataFrame = { readonly columns: readonly string[]; readonly column: (name: string) => { readonly values: unknown } }

/**
 * A danfojs DataFrame; columns by name, also under `columns`; rows as objects; or anything that hands out a column by its name, such as a loaded table.
 * null, undefined, NaN, '' and a key that a row leaves out are missing.
 */
export type FairnessTable = Columns | Rows | { readonly columns: Columns } | { readonly column: (name: string) => ArrayLike<unknown> } | DataFrame

export type FairnessColumns = {
  readonly label?: string
  /** Column of predicted classes, in the words of the label. */
  readonly prediction?: string
  /** Column of scores of `positive`; without `prediction`, a row is predicted positive from `threshold` on. */
  readonly score?: string
  /** Default 0.5. */
  readonly threshold?: number
  readonly sensitive: string | readonly string[]
  /** The outcome a person wants; rates count it. */
  readonly favorable?: string | number | boolean
  /** The class that the model detects; default 1 where the classes are 0 and 1. */
  readonly positive?: string | number | boolean
}

/** @throws ProbityError for unknown columns, columns of different lengths, no predictions, and a direction that nobody stated. */
export function viewOf(table: FairnessTable, options: FairnessColumns): { readonly view: DatasetView; readonly predictions: Predictions } {
  const sensitiveNames = typeof options.sensitive === 'string' ? [options.sensitive] : options.sensitive
  const names = [options.label, options.prediction, options.score, ...sensitiveNames].filter((name) => name !== undefined)
  const columns = new Map(names.map((name) => [name, columnOf(table, name)]))
  const rows = columns.values().next().value?.length ?? 0
  for (const [name, values] of columns) {
    if (values.length !== rows) throw new ProbityError('fairness/length', `fairness: ${name} has ${values.length} rows, ${names[0]} has ${rows}. Give columns of one length.`)
  }
  const categoricalOf = (name: string | undefined) => (name === undefined ? null : categorize(name, columns.get(name) ?? []))
  const label = categoricalOf(options.label)
  const prediction = categoricalOf(options.prediction)
  const classes = union(label?.categories ?? [], prediction?.categories ?? [])
  const positive = classOf(classes, options.positive, 'positive') ?? (classes.every((name) => name === '0' || name === '1') ? (classes.find((name) => name === '1') ?? null) : null)
  const favorable = classOf(classes, options.favorable, 'favorable')
  if (positive === null && favorable === null) throw new ProbityError('fairness/direction', `fairness: state favorable, the outcome a person wants; the classes are ${classes.join(', ')}.`)
  const score = options.score === undefined ? null : Float64Array.from(columns.get(options.score) ?? [], (value) => (isMissing(value) ? NaN : Number(value)))

  const { predicted, decisionRule } = prediction
    ? { predicted: prediction.codes.map((code) => (code < 0 ? -1 : indexOfLabel(classes, prediction.categories[code]))), decisionRule: `column ${prediction.name}` }
    : cut(score, classes, positive, options.threshold ?? 0.5)
  return {
    predictions: { classes, predicted, probabilities: null, score, decisionRule },
    view: {
      path: 'in memory', rowsInFile: rows, rows, columnNames: names,
      label, labelMeaning: null, positive, favorable, prediction, score: null,
      sensitive: sensitiveNames.map((name) => asGroups(categorize(name, columns.get(name) ?? []))),
      features: [], matrix: new Float64Array(0), arrays: [], complete: new Uint8Array(rows).fill(1), excluded: [], findings: [],
    },
  }
}

function columnOf(table: FairnessTable, name: string): ArrayLike<unknown> {
  if (isRows(table)) return columnOfRows(table, name)
  if (isDataFrame(table)) return columnOfFrame(table, name)
  if ('column' in table && typeof table.column === 'function') return table.column(name) as ArrayLike<unknown>
  const nested = 'columns' in table && !('length' in table.columns)
  const columns = (nested ? table.columns : table) as Columns
  if (Object.hasOwn(columns, name)) return columns[name]
  throw new ProbityError('fairness/unknown-column', `fairness: there is no column ${name}. The columns are ${Object.keys(columns).join(', ')}.`)
}

const isRows = (table: FairnessTable): table is Rows => Array.isArray(table)
const isDataFrame = (table: object): table is DataFrame => 'column' in table && typeof table.column === 'function' && 'columns' in table && Array.isArray(table.columns)

function columnOfFrame(frame: DataFrame, name: string): ArrayLike<unknown> {
  if (frame.columns.includes(name)) return frame.column(name).values as ArrayLike<unknown>
  throw new ProbityError('fairness/unknown-column', `fairness: there is no column ${name}. The columns are ${frame.columns.join(', ')}.`)
}

function columnOfRows(rows: Rows, name: string): unknown[] {
  const notAnObject = rows.findIndex((row) => typeof row !== 'object' || row === null)
  if (notAnObject >= 0) throw new ProbityError('fairness/row', `fairness: row ${notAnObject} (counted from 0) is ${String(rows[notAnObject])}, not an object. Give rows as objects, or columns by name.`)
  if (rows.some((row) => Object.hasOwn(row, name))) return rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null))
  throw new ProbityError('fairness/unknown-column', `fairness: no row has a column ${name}. ${rows.length === 0 ? 'There are no rows.' : `The columns are ${[...new Set(rows.flatMap(Object.keys))].join(', ')}.`}`)
}

function cut(score: Float64Array | null, classes: readonly string[], positive: string | null, threshold: number): Pick<Predictions, 'predicted' | 'decisionRule'> {
  if (!score) throw new ProbityError('fairness/prediction', 'fairness: nothing predicts. Name the column of predicted classes (prediction) or of scores (score).')
  if (classes.length !== 2 || positive === null) throw new ProbityError('fairness/score', 'fairness: a score decides between two classes, one of which is positive. Give a label with two values and state positive, or name a prediction column.')
  const one = classes.indexOf(positive)
  return { predicted: Int32Array.from(score, (value) => (Number.isNaN(value) ? -1 : value >= threshold ? one : 1 - one)), decisionRule: `score of ${positive} ≥ ${threshold}` }
}

function categorize(name: string, values: ArrayLike<unknown>): CategoricalColumn {
  const texts = Array.from(values, (value) => (isMissing(value) ? null : String(value)))
  const distinct = [...new Set(texts)].filter((text) => text !== null)
  const numeric = distinct.every((text) => text.trim() !== '' && Number.isFinite(Number(text)))
  const categories = distinct.sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1))
  const codeOf = new Map(categories.map((text, code) => [text, code]))
  return { name, categories, codes: Int32Array.from(texts, (text) => (text === null ? -1 : (codeOf.get(text) ?? -1))) }
}

const asGroups = (column: CategoricalColumn): SensitiveColumn => ({ ...column, columns: [column.name], parts: column.categories.map((category) => [category]), judged: true })

const isMissing = (value: unknown): boolean => value === null || value === undefined || value === '' || (typeof value === 'number' && Number.isNaN(value))

const union = (first: readonly string[], second: readonly string[]): string[] => [...first, ...second.filter((name) => indexOfLabel(first, name) < 0)]

function classOf(classes: readonly string[], stated: string | number | boolean | undefined, field: string): string | null {
  if (stated === undefined) return null
  const index = indexOfLabel(classes, String(stated))
  if (index < 0) throw new ProbityError(`fairness/${field}`, `fairness: ${field} is ${String(stated)}, which is not a class. The classes are ${classes.join(', ')}.`)
  return classes[index]
}
