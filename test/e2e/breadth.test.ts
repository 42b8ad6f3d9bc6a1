/** @file Models and data of every kind that people bring, through the command line, held against scikit-learn, PyTorch, Fairlearn and Captum. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProbityConfig } from '../../src/contracts/config.js'
import type { Report, Result } from '../../src/contracts/report.js'
import { probity, readReport, ROOT, type Run } from './command.js'

type Truth = {
  label: 'granted' | 'paid' | 'rating'
  accuracy: number
  selection_rate: Record<string, number>
  equalized_odds_difference: number
  robust_rows?: number
  mean_absolute_integrated_gradients?: Record<string, number>
}
const MODELS = join(ROOT, 'test/fixtures/models/breadth')
const truth = JSON.parse(readFileSync(join(MODELS, 'truth.json'), 'utf8')) as Record<string, Truth>
const applications = readFileSync(join(MODELS, 'applications.csv'), 'utf8')
const FEATURES = ['age', 'income', 'debt', 'dependents']

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'probity-breadth-'))
  write('applications.csv', applications)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return name
}
const model = (name: string, more: Partial<ProbityConfig['model']> = {}) => ({ path: join(MODELS, `${name}.onnx`), ...more })
const data = (more: Partial<ProbityConfig['data']> = {}): ProbityConfig['data'] => ({ path: 'applications.csv', label: 'paid', favorable: 1, sensitive: ['sex'], features: FEATURES, ...more })

let runs = 0
function auditOf(config: ProbityConfig, ...flags: string[]): { run: Run; report: Report; out: string } {
  const out = join(folder, `out-${runs++}`)
  const run = probity(['audit', write('probity.json', JSON.stringify(config)), '--no-cache', '--out', out, ...flags], { cwd: folder })
  return { run, report: run.code === 2 && run.stdout === '' ? (null as never) : readReport(out), out }
}
const find = (report: Report, key: string): Result => {
  const result = report.results.find((candidate) => candidate.key === key)
  if (!result) throw new Error(`${key} is not among ${report.results.map((other) => other.key).join(', ')}`)
  return result
}

const LABELS = { granted: { label: 'granted', positive: 'yes', favorable: 'yes' }, paid: { label: 'paid', favorable: 1 }, rating: { label: 'rating', favorable: 'top' } } as const
const SPECIAL: Partial<Record<string, Partial<ProbityConfig>>> = {
  'logistic-renamed': { model: model('logistic-renamed', { output: { classes: ['no', 'yes'] } }), data: data(LABELS.granted) },
  'input-per-column': { data: data({ ...LABELS.granted, features: undefined }) },
  'floats-and-ids': { model: model('floats-and-ids', { inputs: { x: { columns: FEATURES }, ids: { columns: ['dependents'] } } }) },
}
const GRADIENT = {
  'transparency/integrated-gradients': { baseline: 'mean', rows: 400 },
  'transparency/completeness': { baseline: 'mean', rows: 400 },
  'robustness/pgd': { epsilon: 0.2, rows: 400, randomStart: false, curve: [0.2] },
} as const

describe.each(Object.entries(truth))('%s', (name, expected) => {
  it('gives what its own framework and Fairlearn, Captum and a plain PGD give', { timeout: 60_000 }, () => {
    const audits = { 'fairness/selection-rate': true, 'fairness/equalized-odds-difference': true, ...(expected.robust_rows !== undefined && GRADIENT) } as ProbityConfig['audits']
    const { run, report } = auditOf({ model: model(name), data: data(LABELS[expected.label]), audits, ...SPECIAL[name] })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(report.performance?.accuracy).toBeCloseTo(expected.accuracy, 12)
    const rates = find(report, 'fairness/selection-rate@sex').groups.map(({ group: [{ value }], value: rate }) => [value, rate] as const)
    for (const [sex, rate] of rates) expect(rate).toBeCloseTo(expected.selection_rate[sex], 12)
    expect(rates).toHaveLength(2)
    expect(find(report, 'fairness/equalized-odds-difference@sex').value).toBeCloseTo(expected.equalized_odds_difference, 12)
    if (expected.robust_rows === undefined) return

    expect(Math.abs((find(report, 'robustness/pgd').value ?? NaN) * 400 - expected.robust_rows)).toBeLessThan(1.5)
    expect(find(report, 'transparency/completeness').value).toBe(1)
    const [importance] = find(report, 'transparency/integrated-gradients').details
    if (importance.type !== 'bars') throw new Error('importance is shown as bars')
    const captum = expected.mean_absolute_integrated_gradients ?? {}
    expect(importance.bars.map(({ name: column }) => column).sort()).toEqual(Object.keys(captum).sort())
    // Each row may stop at a gap of 1 %.
    for (const { name: column, value } of importance.bars) expect(Math.abs(value / captum[column] - 1)).toBeLessThan(0.01)
  })
})

describe('a model that cannot be trusted with a verdict', () => {
  it('has rows that influence each other: first finding, and no limit passes', () => {
    const { run, report } = auditOf({ model: model('batch-statistics'), data: data(), audits: { 'fairness/demographic-parity-difference': { max: 0.9 } } })
    expect(run.code).toBe(1)
    expect(report.findings[0].id).toBe('rows-influence-each-other')
    expect(find(report, 'fairness/demographic-parity-difference@sex')).toMatchObject({ status: 'insufficient' })
  })
  it('has no gradient where a limit asks for one', () => {
    const { run, report } = auditOf({ model: model('boosting'), data: data(), audits: { 'robustness/pgd': { min: 0.5 } } })
    expect(run.code).toBe(2)
    expect(report.verdict).toBe('incomplete')
    expect(find(report, 'robustness/pgd').reason).toMatch(/TreeEnsembleClassifier/)
  })
})

describe('a stated threshold', () => {
  it('decides for attacks as for everything else', () => {
    const { report } = auditOf({ model: model('double-dynamo'), data: data(), decision: { threshold: 0.8 }, audits: { 'robustness/fgsm': { epsilon: 1e-9, rows: 400 } } })
    expect(report.performance?.accuracy).not.toBe(truth['double-dynamo'].accuracy)
    expect(find(report, 'robustness/fgsm').value).toBe(report.performance?.accuracy)
  })
  it.each([[0.5, 0, 'pass'], [0.001, 1, 'insufficient']])('of at most %d on the gap gives exit code %i, %s', (max, code, verdict) => {
    const { run, report } = auditOf({ model: model('logistic-zipmap'), data: data(LABELS.granted), audits: { 'fairness/demographic-parity-difference': { max } } })
    expect([run.code, report.verdict]).toEqual([code, verdict])
  })
  it('fails where sexes differ beyond it, and --exit-zero lets it be', () => {
    const config: ProbityConfig = { model: model('input-per-column'), data: data({ ...LABELS.granted, features: undefined }), audits: { 'fairness/demographic-parity-ratio': { min: 0.95 } } }
    expect(auditOf(config, '--exit-zero')).toMatchObject({ run: { code: 0 }, report: { verdict: 'fail' } })
  })
})

describe('data', () => {
  const rows = applications.trim().split('\n').map((line) => line.split(','))
  const plain = () => auditOf({ model: model('logit'), data: data(), audits: { 'fairness/selection-rate': true } }).report.results

  it('say the same in every dialect', () => {
    const expected = plain()
    const asJson = rows.slice(1).map((cells) => JSON.stringify(Object.fromEntries(rows[0].map((name, i) => [name, ['home', 'sex', 'granted', 'rating'].includes(name) ? cells[i] : Number(cells[i])]))))
    const dialects = {
      'quoted.csv': `\ufeff${rows.map((cells) => cells.map((cell) => `"${cell}"`).join(';')).join('\r\n')}\r\n`,
      'lines.jsonl': asJson.join('\n'),
    }
    for (const [path, text] of Object.entries(dialects)) {
      write(path, text)
      expect(auditOf({ model: model('logit'), data: data({ path }), audits: { 'fairness/selection-rate': true } }).report.results, path).toEqual(expected)
    }
  })
  it('may have column names that are hostile, and values that are missing', () => {
    const names = ['Age in years', 'Einkommen (€)', '__proto__', 'constructor "x"', 'home', 'sex & <gender>', 'granted', 'paid', 'rating']
    const cells = rows.slice(1).map((row, i) => row.map((cell, j) => (j === 5 && i % 10 === 0 ? '' : cell)).join(','))
    write('hostile.csv', [names.map((name) => `"${name.replaceAll('"', '""')}"`).join(','), ...cells].join('\n'))
    const config: ProbityConfig = { model: model('logit'), data: data({ path: 'hostile.csv', sensitive: [names[5]], features: names.slice(0, 4) }), audits: { 'fairness/demographic-parity-difference': { max: 0.9 }, 'robustness/fgsm': { mutable: ['__proto__'], rows: 20 } } }
    const { run, report } = auditOf(config)
    expect(run.code).toBe(1)
    expect(find(report, 'fairness/demographic-parity-difference@sex & <gender>')).toMatchObject({ status: 'insufficient', reason: expect.stringMatching(/10\.0 % of the rows have no value of sex/) as string })
    expect(find(report, 'robustness/fgsm').value).not.toBeNull()
  })
  it('give the same report whatever the workers, and the same page from report.json', () => {
    const config: ProbityConfig = { model: model('sigmoid'), data: data(), audits: { 'robustness/pgd': { rows: 300, steps: 5 } } }
    const [one, two] = [auditOf(config), auditOf(config, '--workers', '2')]
    expect(JSON.stringify({ ...two.report, run: null })).toBe(JSON.stringify({ ...one.report, run: null }))
    expect(probity(['report', join(one.out, 'report.json'), '--out', join(folder, 'again')]).code).toBe(0)
    expect(readFileSync(join(folder, 'again/report.html'), 'utf8')).toBe(readFileSync(join(one.out, 'report.html'), 'utf8'))
  })
})

it.each([
  [{ 'fairness/demographic-parity-ratio': { min: 80 } }, /has the limit 80, and its values lie between 0 and 1/],
  [{ 'fairness/demographic-parity-diference': true }, /is not a metric\. Did you mean/],
  [{ 'robustness/pgd': { stpes: 4 } }, /stpes is not a parameter\. Did you mean steps\?/],
])('validate refuses %j in one line', (audits, message) => {
  const { code, stderr } = probity(['validate', write('check.json', JSON.stringify({ data: { path: 'applications.csv' }, audits }))], { cwd: folder })
  expect(code).toBe(2)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stderr).toMatch(message)
})
