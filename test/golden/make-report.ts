/** @file The golden reports: a realistic audit of a mortgage model, and a hostile one. `UPDATE_GOLDEN=1` writes them as JSON. */
import type { Details, GroupResult, Report, Result } from '../../src/contracts/report.js'
import { cards, groupOf, limit, newcombe, wilson } from './parts.js'
import type { Cell } from './parts.js'

const HASH = { model: '3f0a'.repeat(16), data: '91cd'.repeat(16), config: '7be2'.repeat(16) }

const race = ['black']
const region = ['region']
const both = ['black', 'single']
const cellsOf = (columns: readonly string[], cells: readonly Cell[]): GroupResult[] => cells.map((cell) => groupOf(columns, cell))

const approvedByRace = cellsOf(race, [{ value: 'no', successes: 991, of: 1026, people: 1026 }, { value: 'yes', successes: 137, of: 164, people: 164 }])
const opportunityByRace = cellsOf(race, [{ value: 'no', successes: 905, of: 930, people: 1026 }, { value: 'yes', successes: 102, of: 117, people: 164 }])
const accuracyByRace = cellsOf(race, [{ value: 'no', successes: 925, of: 1026, people: 1026 }, { value: 'yes', successes: 127, of: 164, people: 164 }])
const approvedByRegion = cellsOf(region, [
  { value: 'Downtown', successes: 262, of: 281, people: 281 },
  { value: 'Harbour', successes: 236, of: 253, people: 253 },
  { value: 'Hills', successes: 301, of: 314, people: 314 },
  { value: 'North', successes: 245, of: 262, people: 262 },
  { value: 'South shore', successes: 14, of: 24, people: 24, role: 'too-small', reason: '24 people are under the minimum of 30' },
  { value: null, successes: 42, of: 56, people: 56 },
])
const approvedByBoth = cellsOf(both, [
  { value: 'no & no', successes: 621, of: 634, people: 634 },
  { value: 'no & yes', successes: 370, of: 392, people: 392 },
  { value: 'yes & no', successes: 77, of: 88, people: 88 },
  { value: 'yes & yes', successes: 60, of: 76, people: 76 },
])

type Fields = Partial<Result> & Pick<Result, 'id' | 'status'>

function result(fields: Fields): Result {
  const sensitive = fields.sensitive ?? []
  const at = sensitive.length ? `@${sensitive.join('&')}` : ''
  const name = fields.name === undefined ? '' : `#${fields.name}`
  return {
    key: `${fields.id}${at}${name}`, category: fields.id.split('/')[0] ?? '', sensitive, parameters: {}, value: null, unit: 'difference of shares',
    interval: null, n: 1190, excluded: [], groups: [], threshold: null, decision: null, notes: [], details: [], ...fields,
  }
}

/** The largest gap between compared groups, with the interval of that pair. */
function gap(groups: readonly GroupResult[]): Pick<Result, 'value' | 'interval' | 'groups'> {
  const compared = groups.filter((each) => each.role === 'compared' && each.value !== null).sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
  const [high, low] = [compared[0], compared[compared.length - 1]]
  if (!high || !low) throw new Error('a gap needs two groups')
  return { value: (high.value ?? 0) - (low.value ?? 0), interval: newcombe(high, low), groups }
}

const decision = (direction: string, p: number | null, pAdjusted: number | null, pPass: number | null, explanation: string): Result['decision'] => ({
  direction, p, pAdjusted, familySize: 6, pPass, explanation, settle: null,
})

const curve = (points: readonly (readonly [number, number])[], rows: number): Details => ({
  type: 'curve', title: 'Accuracy against epsilon', caption: 'Each point is an attack of its own; the band is the 95 % interval.', x: 'epsilon (standard deviations)', y: 'accuracy',
  points: points.map(([x, right]) => ({ x, y: right / rows, interval: wilson(right, rows) })),
  references: [{ name: 'majority class', y: 0.88 }, { name: 'limit', y: 0.7 }],
})

