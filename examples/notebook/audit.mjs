/**
 * From a DataFrame to a DataFrame: what a notebook does, cell by cell.
 *
 *   npm install probity danfojs-node && node audit.mjs
 *
 * (danfojs-node needs the overrides that README.md beside this file gives.)
 */
import { fileURLToPath } from 'node:url'
import * as dfd from 'danfojs-node'
import { audit, fairness } from 'probity'

// Data: any DataFrame, here with a column of our own making.
const example = (name) => fileURLToPath(new URL(`../mortgage/${name}`, import.meta.url))
const data = await dfd.readCSV(example('hmda-test.csv'))
const high = data.column('loan_to_value').values.map((value) => (value > 0.8 ? 'over 80 %' : 'up to 80 %'))
data.addColumn('loan', high, { inplace: true })

// A first look, without a model: do decisions of 1990 differ between groups?
const [decisions] = fairness(data, { label: 'denied', prediction: 'denied', sensitive: 'loan', favorable: 0 }).filter(({ id }) => id === 'fairness/selection-rate')
console.log('Approved by size of the loan:', decisions.groups.map(({ group, value, n }) => `${group[0].value}: ${(100 * value).toFixed(1)} % of ${n}`).join(', '))

// The audit: the frame goes in beside what its columns are for.
const report = await audit({
  model: { path: example('hmda-mlp.onnx'), output: { classes: [0, 1] } },
  data: {
    frame: data,
    label: 'denied', positive: 1, favorable: 0, labelMeaning: 'human-decision',
    features: ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit',
      'denied_mortgage_insurance', 'self_employed', 'single', 'industry_unemployment_rate', 'condominium'],
    sensitive: ['black', 'loan'],
  },
  audits: {
    'fairness/demographic-parity-ratio': { min: 0.8, setBy: 'this example', on: '2026-11-24', reason: 'an illustration' },
    'fairness/equal-opportunity-difference': true,
  },
})
console.log(report.verdict, '-', report.summary)
console.log(`audited: ${report.data.rows} rows, sha256 ${report.data.sha256}`)

// Results: frames again, to sort, query, join and plot.
const results = report.toDataFrame(dfd)
results.loc({ columns: ['key', 'status', 'value', 'low', 'high'] }).print()
const groups = report.groupsToDataFrame(dfd)
groups.query(groups.id.eq('fairness/demographic-parity-ratio')).loc({ columns: ['sensitive', 'group', 'n', 'value', 'low', 'high'] }).print()
