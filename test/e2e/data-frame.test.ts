import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as dfd from 'danfojs-node'
import { expect, it } from 'vitest'
import { renderJson } from '../../reports/json.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { audit, csvOf, loadData, type AuditRequest } from '../../src/index.js'
import { EXAMPLES, temporaryFolder } from './command.js'

const model = { path: join(EXAMPLES, 'mortgage/hmda-mlp.onnx'), output: { classes: [0, 1] } }
const path = join(EXAMPLES, 'mortgage/hmda-test.csv')
const roles = {
  label: 'denied', positive: 1, favorable: 0, sensitive: ['black', 'single'],
  features: ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit',
    'denied_mortgage_insurance', 'self_employed', 'single', 'industry_unemployment_rate', 'condominium'],
}
const audits = { 'fairness/demographic-parity-ratio': { min: 0.8 }, 'fairness/equalized-odds-difference': true, 'robustness/fgsm': { epsilon: 0.1, unit: 'sd', rows: 40 } } as const
const request = (data: AuditRequest['data']): AuditRequest => ({ model, data, audits })

it('audits a DataFrame in child processes, and finds what it finds in the file', { timeout: 120_000 }, async () => {
  const frame = await dfd.readCSV(path)
  const options = { cache: mkdtempSync(join(temporaryFolder(), 'cache-')) }
  const fromFrame = await audit(request({ frame, ...roles }), options)
  const fromFile = await audit(request({ path, ...roles }), { cache: false })
  expect(fromFrame.results).toEqual(fromFile.results)
  expect(fromFrame.data).toEqual({ ...fromFile.data, path: 'DataFrame', sha256: fromFrame.data.sha256, bytes: fromFrame.data.bytes })
  expect(fromFrame.config.data).toMatchObject({ path: 'DataFrame', label: 'denied' })
  expect(fromFrame.summary).toMatch(/^On 1,190 rows of DataFrame,/)
  validateReport(JSON.parse(renderJson(fromFrame)))

  // The hash is of CSV that anybody can write and audit, with the same outcome.
  const bytes = [...csvOf(await loadData(frame))].join('')
  expect(fromFrame.data.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  const written = join(temporaryFolder(), 'written.csv')
  writeFileSync(written, bytes)
  const again = await audit(request({ path: written, ...roles }), options)
  expect(again.results).toEqual(fromFrame.results)
  expect(again.data.sha256).toBe(fromFrame.data.sha256)
  expect(again.run.artifacts).toEqual({ computed: 0, reused: fromFrame.run.artifacts.computed })

  // Another frame with the same values is the same data.
  const same = await audit(request({ frame: await dfd.readCSV(path), ...roles }), options)
  expect(same.run.artifacts.computed).toBe(0)
  expect(same.run.changedSincePreviousAudit?.changes).toEqual([])

  expect(Object.keys(fromFrame)).toEqual(Object.keys(JSON.parse(JSON.stringify(fromFrame)) as object))
  expect(fromFrame.toDataFrame(dfd).column('key').values).toEqual(fromFrame.results.map(({ key }) => key))
  expect(fromFrame.groupsToDataFrame(dfd, { showSmall: true }).shape[0]).toBeGreaterThanOrEqual(fromFrame.results.flatMap(({ groups }) => groups).length)
})

it('names rows, not lines, of data in memory', { timeout: 60_000 }, async () => {
  await expect(audit({ data: { frame: [{ p: 1, y: 0 }, { p: 2, y: Infinity }], label: 'y', prediction: 'p' } }, { cache: false })).rejects.toThrow(/DataFrame, row 1 \(counted from 0\): column "y" holds "Infinity"/)
})

it('runs the notebook of the examples', { timeout: 120_000 }, () => {
  const printed = execFileSync(process.execPath, [join(EXAMPLES, 'notebook/audit.mjs')], { encoding: 'utf8', env: { ...process.env, CI: '1' } })
  expect(printed).toMatch(/^Approved by size of the loan: over 80 %: 80\.4 % of 428, up to 80 %: 92\.3 % of 762\n/)
  expect(printed).toMatch(/audited: 1190 rows, sha256 [0-9a-f]{64}\n/)
  expect(printed).toMatch(/│ key +│ status +│ value +│ low +│ high +║/)
})

it('audits stored predictions in columns by name', { timeout: 60_000 }, async () => {
  const data = { y: [0, 1, 0, 1], p: [0, 1, 1, 1], g: ['a', 'b', 'a', 'b'] }
  const report = await audit({ data: { frame: data, label: 'y', prediction: 'p', sensitive: ['g'], favorable: 1, positive: 1, minimumGroupSize: 1 } }, { cache: false })
  expect(report.results.find(({ key }) => key === 'fairness/selection-rate@g')!.groups.map(({ value }) => value)).toEqual([0.5, 1])
})
