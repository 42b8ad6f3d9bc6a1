import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { NEWCOMBE, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Largest gap in selection rate between groups: max P(Ŷ = favorable | A = a) − min P(Ŷ = favorable | A = b).
 *
 * 0: equally often; 1: one group always, another never. Caveat: blind to whether the labels differ between groups.
 * Dwork et al. 2012, "Fairness through awareness", arXiv:1104.3913.
 */
export default defineMetric({
  id: 'fairness/demographic-parity-difference',
  title: 'Demographic parity difference',
  question: 'Are all groups selected equally often?',
  formula: 'max over groups of P(selected | group) − min over groups of P(selected | group)',
  meaning: '0: every group is selected equally often; 1: one group always, another never.',
  range: [0, 1],
  ideal: 0,
  unit: 'difference of shares',
  direction: 'lower-is-better',
  references: [{ text: 'Dwork, Hardt, Pitassi, Reingold and Zemel, Fairness through awareness, 2012', url: 'https://arxiv.org/abs/1104.3913' }, NEWCOMBE],
  limits: ['It does not look at labels: a gap may follow a gap in the outcome itself.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: false,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('difference', ['selection'], predictions, context),
})
