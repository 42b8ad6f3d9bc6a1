import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import type { Details } from '../../src/contracts/report.js'
import { compareRates, measurePerformance, type ComparisonOptions, type Performance } from '../../src/statistics/index.js'
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
  evaluate({ predictions }, context: MetricContext<ComparisonOptions>) {
    const compared = compareRates('difference', ['accuracy'], predictions, context)
    return 'notApplicable' in compared ? compared : { ...compared, details: [...(compared.details ?? []), ...besideAccuracy(measurePerformance(context.data, predictions))] }
  },
})

/** A constant model can be right most of the time. */
const besideAccuracy = (overall: Performance | null): Details[] =>
  overall === null ? [] : [{
    type: 'facts',
    title: 'Beside it, over all rows',
    items: [
      { name: 'Accuracy', value: overall.accuracy, unit: 'share' },
      { name: 'Balanced accuracy', value: overall.balancedAccuracy, unit: 'share', note: 'mean over the classes of the share of their rows that are right' },
      { name: 'Accuracy of always answering the majority class', value: overall.majorityClassAccuracy, unit: 'share', note: `class ${overall.majorityClass}` },
    ],
  }]
