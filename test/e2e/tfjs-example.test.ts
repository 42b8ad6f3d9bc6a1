import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/contracts/report.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { audit } from '../../src/index.js'
import { EXAMPLES } from './command.js'

const FOLDER = join(EXAMPLES, 'tfjs')
const FEATURES = ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit', 'denied_mortgage_insurance', 'self_employed', 'single', 'industry_unemployment_rate', 'condominium']

type Manifest = { readonly weightsManifest: readonly { readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[] }[] }

/** The network written out in float64: the weights as they lie in the file, kernel and bias of each layer. */
function denials(rows: readonly (readonly number[])[]): boolean[] {
  const bytes = readFileSync(join(FOLDER, 'model/weights.bin'))
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const { weightsManifest } = JSON.parse(readFileSync(join(FOLDER, 'model/model.json'), 'utf8')) as Manifest
  let offset = 0
  const weights = new Map(weightsManifest[0]!.weights.map(({ name, shape }) => [name, { shape, data: values.subarray(offset, (offset += shape.reduce((a, b) => a * b, 1))) }]))
  const dense = (x: readonly number[], layer: string, activation: (value: number) => number): number[] => {
    const { shape: [, units], data } = weights.get(`${layer}/kernel`)!
    return Array.from(weights.get(`${layer}/bias`)!.data, (bias, unit) => activation(x.reduce((sum, value, i) => sum + value * data[i * units! + unit]!, bias)))
  }
  return rows.map((row) => {
    const standard = dense(row, 'standardize', (value) => value)
    const [granted, denied] = dense(dense(dense(standard, 'hidden_1', (value) => Math.max(0, value)), 'hidden_2', Math.tanh), 'denied', (value) => value)
    return denied! > granted!
  })
}

function readTest(): { readonly rows: number[][]; readonly black: number[]; readonly denied: number[] } {
  const [header, ...lines] = readFileSync(join(FOLDER, 'hmda-test.csv'), 'utf8').trim().split(/\r?\n/).map((line) => line.split(','))
  const column = (name: string) => lines.map((cells) => Number(cells[header!.indexOf(name)]))
  const columns = FEATURES.map(column)
  return { rows: lines.map((_, row) => columns.map((values) => values[row]!)), black: column('black'), denied: column('denied') }
}

describe('the example of TensorFlow.js', { timeout: 180_000 }, () => {
  let report: Report
  beforeAll(async () => {
    report = await audit({
      model: { path: join(FOLDER, 'model/model.json'), output: { classes: [0, 1] } },
      data: { path: join(FOLDER, 'hmda-test.csv'), label: 'denied', positive: 1, favorable: 0, features: FEATURES, sensitive: ['black'] },
      audits: { 'fairness/selection-rate': true, 'transparency/integrated-gradients': { rows: 20 }, 'transparency/completeness': { rows: 20 }, 'robustness/fgsm': { epsilon: 0.1, unit: 'sd', rows: 20 } },
    }, { cache: false, backend: 'cpu' })
  }, 180_000)

  it('runs on TensorFlow.js, and says so', () => {
    validateReport(report)
    expect(report.engine).toMatchObject({ name: 'tfjs', provider: 'cpu' })
  })

  it('predicts what its weights say', () => {
    const { rows, black, denied } = readTest()
    const predicted = denials(rows)
    const share = (chosen: readonly boolean[]) => chosen.filter(Boolean).length / chosen.length
    expect(report.performance!.accuracy).toBeCloseTo(share(predicted.map((value, row) => value === (denied[row] === 1))), 12)
    const groups = report.results.find(({ key }) => key === 'fairness/selection-rate@black')!.groups
    expect(groups.map(({ value }) => value)).toEqual([0, 1].map((group) => expect.closeTo(share(predicted.filter((_, row) => black[row] === group).map((value) => !value)), 12) as number))
  })

  it('is explained and attacked', () => {
    expect(report.results.find(({ id }) => id === 'transparency/completeness')!.value).toBe(1)
    for (const id of ['transparency/integrated-gradients', 'robustness/fgsm']) expect(report.results.find((result) => result.id === id)!.value, id).not.toBeNull()
  })
})
