import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { MOVER_R, comparisonLimits, comparisonParameters } from './comparison-card.js'

const FOUR_FIFTHS = 'Four fifths is a rule of thumb, 29 CFR 1607.4(D), not a legal conclusion.'

/**
 * Smallest ratio of selection rates between groups: min P(Ŷ = favorable | A = a) / max P(Ŷ = favorable | A = b).
 *
 * 1: equally often; 0: one group never. Caveat: counted in the opposite outcome it can tell another story, so that one stands beside it.
 * Four-fifths rule of thumb: 29 CFR 1607.4(D); Feldman et al. 2015, arXiv:1412.3756.
 */
export default defineMetric({
  id: 'fairness/demographic-parity-ratio',
  title: 'Demographic parity ratio',
  question: 'How does the least selected group compare with the most selected one?',
  formula: 'min over groups of P(selected | group) / max over groups of P(selected | group)',
  meaning: '1: every group is selected equally often; 0: one group is never selected.',
  range: [0, 1],
  ideal: 1,
  unit: 'ratio of shares',
  direction: 'higher-is-better',
  references: [{ text: '29 CFR 1607.4(D), the four-fifths rule', url: 'https://www.ecfr.gov/current/title-29/section-1607.4' }, { text: 'Feldman, Friedler, Moeller, Scheidegger and Venkatasubramanian, Certifying and removing disparate impact, 2015', url: 'https://arxiv.org/abs/1412.3756' }, MOVER_R],
  limits: [FOUR_FIFTHS, ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive'],
  requires: () => ({ predictions: predictions() }),
  evaluate({ predictions }, context: MetricContext<ComparisonOptions>) {
    const compared = compareRates('ratio', ['selection'], predictions, context)
    return 'notApplicable' in compared ? compared : { ...compared, notes: [...(compared.notes ?? []), FOUR_FIFTHS] }
  },
})
