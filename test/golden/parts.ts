/** @file Pieces of the golden reports: intervals in closed form and the cards of a few metrics. */
import type { GroupResult, Interval, MetricCard, Threshold } from '../../src/contracts/report.js'

const Z = 1.959963984540054

/** Wilson 1927; see also Newcombe 1998a. */
export function wilson(successes: number, n: number): Interval {
  const p = successes / n
  const centre = (p + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n)
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n))
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half), confidence: 0.95, method: 'Wilson' }
}

/** [successes, n] per group; a value of null marks the unknown row. */
export type Cell = { readonly value: string | null; readonly successes: number; readonly of: number; readonly people: number; readonly role?: GroupResult['role']; readonly reason?: string }

export function groupOf(columns: readonly string[], cell: Cell): GroupResult {
  const values = cell.value === null ? ['unknown'] : cell.value.split(' & ')
  const known = cell.of > 0
  return {
    group: columns.map((column, index) => ({ column, value: values[index] ?? 'unknown' })),
    n: cell.people,
    denominator: cell.of,
    value: known ? cell.successes / cell.of : null,
    interval: known ? wilson(cell.successes, cell.of) : null,
    role: cell.role ?? (cell.value === null ? 'unknown' : 'compared'),
    ...(cell.reason === undefined ? {} : { reason: cell.reason }),
  }
}

/** Newcombe 1998b, method 10: the difference of two rates from their Wilson limits. */
export function newcombe(a: GroupResult, b: GroupResult): Interval {
  const [p, q, i, j] = [a.value ?? 0, b.value ?? 0, a.interval, b.interval]
  if (!i || !j) throw new Error('golden groups need intervals')
  const difference = p - q
  return {
    low: Math.max(0, difference - Math.hypot(p - i.low, j.high - q)),
    high: Math.min(1, difference + Math.hypot(i.high - p, q - j.low)),
    confidence: 0.95,
    method: 'Newcombe',
  }
}

export const limit = (bound: { min?: number; max?: number }, about: Partial<Threshold> = {}): Threshold => ({
  ...bound, judge: 'evidence', onInsufficient: 'fail', setBy: 'Model risk committee', on: '2026-03-02', reason: 'Lending policy 4.2', ...about,
})

const feldman = { text: 'Feldman et al. 2015, Certifying and removing disparate impact', url: 'https://arxiv.org/abs/1412.3756' }
const hardt = { text: 'Hardt, Price and Srebro 2016, Equality of opportunity in supervised learning', url: 'https://arxiv.org/abs/1610.02413' }
const card = (fields: Partial<MetricCard> & Pick<MetricCard, 'title' | 'question' | 'formula'>): MetricCard => ({
  meaning: '0 means that the groups have the same rate; 1 is the largest possible gap.',
  range: [0, 1],
  ideal: 0,
  direction: 'lower-is-better',
  references: [feldman],
  limits: ['A gap says nothing about its cause.', 'The largest observed gap is biased upward when there are many or small groups.'],
  ...fields,
})

export const cards: Readonly<Record<string, MetricCard>> = {
  'fairness/demographic-parity-difference': card({ title: 'Demographic parity difference', question: 'How far apart are the groups’ rates of the favorable outcome?', formula: 'max over groups of P(favorable | group) − min over groups of P(favorable | group)' }),
  'fairness/demographic-parity-ratio': card({
    title: 'Demographic parity ratio', question: 'How does the lowest rate of the favorable outcome compare with the highest?', formula: 'min over groups of P(favorable | group) / max over groups of P(favorable | group)',
    meaning: '1 means equal rates; 0 means that one group never receives the favorable outcome.', ideal: 1, direction: 'higher-is-better',
    references: [{ text: '29 CFR 1607.4(D): the four-fifths rule of thumb' }, feldman], limits: ['The four-fifths rule is a rule of thumb, not a legal conclusion.', 'The ratio depends on which outcome is counted.'],
  }),
  'fairness/equal-opportunity-difference': card({ title: 'Equal opportunity difference', question: 'Among people whose label is favorable, how far apart are the groups’ chances of being recognised?', formula: 'max over groups of TPR − min over groups of TPR', references: [hardt] }),
  'fairness/accuracy-difference': card({ title: 'Accuracy difference', question: 'Is the model right equally often in every group?', formula: 'max over groups of accuracy − min over groups of accuracy', references: [hardt] }),
  'transparency/integrated-gradients': card({
    title: 'Integrated gradients', question: 'What does the score depend on, relative to the reference?', formula: '(x − x′) · ∫ ∂F(x′ + α(x − x′))/∂x dα, with F the log-odds of the adverse class',
    meaning: 'Larger means that the score moved more with this column, between the reference and the row.', range: [null, null], ideal: null, direction: 'none',
    references: [{ text: 'Sundararajan, Taly and Yan 2017, Axiomatic attribution for deep networks', url: 'https://arxiv.org/abs/1703.01365' }], limits: ['Describes the model, not the world.', 'Depends on the reference.'],
  }),
  'transparency/completeness': card({ title: 'Completeness', question: 'Do the attributions add up to the difference of the outputs?', formula: '|Σ attributions − (F(x) − F(x′))|', meaning: 'A numerical check of the explanation.', range: [0, null] }),
  'robustness/pgd': card({
    title: 'Accuracy under projected gradient descent', question: 'How often is the model still right when inputs are changed a little, in the worst way that the attack finds?', formula: 'rows right after the attack / all rows',
    meaning: '1 means that every row stays right; 0 means that none does.', ideal: 1, direction: 'higher-is-better',
    references: [{ text: 'Madry et al. 2018, Towards deep learning models resistant to adversarial attacks', url: 'https://arxiv.org/abs/1706.06083' }], limits: ['A stronger attack may succeed where this one did not.'],
  }),
  'fairness/predictive-parity-difference': card({ title: 'Predictive parity difference', question: 'Among people predicted favorable, how far apart are the shares whose label is favorable?', formula: 'max over groups of PPV − min over groups of PPV' }),
}
