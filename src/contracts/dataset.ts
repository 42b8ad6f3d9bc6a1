/** @file The data set as metrics and gatherers see it: decoded, encoded, every row accounted for. */
import type { DType, TypedArray } from './tensor.js'

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

/** Over the audited rows, of each element of a row: [size]. */
export type ElementStatistics = {
  readonly mean: Float64Array
  /** Sample standard deviation (n − 1); NaN for fewer than two rows. */
  readonly sd: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
}

/** A column whose every value is a tensor of one shape, such as an image. Values stay in their own type; during an audit they lie on disk and are read by row. */
export type ArrayColumn = {
  readonly name: string
  readonly dtype: DType
  /** Of one row. */
  readonly shape: readonly number[]
  readonly statistics: ElementStatistics
  /** The given rows of the view, in their order: [rows.length, ...shape] */
  take(rows: ArrayLike<number>): TypedArray
}

/** How an array fills an input: its axes in the input's order, then (value · scale − mean) / std. */
export type ArrayReading = {
  /** Into `arrays` of the view. */
  readonly index: number
  /** Axis of the array's rows for each axis of the input's rows; null where values only take another shape, in their own order. */
  readonly axes: readonly number[] | null
  /** The axis of the input's rows along which `mean` and `std` lie; null where they hold one value each. */
  readonly channelAxis: number | null
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** How one model input is filled: `features[columns]`, times scale, in `shape` (without the batch axis). */
export type InputPlan = {
  readonly input: string
  /** Indices into the feature matrix; none for an input that an array fills. */
  readonly columns: readonly number[]
  readonly shape: readonly number[]
  readonly scale: number
  /** The input's element type; float32 when absent. */
  readonly dtype?: DType
  /** The array that fills it, instead of columns. */
  readonly array?: ArrayReading
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
  /** The arrays that fill inputs of the model. */
  readonly arrays: readonly ArrayColumn[]
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
