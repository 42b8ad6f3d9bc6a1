import { predictions } from '../../src/contracts/artifact.js'
import { defineMetric, notApplicable, type MetricContext } from '../../src/contracts/metric.js'
import { directionNote, exactOrWilsonInterval, favorableOf, groupRates, groupResults, settleProportion, wilsonInterval } from '../../src/statistics/index.js'
import { COVERAGE } from '../coverage.js'
import { comparisonParameters } from './comparison-card.js'

type Options = { readonly minimumGroupSize?: number }

const { minimumGroupSize } = comparisonParameters.properties

/**
 * Share of all rows with a prediction that are selected, P(Ŷ = favorable), with the same share per group beside it.
 *
 * 0: nobody; 1: everybody. Every row counts towards the value, whatever its group; groups are shown and not compared, which
 * fairness/demographic-parity-difference does. Wilson 1927, JASA 22(158).
 */
export default defineMetric({
  id: 'fairness/selection-rate',
  title: 'Selection rate',
  question: 'How often does the model give the favorable outcome, overall and in each group?',
  formula: 'P(selected), and P(selected | group) for each group',
  meaning: '0: nobody is selected; 1: everybody is.',
  range: [0, 1],
  ideal: null,
  unit: 'share',
  direction: 'none',
  references: [{ text: 'Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American Statistical Association 22, 1927 (interval)', url: 'https://doi.org/10.1080/01621459.1927.10502953' }],
  limits: ['The value is the overall rate; groups are shown beside it and not compared.', COVERAGE],
  per: 'sensitive-column',
  needsDirection: true,
  parameters: { type: 'object', additionalProperties: false, properties: { minimumGroupSize } },
  judged: true,
  needs: ['sensitive'],
  requires: () => ({ predictions: predictions() }),
  evaluate({ predictions }, context: MetricContext<Options>) {
    const { data, options } = context
    const table = groupRates('selection', predictions, context, options.minimumGroupSize ?? context.minimumGroupSize)
    if ('notApplicable' in table) return table
    const overall = table.groups.reduce((sum, { successes, trials }) => ({ successes: sum.successes + successes, trials: sum.trials + trials }), { successes: 0, trials: 0 })
    if (overall.trials === 0) return notApplicable('no row has a prediction')
    return {
      value: overall.successes / overall.trials,
      n: overall.trials,
      intervalAt: (confidence) => wilsonInterval(overall, confidence),
      decisionIntervalAt: (confidence) => exactOrWilsonInterval(overall, confidence),
      settle: (threshold) => settleProportion(overall.trials, 'all rows with a prediction', threshold),
      groups: groupResults(table),
      excluded: table.excluded.filter(({ reason }) => reason === 'no prediction'),
      notes: [directionNote(data, favorableOf(data) ?? ''), 'The value counts every row with a prediction, whatever its group.'],
    }
  },
})