const importance: Details = {
  type: 'bars', title: 'Mean size of the attributions', caption: 'Mean |attribution| per column over 500 rows, in log-odds of denial.', unit: 'log-odds',
  bars: ([['denied_mortgage_insurance', 1.42, 0.21], ['debt_to_income', 0.83, 0.07], ['public_bad_credit', 0.61, 0.09], ['consumer_credit_score', 0.55, 0.05], ['loan_to_value', 0.37, 0.04], ['black', 0.29, 0.05], ['single', 0.12, 0.02], ['condominium', 0.04, 0.02]] as const)
    .map(([name, value, half]) => ({ name, value, interval: { low: value - half, high: value + half, confidence: 0.95, method: 'bootstrap' } })),
}

const results: Result[] = [
  result({
    id: 'fairness/demographic-parity-difference', status: 'fail', sensitive: race, ...gap(approvedByRace), threshold: limit({ max: 0.05 }),
    decision: decision('at most 0.05', 0.0011, 0.0055, 0.9989, 'Evidence for a gap above 0.05, after correcting for 6 checks.'),
    notes: ['Selected = denied: no. Favorable outcomes are counted.', 'black = yes has the lower rate.'],
  }),
  result({
    id: 'fairness/demographic-parity-difference', status: 'insufficient', sensitive: region, ...gap(approvedByRegion), threshold: limit({ max: 0.05 }, { setBy: '', on: '', reason: '' }),
    n: 1134, excluded: [{ reason: 'region is missing', rows: 56 }], reason: '1 group, 24 people, could not be judged',
    decision: { direction: 'at most 0.05', p: 0.81, pAdjusted: 1, familySize: 6, pPass: 0.19, explanation: 'The limit is not shown to hold: one group is under the minimum.', settle: { smallestDecidableGap: 0.083, rowsPerGroup: { ifPass: 812, ifFail: 1104 }, limitingCell: 'region = South shore' } },
    notes: ['Selected = denied: no. Favorable outcomes are counted.', 'Largest observed gap; biased upward with many or small groups.'],
  }),
  result({ id: 'fairness/demographic-parity-difference', status: 'informative', sensitive: both, ...gap(approvedByBoth), notes: ['Selected = denied: no. Favorable outcomes are counted.', 'An intersection that the configuration does not list: shown, not judged.'] }),
  result({
    id: 'fairness/demographic-parity-ratio', status: 'pass', sensitive: race, unit: 'ratio', value: 137 / 164 / (991 / 1026), interval: { low: 0.7984, high: 0.9137, confidence: 0.95, method: 'MOVER-R' }, groups: approvedByRace,
    threshold: limit({ min: 0.8 }, { judge: 'estimate', reason: 'Four-fifths rule of thumb, 29 CFR 1607.4(D)' }),
    decision: decision('at least 0.8', null, null, null, 'The bare estimate is judged: no error control.'), notes: ['Selected = denied: no. Favorable outcomes are counted.', 'Counted in denials, the ratio would be 0.207.'],
  }),
  result({
    id: 'fairness/equal-opportunity-difference', status: 'pass', sensitive: race, ...gap(opportunityByRace), threshold: limit({ max: 0.2 }),
    decision: decision('at most 0.2', 0.9999, 1, 0.0001, 'Evidence for a gap below 0.2.'), notes: ['Compares the model with past decisions, which may themselves carry a gap.'],
  }),
  result({ id: 'fairness/accuracy-difference', status: 'informative', sensitive: race, ...gap(accuracyByRace), notes: ['Compares the model with past decisions, which may themselves carry a gap.'] }),
  result({ id: 'fairness/predictive-parity-difference', status: 'not-applicable', sensitive: race, n: null, reason: 'no one in black = yes was predicted favorable under this decision rule (0/0)' }),
  result({
    id: 'transparency/integrated-gradients', status: 'informative', unit: 'log-odds', n: 500, value: 1.42, interval: { low: 1.21, high: 1.63, confidence: 0.95, method: 'bootstrap' }, parameters: { baseline: 'favorable-sample', rows: 500, steps: 64 }, details: [
      importance,
      { type: 'table', title: 'Most frequent top column', caption: 'Per row, the column with the largest attribution towards denial.', columns: [{ key: 'column', title: 'Column' }, { key: 'rows', title: 'Rows', unit: 'rows' }, { key: 'share', title: 'Share', unit: 'share' }], rows: [{ column: 'debt_to_income', rows: 231, share: 0.462 }, { column: 'public_bad_credit', rows: 138, share: 0.276 }, { column: 'consumer_credit_score', rows: 97, share: 0.194 }, { column: 'loan_to_value', rows: 34, share: 0.068 }] },
      { type: 'facts', title: 'How it was computed', items: [{ name: 'Reference', value: 'average over 32 rows with the favorable prediction' }, { name: 'Second reference', value: 'column means', note: 'the top column agrees for 83 % of people' }, { name: 'Adverse class', value: 'yes' }, { name: 'Log-odds clipped', value: false }] },
    ],
    notes: ['What the score depends on, relative to the reference; differences between groups may come from different applicants.'],
  }),
  result({ id: 'transparency/completeness', status: 'informative', unit: 'log-odds', n: 500, value: 0.00031, details: [{ type: 'facts', title: 'Convergence', items: [{ name: 'Rows converged', value: 500 }, { name: 'Largest gap', value: 0.0021, note: 'tolerance 0.01 of the row’s own change' }] }] }),
  result({
    id: 'robustness/pgd', name: 'small', status: 'fail', unit: 'share', n: 500, value: 321 / 500, interval: wilson(321, 500), parameters: { norm: 'linf', unit: 'sd', epsilon: 0.1, steps: 40, restarts: 1 }, threshold: limit({ min: 0.7 }),
    decision: decision('at least 0.7', 0.0026, 0.0104, 0.9974, 'Evidence for an accuracy below 0.7 under this attack.'),
    details: [
      curve([[0, 447], [0.02, 431], [0.05, 398], [0.1, 321], [0.2, 214], [0.4, 96]], 500),
      { type: 'facts', title: 'Beside the result', items: [{ name: 'Clean accuracy', value: 0.894 }, { name: 'Majority class accuracy', value: 0.88 }, { name: 'Attack success among rows classified right', value: 0.26 }, { name: 'Columns that may change', value: 'debt_to_income, housing_to_income, loan_to_value' }] },
      { type: 'groups', title: 'Attack success by group', unit: 'share', series: [{ name: 'success at epsilon 0.1', groups: cellsOf(race, [{ value: 'no', successes: 96, of: 389, people: 431 }, { value: 'yes', successes: 20, of: 58, people: 69 }]) }, { name: 'success at epsilon 0.2', groups: cellsOf(race, [{ value: 'no', successes: 199, of: 389, people: 431 }, { value: 'yes', successes: 34, of: 58, people: 69 }]) }] },
    ],
    notes: ['Decision stability under small changes; no adversary is assumed.'],
  }),
  result({ id: 'robustness/pgd', name: 'large', status: 'error', unit: 'share', n: null, parameters: { norm: 'linf', unit: 'sd', epsilon: 8 }, threshold: limit({ min: 0.2 }), reason: 'engine/deadline: the job was stopped after 45 s. Raise --timeout or lower rows.' }),
]

