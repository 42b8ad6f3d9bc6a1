import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, type MetricContext } from '../../src/contracts/metric.js'
import { compareRates, type ComparisonOptions } from '../../src/statistics/index.js'
import { HARDT, MOVER_R, comparisonLimits, comparisonParameters } from './comparison-card.js'

/**
 * Smallest ratio between groups of P(Ŷ = favorable | Y = y, A = a), over both values of "the label is the favorable outcome".
 *
 * 1: both rates are equal in every group; 0: a group is never selected in one. Caveat: rare false positives make it unstable.
 * Hardt, Price and Srebro 2016, arXiv:1610.02413.
 */
export default defineMetric({
  id: 'fairness/equalized-odds-ratio',
  title: 'Equalized odds ratio',
  question: 'How do the groups compare, at worst, among people with equal labels?',
  formula: 'the smaller of the ratios (min / max over groups) of true positive rates and of false positive rates',
  meaning: '1: both rates are equal in every group; 0: in one of them a group is never selected.',
  range: [0, 1],
  ideal: 1,
  unit: 'ratio of shares',
  direction: 'higher-is-better',
  references: [HARDT, MOVER_R],
  limits: ['Where a rate is small, a few rows decide the ratio; read the difference beside it.', ...comparisonLimits],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: comparisonParameters,
  judged: true,
  needs: ['sensitive', 'label'],
  requires: () => ({ predictions: predictions() }),
  evaluate: ({ predictions }, context: MetricContext<ComparisonOptions>) => compareRates('ratio', ['truePositive', 'falsePositive'], predictions, context),
})
