import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { CHOULDECHOVA, NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap between groups in the false positive rate, P(Ŷ = favorable | Y ≠ favorable, A = a).
 *
 * 0: equally often in every group; 1: one group always, another never. Caveat: positive here is the favorable outcome, so a false positive
 * is a favorable outcome against the label. Chouldechova 2017, arXiv:1703.00056.
 */
export default defineMetric({
  id: 'fairness/false-positive-rate-difference',
  title: 'False positive rate difference',
  question: 'Are people with an unfavorable label selected equally often in every group?',
  formula: 'max − min over groups of P(selected | the label is not favorable, group)',
  meaning: '0: equally often in every group; 1: one group always, another never.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [CHOULDECHOVA, NEWCOMBE],
  limits: ['A false positive is a favorable prediction against the label; with the other direction this is the false negative rate difference.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['falsePositive'], predictions, context),
})
