import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { HARDT, NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap between groups in the true positive rate, P(Ŷ = favorable | Y = favorable, A = a).
 *
 * 0: equally often in every group; 1: one group always, another never. Caveat: says nothing of people whose label is unfavorable.
 * Hardt, Price and Srebro 2016, arXiv:1610.02413.
 */
export default defineMetric({
  id: 'fairness/equal-opportunity-difference',
  title: 'Equal opportunity difference',
  question: 'Are people who deserve the favorable outcome selected equally often in every group?',
  formula: 'max − min over groups of P(selected | the label is favorable, group)',
  meaning: '0: equally often in every group; 1: one group always, another never.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [HARDT, NEWCOMBE],
  limits: ['It says nothing of people whose label is not the favorable outcome, and it trusts the labels.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['truePositive'], predictions, context),
})
