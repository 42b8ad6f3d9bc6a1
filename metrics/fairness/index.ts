/** @file Group fairness of predictions in memory, without an audit. */
import type { ArtifactValues, ArtifactRequests } from '../../src/contracts/artifact.js'
import type { Measurement, Metric, MetricContext, NotApplicable } from '../../src/contracts/metric.js'
import type { Result } from '../../src/contracts/report.js'
import accuracyDifference from './accuracy-difference.js'
import demographicParityDifference from './demographic-parity-difference.js'
import demographicParityRatio from './demographic-parity-ratio.js'
import equalOpportunityDifference from './equal-opportunity-difference.js'
import equalizedOddsDifference from './equalized-odds-difference.js'
import equalizedOddsRatio from './equalized-odds-ratio.js'
import falseNegativeRateDifference from './false-negative-rate-difference.js'
import falsePositiveRateDifference from './false-positive-rate-difference.js'
import { viewOf, type FairnessColumns, type FairnessTable } from './in-memory.js'
import predictiveParityDifference from './predictive-parity-difference.js'
import selectionRate from './selection-rate.js'

export type { FairnessTable } from './in-memory.js'

export type FairnessOptions = FairnessColumns & {
  /** Rows that a group needs in the denominator of a rate; default 30. */
  readonly minimumGroupSize?: number
  /** A value of the sensitive column, 'best' or 'rest'; default all pairs. */
  readonly reference?: string | number | boolean
}

/** A result of an audit, without what only an audit can say. */
export type FairnessResult = Pick<Result, 'key' | 'id' | 'sensitive' | 'value' | 'unit' | 'interval' | 'n' | 'excluded' | 'groups' | 'notes' | 'details' | 'reason'> & {
  readonly status: 'informative' | 'not-applicable'
  /** Groups outside the comparison because their denominators are too small. */
  readonly unjudgedGroups: NonNullable<Measurement['unjudgedGroups']>
}

const METRICS: readonly Metric[] = [
  accuracyDifference, demographicParityDifference, demographicParityRatio, equalOpportunityDifference, equalizedOddsDifference,
  equalizedOddsRatio, falseNegativeRateDifference, falsePositiveRateDifference, predictiveParityDifference, selectionRate,
]

const CONFIDENCE = 0.95
const DEFAULT_MINIMUM = 30

/**
 * Every fairness metric for every sensitive column, with 95 % intervals and group tables. Nothing is judged.
 *
 * @throws ProbityError for unknown columns, columns of different lengths, no predictions, and a direction that nobody stated
 */
export function fairness(table: FairnessTable, options: FairnessOptions): FairnessResult[] {
  const { view, predictions } = viewOf(table, options)
  const { reference, minimumGroupSize = DEFAULT_MINIMUM } = options
  return METRICS.flatMap((metric) =>
    view.sensitive.map((sensitive): FairnessResult => {
      const measured = evaluate(metric, { predictions }, { data: view, options: { ...(reference !== undefined && { reference }) }, sensitive, minimumGroupSize, excludedGroups: new Map(), seed: 0 })
      const measurement = 'notApplicable' in measured ? null : measured
      return {
        key: `${metric.id}@${sensitive.columns.join('&')}`,
        id: metric.id,
        sensitive: sensitive.columns,
        status: measurement ? 'informative' : 'not-applicable',
        value: measurement?.value ?? null,
        unit: metric.unit,
        interval: measurement?.intervalAt?.(CONFIDENCE) ?? null,
        n: measurement?.n ?? null,
        excluded: measurement?.excluded ?? [],
        groups: measurement?.groups ?? [],
        unjudgedGroups: measurement?.unjudgedGroups ?? [],
        notes: measurement?.notes ?? [],
        details: measurement?.details ?? [],
        ...('notApplicable' in measured && { reason: measured.notApplicable }),
      }
    }),
  )
}

/** Metrics are held with their types erased; this call is where the erasure is undone. */
const evaluate = (metric: Metric, artifacts: ArtifactValues<ArtifactRequests>, context: MetricContext<object>): Measurement | NotApplicable =>
  (metric.evaluate as (artifacts: ArtifactValues<ArtifactRequests>, context: MetricContext<object>) => Measurement | NotApplicable)(artifacts, context)
