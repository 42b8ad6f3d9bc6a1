/** @file Artifacts: what is costly and shared. Metrics ask for them by request; gatherers in child processes make them. */

/** Predictions for every row of the view, from a model or from a stored column. */
export type Predictions = {
  /** Class labels by index: model output order, or the order of the label's categories. */
  readonly classes: readonly string[]
  /** [rows] index into `classes`; −1 where the row could not be predicted. */
  readonly predicted: Int32Array
  /** [rows, classes] probabilities, NaN where missing; null when there is only a label. */
  readonly probabilities: Float64Array | null
  /** [rows] probability or score of `positive`, NaN where missing; null when there is only a label. */
  readonly score: Float64Array | null
  /** In words, for the first page: "most likely class (assumed)", "score of yes ≥ 0.5", "column approved". */
  readonly decisionRule: string
}

/** Integrated gradients of the log-odds F of one class, per source column. */
export type Attributions = {
  /** [n] row numbers of the view that were explained. */
  readonly rows: Int32Array
  /** Source columns; one-hot columns are summed. Of arrays: their elements, or boxes of neighbours where there are many, as `x[0:16, 16:32, 0]`. */
  readonly columns: readonly string[]
  /** [n, columns], row-major */
  readonly values: Float64Array
  /** [n] Σ attributions − (F(x) − mean F(baseline)) */
  readonly completenessGap: Float64Array
  /** [n] |gap| must stay under this */
  readonly tolerance: Float64Array
  /** [n] steps used */
  readonly steps: Int32Array
  /** [n] F(x) */
  readonly output: Float64Array
  /** Mean of F over the baselines. */
  readonly baselineOutput: number
  readonly baseline: string
  /** [n] index of the column with the largest |attribution| under the second baseline; null when there is none. */
  readonly secondTopColumn: Int32Array | null
  readonly secondBaseline: string | null
  /** Of arrays: the mean absolute attribution of each element. */
  readonly elements: readonly { readonly array: string; readonly shape: readonly number[]; /** [size] */ readonly importance: Float64Array }[]
  /** In words, what F is: "log-odds of denied = 1". */
  readonly explained: string
  /** True when only probabilities exist and the log-odds was clipped. */
  readonly clipped: boolean
}

/** The outcome of an attack per row. */
export type AdversarialExamples = {
  /** [n] row numbers of the view that were attacked. */
  readonly rows: Int32Array
  readonly classes: readonly string[]
  /** [n] class index before and after */
  readonly cleanPredicted: Int32Array
  readonly adversarialPredicted: Int32Array
  /** [n] largest |change| in units of epsilon's scale per column; ≤ epsilon up to rounding */
  readonly distance: Float64Array
  /** Share of attacked, rightly classified rows whose gradient was zero everywhere: a sign of masking. */
  readonly zeroGradientShare: number
  /** Whether the input is a table of columns, which needs a threat model, or a tensor such as an image. */
  readonly input: 'table' | 'tensor'
  readonly mutableColumns: readonly string[]
  readonly frozenColumns: readonly { readonly column: string; readonly reason: string }[]
  readonly epsilon: number
  readonly unit: EpsilonUnit
  readonly steps: number
  readonly restarts: number
  /** In words: "observed range of each column", "[0, 1]". */
  readonly bounds: string
}

export type EpsilonUnit = 'sd' | 'range' | 'raw' | 'data'

export type AttackParameters = {
  readonly attack: 'fgsm' | 'pgd'
  readonly norm: 'linf'
  readonly epsilon: number
  /** Standard deviations of each column, its observed range, units of the model's input, or units of the data before scale, mean and std. Default: sd for tables, raw for tensors such as images. */
  readonly unit?: EpsilonUnit
  /** In units of the model's input, or of the data where `unit` is data. Default: what was observed, per column for tables, over all values for tensors. */
  readonly bounds?: 'observed' | readonly [number, number] | Readonly<Record<string, readonly [number, number]>>
  readonly mutable?: readonly string[]
  readonly steps?: number
  /** In the unit of epsilon. */
  readonly stepSize?: number
  readonly restarts?: number
  readonly randomStart?: boolean
  /** How many rows to attack; a seeded sample when the view has more. */
  readonly rows?: number
}

export type AttributionParameters = {
  /** The class whose log-odds are explained. Default: the adverse class, which is every class but the favorable one. */
  readonly target?: string | number
  /**
   * `favorable-sample`: the average over 32 seeded rows that are not predicted as the explained class; `mean`: the mean row; `zero`; or a value per
   * column. Default: favorable-sample.
   */
  readonly baseline?: 'favorable-sample' | 'zero' | 'mean' | Readonly<Record<string, number>>
  readonly steps?: number
  readonly rows?: number
}

/** Plugins may add kinds by declaration merging. */
export interface ArtifactKinds {
  predictions: { parameters: Record<string, never>; value: Predictions }
  attributions: { parameters: AttributionParameters; value: Attributions }
  'adversarial-examples': { parameters: AttackParameters; value: AdversarialExamples }
}

export type ArtifactKind = keyof ArtifactKinds
export type ArtifactRequest<K extends ArtifactKind = ArtifactKind> = {
  [P in K]: { readonly kind: P; readonly parameters: ArtifactKinds[P]['parameters'] }
}[K]
export type ArtifactRequests = Readonly<Record<string, ArtifactRequest>>
/** The values that a metric receives for its requests, under the same names. */
export type ArtifactValues<R extends ArtifactRequests> = { readonly [N in keyof R]: ArtifactKinds[R[N]['kind']]['value'] }

export const predictions = (): ArtifactRequest<'predictions'> => ({ kind: 'predictions', parameters: {} })
export const attributions = (parameters: AttributionParameters): ArtifactRequest<'attributions'> => ({ kind: 'attributions', parameters })
export const adversarialExamples = (parameters: AttackParameters): ArtifactRequest<'adversarial-examples'> => ({ kind: 'adversarial-examples', parameters })
