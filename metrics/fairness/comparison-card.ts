/** @file What every comparison between groups has in common: parameters, and what a reader must not conclude. */
import { COVERAGE } from '../coverage.js'

/** JSON Schema of `reference` and `minimumGroupSize`. */
export const comparisonParameters = {
  type: 'object',
  additionalProperties: false,
  properties: {
    reference: { type: ['string', 'number', 'boolean'], description: 'A value of the sensitive column to compare each group with, or best, or rest. Default: all pairs.' },
    minimumGroupSize: { type: 'integer', minimum: 1, description: 'Rows that a group needs in the denominator of the rate. Default: data.minimumGroupSize, else 30.' },
  },
}

const CAUSE = 'A gap says that outcomes differ, not why; no gap does not show that people are treated alike.'

export const comparisonLimits = [CAUSE, COVERAGE]

export const NEWCOMBE = { text: 'Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17, 1998 (interval)', url: 'https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I' }
export const MOVER_R = { text: 'Donner and Zou, Closed-form confidence intervals for functions of the normal mean and standard deviation, Statistical Methods in Medical Research 21, 2012 (interval)', url: 'https://doi.org/10.1177/0962280210383082' }
export const HARDT = { text: 'Hardt, Price and Srebro, Equality of opportunity in supervised learning, 2016', url: 'https://arxiv.org/abs/1610.02413' }
export const CHOULDECHOVA = { text: 'Chouldechova, Fair prediction with disparate impact, 2017', url: 'https://arxiv.org/abs/1703.00056' }
