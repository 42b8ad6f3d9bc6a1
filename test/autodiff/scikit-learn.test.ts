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