/** A complete, plausible report; `now` is fixed. */
export function goldenReport(): Report {
  return {
    schemaVersion: '1.0.0',
    probity: { version: '0.1.0' },
    verdict: 'incomplete',
    summary: 'On 1,190 held-out applications from hmda-test.csv, model hmda-logistic.onnx (sha256 3f0a3f0a3f0a), decision rule score of yes ≥ 0.5: 2 of 6 checks failed, 1 could not be decided, 1 could not be computed.',
    model: {
      path: 'hmda-logistic.onnx', format: 'onnx', sha256: HASH.model, bytes: 48_211, externalFiles: [],
      inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 12], batchAxis: 0 }], outputs: [{ name: 'probabilities', dtype: 'float32', dims: ['batch', 2], batchAxis: 0 }],
      prediction: { output: 'probabilities', kind: 'probabilities', logits: 'logits', labelOutput: 'label', classes: ['no', 'yes'], columns: 2 },
      fixedBatch: null, metadata: { 'training-data-sha256': 'unknown' }, capabilities: { gradient: { available: true } }, rowIndependent: true, producer: 'skl2onnx 1.19', opset: 21,
    },
    data: {
      path: 'hmda-test.csv', sha256: HASH.data, bytes: 61_440, rowsInFile: 1190, rows: 1190,
      label: { column: 'denied', counts: [{ value: 'no', rows: 1047 }, { value: 'yes', rows: 143 }], missing: 0 },
      labelMeaning: 'human-decision', positive: 'yes', favorable: 'no',
      sensitive: [
        { columns: race, unknown: 0, groups: [{ group: [{ column: 'black', value: 'no' }], n: 1026, favorableRate: 930 / 1026 }, { group: [{ column: 'black', value: 'yes' }], n: 164, favorableRate: 117 / 164 }] },
        {
          columns: region, unknown: 56,
          groups: [['Downtown', 281, 248], ['Harbour', 253, 221], ['Hills', 314, 287], ['North', 262, 229], ['South shore', 24, 12]].map(([value, n, favorable]) => ({ group: [{ column: 'region', value: String(value) }], n: Number(n), favorableRate: Number(favorable) / Number(n) })),
        },
      ],
      features: ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'public_bad_credit', 'denied_mortgage_insurance', 'single', 'black'],
      excluded: [],
    },
    config: { audits: { 'fairness/demographic-parity-difference': { max: 0.05 }, 'robustness/pgd': [{ name: 'small', epsilon: 0.1, min: 0.7 }, { name: 'large', epsilon: 8, min: 0.2 }] }, data: { favorable: 'no', label: 'denied', path: 'hmda-test.csv', sensitive: ['black', 'region'] }, seed: 0 },
    configSha256: HASH.config,
    decisionRule: 'score of yes ≥ 0.5',
    performance: { accuracy: 1052 / 1190, balancedAccuracy: 0.6373, majorityClassAccuracy: 1047 / 1190, majorityClass: 'no', n: 1190 },
    seed: 0,
    engine: { name: 'onnxruntime', version: '1.30.0', provider: 'cpu' },
    findings: [
      { id: 'sensitive-input', severity: 'warning', message: 'The model receives the sensitive column "black" as an input.' },
      { id: 'possible-leakage', severity: 'warning', message: 'denied_mortgage_insurance = yes: 31 rows, 100 % labelled yes. Possible leakage or consequence of the decision.' },
      { id: 'training-unknown', severity: 'info', message: 'Training data unknown; overlap could not be checked.' },
    ],
    metrics: { ...cards },
    results,
    notTested: [{ what: 'privacy', reason: 'no privacy audit was requested' }, { what: 'other decision thresholds', reason: 'one decision rule was given' }, { what: 'other populations or times', reason: 'intervals cover the sampling of these rows only' }],
    run: {
      startedAt: '2026-03-14T09:26:53.000Z', durationMs: 18_420, host: { os: 'linux', arch: 'x64', cpu: 'AMD EPYC 7763', node: '20.19.4' }, isolated: true, command: 'probity audit probity.config.yaml --format html,json',
      artifacts: { computed: 9, reused: 2 }, warnings: ['28 rows hold a value outside the training range of loan_to_value.'],
    },
  }
}
