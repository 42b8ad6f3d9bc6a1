/** @file Gradients of scikit-learn's models against central differences of scikit-learn's own float64 functions. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadModel } from '../../src/engine/index.js'

type Case = { model: string; rows: number[][]; output: string; method: string; scores: number[][]; weights: number[]; gradient: number[][] }
const cases = JSON.parse(readFileSync(new URL('../fixtures/scikit-learn/models.json', import.meta.url), 'utf8')) as Record<string, Case>

describe.each(Object.entries(cases))('%s', (_, { model: base64, rows, output, scores, weights, gradient: expected }) => {
  test('gradient', async () => {
    const model = await loadModel(Buffer.from(base64, 'base64'))
    const x = { data: Float32Array.from(rows.flat()), dims: [rows.length, rows[0].length] }
    const columns = scores[0].length
    const total = new Float64Array(rows.flat().length)
    // Σ_k w_k·score_k, one column at a time: the objective is a chosen element.
    for (let k = 0; k < columns; k++) {
      const { X } = await model.gradient({ X: x }, { output, target: k })
      ;(X.data as Float32Array).forEach((value, i) => (total[i] += weights[k] * value))
    }
    const largest = Math.max(...expected.flat().map(Math.abs))
    expected.flat().forEach((value, i) => expect(Math.abs(total[i] - value), `element ${i}`).toBeLessThanOrEqual(2e-4 * largest))
    await model.dispose()
  })
})

/** log p − log(1 − p) of logistic models is linear in the scaled input, however far out a row lies. */
test.each(['logistic-binary', 'logistic-multinomial', 'mlp-binary', 'polynomial', 'imputed-columns'])('%s: losses attach to logits, so their gradient does not vanish far out', async (name) => {
  const { model: base64, rows } = cases[name]
  const model = await loadModel(Buffer.from(base64, 'base64'))
  expect(model.prediction.kind).toBe('probabilities')
  expect(model.prediction.logits).not.toBeNull()
  const far = { data: Float32Array.from(rows.flat(), (value) => value * 200), dims: [rows.length, rows[0].length] }
  const { data } = Object.values(await model.predict({ X: far })).at(-1)!
  const columns = data.length / rows.length
  const unlikely = rows.map((_, row) => Array.from(data.slice(row * columns, (row + 1) * columns) as Float32Array).reduce((least, p, k, all) => (p < all[least] ? k : least), 0))
  const { X } = await model.gradient({ X: far }, { loss: 'cross-entropy', target: unlikely })
  const steepest = rows.map((row, i) => Math.max(...Array.from((X.data as Float32Array).slice(i * row.length, (i + 1) * row.length), Math.abs)))
  if (name !== 'mlp-binary') steepest.forEach((slope) => expect(slope).toBeGreaterThan(0.05))
  await model.dispose()
})

test('probabilities that the runtime couples by an iteration are said to be approximate', async () => {
  const model = await loadModel(Buffer.from(cases['svc-probability'].model, 'base64'))
  expect(model.capabilities.gradient).toEqual({ available: true, approximations: [expect.stringContaining('SVMClassifier') as string] })
  await model.dispose()
})
