import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { metrics } from '../../../metrics/index.js'
import type { AuditConfig } from '../../../src/contracts/config.js'
import type { Report, Result } from '../../../src/contracts/report.js'
import { audit, type AuditRequest, type AuditRunOptions } from '../../../src/index.js'
import { backends } from './backends.js'
import { folder } from './networks.js'

/** The same weights in both formats, and every metric there is between the two. */
const examples = new URL('../../../examples/', import.meta.url).pathname
const audits = { rows: 40, epsilon: 0.1, steps: 10 } as const

const mortgage = (path: string): AuditRequest => ({
  model: { path, output: { classes: [0, 1] } },
  data: {
    path: join(examples, 'mortgage/hmda-test.csv'), label: 'denied', positive: 1, favorable: 0, sensitive: ['black', 'single'], labelMeaning: 'human-decision',
    features: ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit', 'denied_mortgage_insurance', 'self_employed', 'single', 'industry_unemployment_rate', 'condominium'],
  },
  audits: Object.fromEntries(metrics.map(({ id }): [string, AuditConfig | true] => [id, /^robustness/.test(id) ? { ...audits, unit: 'sd', ...(id.endsWith('fgsm') && { steps: undefined }) } : /^transparency/.test(id) ? { rows: audits.rows } : true])),
})
const digits = (path: string, shape: number[]): AuditRequest => ({
  model: { path, inputs: { image: { columns: 'pixel_*', shape, scale: 0.0625 } } },
  data: { path: join(examples, 'digits/digits.csv'), label: 'target', rows: '1200:1500' },
  audits: {
    'robustness/fgsm': { epsilon: audits.epsilon, unit: 'raw', bounds: [0, 1], rows: audits.rows },
    'robustness/pgd': { epsilon: audits.epsilon, unit: 'raw', bounds: [0, 1], rows: audits.rows, steps: audits.steps },
    'transparency/integrated-gradients': { target: 8, baseline: 'zero', rows: audits.rows, steps: 16 },
    'transparency/completeness': { target: 8, baseline: 'zero', rows: audits.rows, steps: 16 },
  },
})
const pairs: readonly (readonly [string, AuditRequest, AuditRequest])[] = [
  ['mortgage', mortgage(join(examples, 'mortgage/hmda-mlp.onnx')), mortgage(`${folder}mortgage/model.json`)],
  ['digits', digits(join(examples, 'digits/digits-cnn.onnx'), [1, 8, 8]), digits(`${folder}digits/model.json`, [8, 8, 1])],
]

const run = (request: AuditRequest, options: AuditRunOptions = {}) => audit(JSON.parse(JSON.stringify(request)) as AuditRequest, { cache: false, ...options })

/** Every number of the results, by where it stands. */
function numbersOf(value: unknown, path: string, into: Map<string, number | string | null>): Map<string, number | string | null> {
  if (typeof value === 'number' || typeof value === 'string' || value === null) into.set(path, value)
  else if (typeof value === 'object') for (const [name, part] of Object.entries(value as object)) numbersOf(part, `${path}/${name}`, into)
  return into
}
const resultsOf = (results: readonly Result[]) => results.reduce((all, result) => numbersOf(result, `${result.key} ${result.name ?? ''}`, all), new Map<string, number | string | null>())

describe.each(pairs)('%s', (_, onnx, tensorflow) => {
  let truth: Report
  beforeAll(async () => void (truth = await run(onnx)), 300_000)

  test('on ONNX Runtime no metric fails', () => {
    expect(truth.engine.name).toBe('onnxruntime')
    expect(truth.results.filter(({ status }) => status === 'error')).toEqual([])
  })

  for (const { backend, missing, title } of backends) test.skipIf(missing !== null)(`${title}: every result is that of ONNX Runtime to 1e-4`, { timeout: 300_000 }, async () => {
    const report = await run(tensorflow, { backend })
    expect(report.engine).toMatchObject({ name: 'tfjs', provider: backend })
    const [expected, actual] = [resultsOf(truth.results), resultsOf(report.results)]
    expect([...actual.keys()]).toEqual([...expected.keys()])
    let largest = 0
    for (const [path, value] of expected) {
      const other = actual.get(path)
      if (typeof value !== 'number' || typeof other !== 'number') {
        expect(other, path).toEqual(value)
        continue
      }
      const difference = Math.abs(value - other) / Math.max(1, Math.abs(value))
      expect(difference, path).toBeLessThan(1e-4)
      largest = Math.max(largest, difference)
    }
    if (process.env['PROBITY_SHOW_DIFFERENCES']) console.info(`${title} ${report.engine.version}: ${expected.size} values, largest difference ${largest}`)
  })
})
