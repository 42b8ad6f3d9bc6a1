/** @file The data set as metrics and gatherers see it: decoded, encoded, every row accounted for. */
import type { DType } from './tensor.js'

/** A column whose values are categories. Codes index `categories`; −1 is a missing value. */
export type CategoricalColumn = {
  readonly name: string
  /** Source strings, exactly as the file has them, in order of first appearance after sorting (numeric where all are numbers). */
  readonly categories: readonly string[]
  /** [rows] */
  readonly codes: Int32Array
}

/** A sensitive column, or an intersection of several (categories are joined by " & " and listed per column in `parts`). */
export type SensitiveColumn = CategoricalColumn & {
  /** The columns it is made of: one, or several for an intersection. */
  readonly columns: readonly string[]
  /** Per category, the value of each column: parts[category][column]. */
  readonly parts: readonly (readonly string[])[]
  /** Whether its groups may be judged, and why not (automatic bins, identifier-like, unlisted intersection). */
  readonly judged: true | { readonly reason: string }
}

export type NumericColumn = {
  readonly name: string
  /** [rows]; NaN is a missing value. */
  readonly values: Float64Array
}

/**
 * How a feature was made from its source column, which decides what an attack may change and how attributions are summed.
 * `category` is text for a string input: the matrix holds the index into `categories`.
 */
export type FeatureKind = 'continuous' | 'integer' | 'binary' | 'one-hot' | 'category'

/** One column of the matrix that the model receives. */
export type Feature = {
  /** `single`, or `purpose=car` for one-hot. */
  readonly name: string
  /** The column of the file it comes from. */
  readonly source: string
  readonly kind: FeatureKind
  /** For `category`: the texts that the matrix indexes. */
  readonly categories?: readonly string[]
}

/** How one model input is filled: `features[columns]`, times scale, in `shape` (without the batch axis). */
export type InputPlan = {
  readonly input: string
  /** Indices into the feature matrix. */
  readonly columns: readonly number[]
  readonly shape: readonly number[]
  readonly scale: number
  /** The input's element type; float32 when absent. */
  readonly dtype?: DType
}

/** Rows that something could not use, with the reason in words. */
export type ExcludedRows = { readonly reason: string; readonly rows: number }

/** The part of a data set that an audit looks at. Everything [rows] is in file order, after `data.rows` was applied. */
export type DatasetView = {
  readonly path: string
  /** Rows in the file, before `data.rows`. */
  readonly rowsInFile: number
  readonly rows: number
  /** Every column name of the file, in order. */
  readonly columnNames: readonly string[]
  /** Class labels, or null for audits without labels or with a numeric target. */
  readonly label: CategoricalColumn | null
  readonly labelMeaning: 'outcome' | 'human-decision' | 'proxy' | null
  /** The class the model detects; objectives and `score` speak of it. */
  readonly positive: string | null
  /** The outcome a person wants; fairness rates count it. */
  readonly favorable: string | null
  /** Stored predictions, for audits without a model. */
  readonly prediction: CategoricalColumn | null
  readonly score: NumericColumn | null
  readonly sensitive: readonly SensitiveColumn[]
  readonly features: readonly Feature[]
  /** Feature values, row-major [rows, features.length]; NaN marks a missing value. */
  readonly matrix: Float64Array
  /** [rows]: 1 where every feature is present, so that the model can be run. */
  readonly complete: Uint8Array
  readonly excluded: readonly ExcludedRows[]
  readonly findings: readonly Finding[]
}

/** Something a reader must know before any number. */
export type Finding = {
  /** Stable, such as `sensitive-input` or `possible-leakage`. */
  readonly id: string
  readonly severity: 'info' | 'warning'
  readonly message: string
  /** Columns, values and counts behind the message; plain JSON. */
  readonly details?: Readonly<Record<string, unknown>>
}
