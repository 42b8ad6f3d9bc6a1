import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fgsm, pgd } from '../../src/attack/index.js'
import { loadModel, type LoadedModel } from '../../src/engine/index.js'
import { readColumns } from '../fixtures/read-columns.js'

const models = new URL('../fixtures/models/', import.meta.url).pathname
const truth = (JSON.parse(readFileSync(`${models}expected.json`, 'utf8')) as {
  'digits-cnn': { accuracy: number; fgsm_accuracy: Record<string, number>; pgd_accuracy_linf_40_steps_alpha_eps_over_10_no_random_start: Record<string, number> }
})['digits-cnn']
const ROWS = 597

let model: LoadedModel
let feeds: { image: { data: Float32Array; dims: number[] } }
let target: number[]
beforeAll(async () => {
  model = await loadModel(`${models}digits-cnn.onnx`)
  const columns = readColumns('digits.csv')
  const pixels = [...columns].filter(([name]) => name !== 'target').map(([, values]) => values)
  feeds = { image: { data: Float32Array.from({ length: ROWS * 64 }, (_, i) => pixels[i % 64][1200 + Math.floor(i / 64)] / 16), dims: [ROWS, 1, 8, 8] } }
  target = columns.get('target')!.slice(1200)
})
afterAll(() => model.dispose())

/** One row at most: PyTorch's convolutions round otherwise, and the sign of a tiny gradient may differ. */
const oneRow = 1 / ROWS + 1e-6

describe.each([0.05, 0.1, 0.2])('PyTorch\'s robust accuracy at epsilon %f', (epsilon) => {
  test('FGSM', async () => {
    const { robustAccuracy } = await fgsm(model, feeds, { target, epsilon, bounds: [0, 1] })
    expect(Math.abs(robustAccuracy - truth.fgsm_accuracy[epsilon])).toBeLessThanOrEqual(oneRow)
  })

  test('PGD, 40 steps of epsilon / 10 from the clean image', async () => {
    const { robustAccuracy, distance, zeroGradientShare } = await pgd(model, feeds, { target, epsilon, bounds: [0, 1], steps: 40, stepSize: epsilon / 10, randomStart: false })
    expect(Math.abs(robustAccuracy - truth.pgd_accuracy_linf_40_steps_alpha_eps_over_10_no_random_start[epsilon])).toBeLessThanOrEqual(oneRow)
    expect(Math.max(...distance)).toBeLessThanOrEqual(epsilon)
    expect(zeroGradientShare).toBe(0)
  })
})

test('without a change the accuracy is PyTorch\'s', async () => {
  const { robustAccuracy } = await fgsm(model, feeds, { target, epsilon: 0 })
  expect(robustAccuracy).toBeCloseTo(truth.accuracy, 6)
})
