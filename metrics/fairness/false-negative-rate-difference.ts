import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { CHOULDECHOVA, NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap between groups in the false negative rate, P(Ŷ ≠ favorable | Y = favorable, A = a).
 *
 * 0: equally often in every group; 1: one group always, another never. Caveat: equals the equal opportunity difference; its groups show who
 * is refused rather than who is selected. Chouldechova 2017, arXiv:1703.00056.
 */
export default defineMetric({
  id: 'fairness/false-negative-rate-difference',
  title: 'False negative rate difference',
  question: 'Are people who deserve the favorable outcome refused it equally often in every group?',
  formula: 'max − min over groups of P(not selected | the label is favorable, group)',
  meaning: '0: equally often in every group; 1: one group always, another never.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [CHOULDECHOVA, NEWCOMBE],
  limits: ['It is the equal opportunity difference seen from the refused; judging both counts one gap twice.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['falseNegative'], predictions, context),
})
