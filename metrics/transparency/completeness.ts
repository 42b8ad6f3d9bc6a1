import { attributions, type AttributionParameters } from '../../src/contracts/artifact.js'
import { defineMetric, notApplicable } from '../../src/contracts/metric.js'
import { wilsonInterval } from '../../src/statistics/index.js'
import { COVERAGE } from '../coverage.js'
import { attributionParameters, INTEGRATED_GRADIENTS } from './attribution-parameters.js'
import { unexplainedRows } from './column-importance.js'

/**
 * Share of rows whose attributions sum to F(x) − mean F(x′) within the row's tolerance, 0.01 · max(|F(x) − mean F(x′)|, SD of F over the data).
 *
 * 1: every explanation adds up. Caveat: adding up says that the integral was computed well, not that the explanation is meaningful.
 * Sundararajan, Taly, Yan 2017 (axiom "completeness"), arXiv:1703.01365.
 */
export default defineMetric({
  id: 'transparency/completeness',
  title: 'Numerical check of the explanation',
  question: 'Do the attributions of each row add up to what they explain?',
  formula: 'rows with |Σᵢ IGᵢ − (F(x) − mean F(x′))| ≤ 0.01 · max(|F(x) − mean F(x′)|, SD of F over the data) / explained rows',
  meaning: '1: every explanation adds up; below 1: some rows did not converge within 2,048 steps.',
  range: [0, 1],
  ideal: 1,
  unit: 'share',
  direction: 'higher-is-better',
  references: [INTEGRATED_GRADIENTS],
  limits: ['A numerical check of the explanation: it says that the integral was computed well, not that the explanation is meaningful.', COVERAGE],
  per: 'audit',
  needsDirection: false,
  judged: false,
  needs: ['model', 'gradient', 'row-independence', 'classes'],
  parameters: attributionParameters,
  requires: (options: AttributionParameters) => ({ explained: attributions(options) }),
  evaluate({ explained }, { data }) {
    const { completenessGap, tolerance } = explained
    const n = explained.rows.length
    if (n === 0) return notApplicable('no row has every feature')
    const gaps = completenessGap.map(Math.abs)
    const steps = explained.steps.slice().sort() // typed arrays sort by number
    const converged = gaps.filter((gap, i) => gap <= tolerance[i]).length
    return {
      value: converged / n,
      n,
      intervalAt: (confidence) => wilsonInterval({ successes: converged, trials: n }, confidence),
      excluded: unexplainedRows(explained, data),
      notes: converged < n ? [`${n - converged} of ${n} rows did not converge within their tolerance.`] : [],
      details: [{
        type: 'facts',
        title: 'Convergence',
        items: [
          { name: 'Rows that did not converge', value: n - converged },
          { name: 'Largest |gap|', value: gaps.reduce((most, gap) => Math.max(most, gap), 0), note: 'log-odds' },
          { name: 'Steps, median', value: steps[Math.floor(n / 2)] },
          { name: 'Steps, most', value: steps[n - 1] },
        ],
      }],
    }
  },
})
