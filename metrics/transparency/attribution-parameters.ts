/** @file The parameters that metrics of attributions share, so that they also share one artifact. */

export const attributionParameters = {
  type: 'object',
  additionalProperties: false,
  properties: {
    target: { type: ['string', 'number'], description: 'The class whose log-odds are explained. Default: the adverse class, by data.favorable.' },
    baseline: {
      description: "'favorable-sample' (average over 32 rows predicted otherwise), 'mean', 'zero', or a value per column. Default: favorable-sample.",
      anyOf: [{ enum: ['favorable-sample', 'zero', 'mean'] }, { type: 'object', additionalProperties: { type: 'number' }, minProperties: 1 }],
    },
    steps: { type: 'integer', minimum: 1, maximum: 2048, default: 32, description: 'Steps to begin with; rows that have not converged are refined up to 2,048.' },
    rows: { type: 'integer', minimum: 1, default: 500, description: 'How many rows are explained: a seeded sample when there are more.' },
  },
} as const

export const INTEGRATED_GRADIENTS = {
  text: 'Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML 2017',
  url: 'https://arxiv.org/abs/1703.01365',
} as const
