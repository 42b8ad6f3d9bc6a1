import { defineMetric } from '../../src/contracts/metric.js'
import { COVERAGE } from '../coverage.js'
import { attackProperties } from './attack-parameters.js'
import { attackRequests, measureRobustAccuracy, unitInWords, type AttackOptions } from './robust-accuracy.js'

/**
 * Robust accuracy = rows that are still classified right after projected gradient descent / all attacked rows.
 *
 * 1: no attacked row could be made wrong. 0: every row was made, or already was, wrong. Caveat: holding is evidence against this attack only.
 * Madry, Makelov, Schmidt, Tsipras, Vladu 2018, arXiv:1706.06083.
 */
export default defineMetric({
  id: 'robustness/pgd',
  title: 'Accuracy under projected gradient descent',
  question: 'How often is the answer still right when every value may change a little, in the worst direction that many small steps find?',
  formula: 'rows classified right at x + δ, where δ maximizes the cross-entropy within |δ| ≤ ε per value, / all attacked rows',
  meaning: '1: no attacked row could be made wrong; 0: every row is wrong under attack.',
  range: [0, 1],
  ideal: 1,
  unit: 'share',
  direction: 'higher-is-better',
  references: [{ text: 'Madry, Makelov, Schmidt, Tsipras, Vladu, "Towards deep learning models resistant to adversarial attacks", ICLR 2018', url: 'https://arxiv.org/abs/1706.06083' }],
  limits: [
    'A limit that holds is evidence against this attack with these settings; a stronger attack may succeed.',
    COVERAGE,
  ],
  per: 'audit',
  needsDirection: false,
  judged: true,
  needs: ['model', 'label', 'gradient', 'row-independence', 'classes'],
  parameters: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...attackProperties,
      steps: { type: 'integer', minimum: 1, maximum: 10000, default: 40 },
      stepSize: { type: 'number', exclusiveMinimum: 0, description: 'In the unit of epsilon. Default: epsilon / 10, or 2.5 epsilon / steps where that is more.' },
      restarts: { type: 'integer', minimum: 1, maximum: 100, default: 1 },
      randomStart: { type: 'boolean', default: true, description: 'Start anywhere in the ball instead of at the row itself.' },
    },
  },
  requires: (options: AttackOptions) => attackRequests('pgd', options),
  evaluate: (artifacts, context) =>
    measureRobustAccuracy(artifacts, context, 'PGD', (attacked) =>
      `PGD in L∞, ε = ${attacked.epsilon} ${unitInWords(attacked)}, ${attacked.steps} steps, ${attacked.restarts} ${attacked.restarts === 1 ? 'restart' : 'restarts'}`),
})
