/** @file Every metric that Probity ships, by name. */
import type { Metric } from '../src/contracts/metric.js'
import accuracyDifference from './fairness/accuracy-difference.js'
import demographicParityDifference from './fairness/demographic-parity-difference.js'
import demographicParityRatio from './fairness/demographic-parity-ratio.js'
import equalOpportunityDifference from './fairness/equal-opportunity-difference.js'
import equalizedOddsDifference from './fairness/equalized-odds-difference.js'
import equalizedOddsRatio from './fairness/equalized-odds-ratio.js'
import falseNegativeRateDifference from './fairness/false-negative-rate-difference.js'
import falsePositiveRateDifference from './fairness/false-positive-rate-difference.js'
import predictiveParityDifference from './fairness/predictive-parity-difference.js'
import selectionRate from './fairness/selection-rate.js'
import fgsm from './robustness/fgsm.js'
import pgd from './robustness/pgd.js'
import attributionByGroup from './transparency/attribution-by-group.js'
import completeness from './transparency/completeness.js'
import integratedGradients from './transparency/integrated-gradients.js'

/** In alphabetical order of their ids, which is the order of results. */
export const metrics: readonly Metric[] = [
  accuracyDifference,
  demographicParityDifference,
  demographicParityRatio,
  equalOpportunityDifference,
  equalizedOddsDifference,
  equalizedOddsRatio,
  falseNegativeRateDifference,
  falsePositiveRateDifference,
  predictiveParityDifference,
  selectionRate,
  fgsm,
  pgd,
  attributionByGroup,
  completeness,
  integratedGradients,
]
