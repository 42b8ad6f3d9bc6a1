import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap between groups in accuracy, P(Ŷ = Y | A = a).
 *
 * 0: right equally often; 1: always right for one group, always wrong for another. Caveat: equal accuracy can hide opposite kinds of error.
 * Berk et al. 2018, "Fairness in criminal justice risk assessments", arXiv:1703.09207.
 */
export default defineMetric({
  id: 'fairness/accuracy-difference',
  title: 'Accuracy difference',
  question: 'Is the model right equally often in every group?',
  formula: 'max − min over groups of P(prediction = label | group)',
  meaning: '0: right equally often in every group; 1: always right for one group, always wrong for another.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [{ text: 'Berk, Heidari, Jabbari, Kearns and Roth, Fairness in criminal justice risk assessments, 2018', url: 'https://arxiv.org/abs/1703.09207' }, NEWCOMBE],
  limits: ['Equal accuracy can hide opposite kinds of error, and follows the label rates of the groups.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: false,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['accuracy'], predictions, context),
})
