import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { HARDT, NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap between groups in P(Ŷ = favorable | Y = y, A = a), over both values of "the label is the favorable outcome".
 *
 * 0: both rates are equal in every group; 1: one differs as much as it can. Caveat: trusts the labels.
 * Hardt, Price and Srebro 2016, arXiv:1610.02413.
 */
export default defineMetric({
  id: 'fairness/equalized-odds-difference',
  title: 'Equalized odds difference',
  question: 'Does the model treat equal labels equally in every group?',
  formula: 'the larger of the gaps (max − min over groups) in true positive rate and in false positive rate',
  meaning: '0: both rates are equal in every group; 1: in one of them a group is always selected, another never.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [HARDT, NEWCOMBE],
  limits: ['It trusts the labels: where they carry past unfairness, so does this value.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: false,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['truePositive', 'falsePositive'], predictions, context),
})
