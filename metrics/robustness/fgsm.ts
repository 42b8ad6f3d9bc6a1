import { defineMetric } from '../../src/contracts/metric.js'
import { COVERAGE } from '../coverage.js'
import { attackProperties } from './attack-parameters.js'
import { attackRequests, measureRobustAccuracy, unitInWords, type AttackOptions } from './robust-accuracy.js'

/**
 * Robust accuracy = rows that are still classified right after one step of size ε along the sign of the gradient / all attacked rows.
 *
 * 1: no attacked row became wrong. 0: every row is wrong. Caveat: one step is the weakest gradient attack; PGD finds more.
 * Goodfellow, Shlens, Szegedy 2015, arXiv:1412.6572.
 */
export default defineMetric({
  id: 'robustness/fgsm',
  title: 'Accuracy under the fast gradient sign method',
  question: 'How often is the answer still right after one step in the direction that hurts most?',
  formula: 'rows classified right at x + ε · sign(∇ₓ cross-entropy) / all attacked rows; sign(0) = 0',
  meaning: '1: no attacked row became wrong; 0: every row is wrong under attack.',
  range: [0, 1],
  ideal: 1,
  unit: 'share',
  direction: 'higher-is-better',
  references: [{ text: 'Goodfellow, Shlens, Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015', url: 'https://arxiv.org/abs/1412.6572' }],
  limits: [
    'One step is the weakest gradient attack: robustness/pgd finds adversarial rows that this misses.',
    COVERAGE,
  ],
  per: 'audit',
  needsDirection: false,
  judged: true,
  needs: ['model', 'label', 'gradient', 'row-independence', 'classes'],
  parameters: { type: 'object', additionalProperties: false, properties: attackProperties },
  requires: (options: AttackOptions) => attackRequests('fgsm', options),
  evaluate: (artifacts, context) => measureRobustAccuracy(artifacts, context, 'FGSM', (attacked) => `one FGSM step in L∞, ε = ${attacked.epsilon} ${unitInWords(attacked)}`),
})
