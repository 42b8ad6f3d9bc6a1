/** @file What a metric is: metadata, what it needs, and a pure function. */
import type { ArtifactRequests, ArtifactValues } from './artifact.js'
import type { DatasetView, SensitiveColumn } from './dataset.js'
import type { Details, GroupResult, Interval, Settle } from './report.js'

/** Which way is better. `none` for descriptive values. */
export type Direction = 'higher-is-better' | 'lower-is-better' | 'none'

export type MetricContext<O> = {
  readonly data: DatasetView
  readonly options: O
  /** The column whose groups are compared; null for metrics that are not `per: 'sensitive-column'`. */
  readonly sensitive: SensitiveColumn | null
  readonly minimumGroupSize: number
  /** Categories of `sensitive` that the config leaves out of the judged comparison, with the stated reason. */
  readonly excludedGroups: ReadonlyMap<number, string>
  readonly seed: number
}

/** The interval at a two-sided confidence level in (0, 1); judging inverts it. Null when it cannot be computed at any level. */
export type IntervalAt = (confidence: number) => Interval | null

export type Measurement = {
  readonly value: number
  readonly intervalAt?: IntervalAt
  /** What judging inverts where the interval shown errs too often one-sidedly, as closed forms do at small counts. Contains it. Default: `intervalAt`. */
  readonly decisionIntervalAt?: IntervalAt
  readonly groups?: readonly GroupResult[]
  /** Rows that entered the value, and the rows that did not, each with a reason. */
  readonly n: number
  readonly excluded?: readonly { readonly reason: string; readonly rows: number }[]
  /** Groups whose denominator is under the minimum: they turn a pass into `insufficient`. */
  readonly unjudgedGroups?: readonly { readonly group: string; readonly people: number; readonly reason: string }[]
  /** Set when a result may not be judged at all, or a pass may not stand (over 5 % unknown, and the like). */
  readonly cannotPass?: string
  /** Where the metric's own title would claim too much of this result. */
  readonly title?: string
  /** For attacks and the like, where holding is evidence against what was tried alone: "PGD in L∞, …". Worded by the judge. */
  readonly heldAgainst?: string
  /** `familySize` is the number of checks that a failure is corrected for. */
  readonly settle?: (threshold: { min?: number; max?: number; familySize?: number }) => Settle
  /** In words: who is worse off, "selected = denied: no", and the like. */
  readonly notes?: readonly string[]
  readonly details?: readonly Details[]
}

export type NotApplicable = { readonly notApplicable: string }
export const notApplicable = (reason: string): NotApplicable => ({ notApplicable: reason })

export type MetricDefinition<O extends object, R extends ArtifactRequests> = {
  /** `category/kebab-case`; the file is named after it. */
  readonly id: `${string}/${string}`
  readonly title: string
  /** The question the metric answers, as a reader would ask it. */
  readonly question: string
  readonly formula: string
  /** What 0 and 1 (or the ends of the range) mean. */
  readonly meaning: string
  readonly range: readonly [number, number]
  readonly ideal: number | null
  /** 'share', 'ratio', 'difference of shares', 'log-odds', … */
  readonly unit: string
  readonly direction: Direction
  readonly references: readonly { readonly text: string; readonly url?: string }[]
  /** What a reader must not conclude. */
  readonly limits: readonly string[]
  /** One result per sensitive column, or one per audit entry. */
  readonly per: 'sensitive-column' | 'audit'
  /** Judging it needs `favorable` to be known: ratios, opportunity, predictive parity, error rates. */
  readonly needsDirection: boolean
  /** JSON Schema of the metric's own parameters, with defaults; ajv fills them in. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Informative metrics refuse thresholds. */
  readonly judged: boolean
  /** What it needs: labels, a gradient, … checked by the planner, which says `not-applicable` with the reason. */
  readonly needs: readonly ('label' | 'model' | 'gradient' | 'row-independence' | 'classes' | 'sensitive')[]
  readonly requires: (options: O) => R
  readonly evaluate: (artifacts: ArtifactValues<R>, context: MetricContext<O>) => Measurement | NotApplicable
}

/** A metric with its option and artifact types erased, as registries hold it. */
export type Metric = MetricDefinition<never, ArtifactRequests> & { readonly __metric: true }

/** Declares a metric; the types of `evaluate` follow from `requires`. */
export function defineMetric<O extends object, R extends ArtifactRequests>(definition: MetricDefinition<O, R>): Metric {
  return { ...(definition as unknown as MetricDefinition<never, ArtifactRequests>), __metric: true }
}
