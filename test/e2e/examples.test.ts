import { readFileSync, rmSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report, Result } from '../../src/contracts/report.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { EXAMPLES, probity, readReport, ROOT, type Run } from './command.js'

type Expected = {
  accuracy: number
  balanced_accuracy: number
  'favorable=0': {
    by_group: Record<string, { selection_rate: number; true_positive_rate: number; false_positive_rate: number; accuracy: number }>
    demographic_parity_difference: number
    demographic_parity_ratio: number
    equalized_odds_difference: number
    equal_opportunity_difference: number
  }
}
const expected = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/models/expected.json'), 'utf8')) as Record<string, Expected> & {
  'digits-cnn': { accuracy: number; fgsm_accuracy: Record<string, number>; pgd_accuracy_linf_40_steps_alpha_eps_over_10_no_random_start: Record<string, number> }
}

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'probity-examples-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function auditExample(config: string): { run: Run; report: Report; html: string } {
  const out = join(folder, config.replaceAll('/', '-'))
  const run = probity(['audit', join(EXAMPLES, config), '--out', out, '--no-cache'])
  return { run, report: readReport(out), html: readFileSync(join(out, 'report.html'), 'utf8') }
}
const find = (report: Report, key: string): Result => {
  const result = report.results.find((candidate) => candidate.key === key)
  if (!result) throw new Error(`${key} is not among ${report.results.map((other) => other.key).join(', ')}`)
  return result
}

describe.each([
  ['mortgage/probity.config.yaml', 'hmda-mlp', 1],
  ['mortgage/lean.config.yaml', 'hmda-mlp-lean', 1],
  ['sklearn/logistic.config.yaml', 'hmda-logistic', 0],
  ['sklearn/forest.config.yaml', 'hmda-forest', 0],
])('%s', (config, model, code) => {
  let audited: ReturnType<typeof auditExample>
  beforeAll(() => void (audited = auditExample(config)))

  it('gives a valid report, the right exit code, and says where the report is', () => {
    validateReport(audited.report)
    expect(audited.run.stderr).toBe('')
    expect(audited.run.code).toBe(code)
    expect(audited.run.stdout).toMatch(/Verdict/)
    expect(audited.run.stdout).toMatch(/report\.html/)
  })

  it("agrees with Fairlearn and scikit-learn to 1e-12", () => {
    const { report } = audited
    const truth = expected[model]
    const close = (key: string, value: number) => expect(Math.abs((find(report, key).value ?? NaN) - value)).toBeLessThan(1e-12)
    close('fairness/demographic-parity-difference@black', truth['favorable=0'].demographic_parity_difference)
    close('fairness/demographic-parity-ratio@black', truth['favorable=0'].demographic_parity_ratio)
    close('fairness/equalized-odds-difference@black', truth['favorable=0'].equalized_odds_difference)
    close('fairness/equal-opportunity-difference@black', truth['favorable=0'].equal_opportunity_difference)
    for (const { group, value } of find(report, 'fairness/selection-rate@black').groups) {
      expect(Math.abs((value ?? NaN) - truth['favorable=0'].by_group[group[0].value].selection_rate)).toBeLessThan(1e-12)
    }
    expect(Math.abs((report.performance?.accuracy ?? NaN) - truth.accuracy)).toBeLessThan(1e-12)
    expect(Math.abs((report.performance?.balancedAccuracy ?? NaN) - truth.balanced_accuracy)).toBeLessThan(1e-12)
  })

  it('has intervals of nonzero width around every judged or shown fairness value', () => {
    for (const { value, interval, category } of audited.report.results) {
      if (category !== 'fairness' || value === null) continue
      expect(interval!.low).toBeLessThan(interval!.high)
      expect(interval!.low).toBeLessThanOrEqual(value)
      expect(interval!.high).toBeGreaterThanOrEqual(value)
    }
  })

  it('shows every result on the page', () => {
    for (const { id } of audited.report.results) expect(audited.html).toContain(id)
  })
})

it('explains and attacks a logistic regression of scikit-learn', () => {
  const { report } = auditExample('sklearn/logistic.config.yaml')
  expect(report.results.filter(({ value }) => value === null)).toEqual([])
  expect(find(report, 'transparency/completeness').value).toBe(1)
  // One step of the sign is the best attack on a linear model: many steps find no more.
  expect(find(report, 'robustness/pgd').value).toBe(find(report, 'robustness/fgsm').value)
  expect(find(report, 'robustness/pgd').value).toBeLessThan(report.performance?.accuracy ?? 0)
})

it('says why trees get fairness only', () => {
  const { report } = auditExample('sklearn/forest.config.yaml')
  const others = report.results.filter(({ category }) => category !== 'fairness')
  expect(others.length).toBeGreaterThan(0)
  for (const { status, reason } of others) {
    expect(status).toBe('not-applicable')
    expect(reason).toMatch(/TreeEnsembleClassifier/)
  }
  expect(report.verdict).toBe('not-judged')
})

describe('mortgage attributions and attacks', () => {
  it('add up, explain the adverse class, freeze what is not continuous', () => {
    const { report } = auditExample('mortgage/probity.config.yaml')
    expect(find(report, 'transparency/completeness').value).toBe(1)
    const explained = find(report, 'transparency/integrated-gradients')
    expect(explained.notes.join(' ')).toMatch(/log-odds of denied = 1.*32 seeded rows/)
    const frozen = JSON.stringify(find(report, 'robustness/pgd').details)
    expect(frozen).toMatch(/single \(sensitive\)/)
    expect(frozen).toMatch(/self_employed \(binary\)/)
    expect(report.findings.map(({ id }) => id)).toContain('sensitive-input')
    expect(auditExample('mortgage/lean.config.yaml').report.findings.map(({ id }) => id)).not.toContain('sensitive-input')
  })
})

describe('digits', () => {
  it('agrees with PyTorch within one row of 597 at every epsilon', { timeout: 120_000 }, () => {
    const { report } = auditExample('digits/probity.config.yaml')
    const truth = expected['digits-cnn']
    const accuracyAt = (key: string, epsilon: number) => {
      const curve = find(report, key).details.find((detail) => detail.type === 'curve')
      if (curve?.type !== 'curve') throw new Error('no curve')
      return curve.points.find(({ x }) => x === epsilon)?.y ?? NaN
    }
    const oneRow = 1.000001 / 597
    for (const epsilon of [0.05, 0.1, 0.2]) {
      expect(Math.abs(accuracyAt('robustness/fgsm', epsilon) - truth.fgsm_accuracy[epsilon])).toBeLessThan(oneRow)
      expect(Math.abs(accuracyAt('robustness/pgd', epsilon) - truth.pgd_accuracy_linf_40_steps_alpha_eps_over_10_no_random_start[epsilon])).toBeLessThan(oneRow)
    }
    expect(Math.abs(accuracyAt('robustness/pgd', 0) - truth.accuracy)).toBeLessThan(1e-6)
    expect(find(report, 'robustness/pgd').status).toBe('pass')
    expect(find(report, 'transparency/completeness').value).toBe(1)
  })
})
