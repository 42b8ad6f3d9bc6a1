import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { CHOULDECHOVA, NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap between groups in precision, P(Y = favorable | Ŷ = favorable, A = a).
 *
 * 0: the selected of every group turn out alike; 1: as different as can be. Caveat: with different label rates it cannot hold together with
 * equal error rates. Chouldechova 2017, arXiv:1703.00056.
 */
export default defineMetric({
  id: 'fairness/predictive-parity-difference',
  title: 'Predictive parity difference',
  question: 'Does being selected mean the same in every group?',
  formula: 'max − min over groups of P(the label is favorable | selected, group)',
  meaning: '0: the selected of every group turn out alike; 1: as different as they can be.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [CHOULDECHOVA, NEWCOMBE],
  limits: ['Where label rates differ between groups, it cannot be 0 together with both error rate differences unless the model is perfect.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['precision'], predictions, context),
})
