import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadModel } from '../../src/engine/index.js'
import { integratedGradients } from '../../src/explain/index.js'
import { linearModel, productModel, quadraticModel } from '../fixtures/known-models.js'
import { readColumns } from '../fixtures/read-columns.js'

const models = new URL('../fixtures/models/', import.meta.url).pathname
const truth = JSON.parse(readFileSync(`${models}expected.json`, 'utf8')) as {
  'hmda-mlp': { features: string[]; first8_target: number[]; ig_baseline: number[]; captum_ig_baseline_train_mean_50_gausslegendre: number[][]; captum_ig_delta: number[] }
  'digits-cnn': { captum_ig_zero_baseline_64: number[][]; captum_ig_delta: number[]; first4_logits: number[][] }
}
const expectClose = (actual: ArrayLike<unknown>, expected: readonly number[], tolerance: number) => {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => expect(Math.abs(Number(actual[i]) - value)).toBeLessThan(tolerance))
}

describe('against Captum', () => {
  test('the mortgage MLP, 50 steps from the training mean', async () => {
    const { features, first8_target: target, ig_baseline: baseline, ...expected } = truth['hmda-mlp']
    const columns = readColumns('hmda-test.csv')
    const x = { data: Float32Array.from({ length: 88 }, (_, i) => columns.get(features[i % 11])![Math.floor(i / 11)]), dims: [8, 11] }
    const model = await loadModel(`${models}hmda-mlp.onnx`)
    const { attributions, convergenceDelta } = await integratedGradients(model, { x }, { target, baselines: { x: { data: baseline, dims: [11] } } })
    expect(attributions.x.dims).toEqual([8, 11])
    expectClose(attributions.x.data, expected.captum_ig_baseline_train_mean_50_gausslegendre.flat(), 1e-4)
    expectClose(convergenceDelta.data, expected.captum_ig_delta, 1e-4)
    await model.dispose()
  })

  test('the digits CNN, 64 steps from zero', async () => {
    const { captum_ig_zero_baseline_64: expected, captum_ig_delta: delta, first4_logits: logits } = truth['digits-cnn']
    const pixels = [...readColumns('digits.csv')].filter(([name]) => name !== 'target').map(([, values]) => values)
    const image = { data: Float32Array.from({ length: 256 }, (_, i) => pixels[i % 64][1200 + Math.floor(i / 64)] / 16), dims: [4, 1, 8, 8] }
    const model = await loadModel(`${models}digits-cnn.onnx`)
    const target = logits.map((row) => row.indexOf(Math.max(...row)))
    const { attributions, convergenceDelta } = await integratedGradients(model, { image }, { target, steps: 64 })
    expect(attributions.image.dims).toEqual([4, 1, 8, 8])
    expectClose(attributions.image.data, expected.flat(), 1e-4)
    expectClose(convergenceDelta.data, delta, 1e-4)
    await model.dispose()
  })
})

describe('closed forms', () => {
  test('a linear model: weight times difference, with a single step', async () => {
    const model = linearModel([[1, -2, 0.5], [0, 0, 0]])
    const { attributions, convergenceDelta } = await integratedGradients(model, { x: { data: [1, 2, 3, -1, 0, 4], dims: [2, 3] } }, { target: 0, steps: 1, baselines: 1 })
    expectClose(attributions.x.data, [0, -2, 1, -2, 2, 1.5], 1e-6)
    expectClose(convergenceDelta.data, [0, 0], 1e-6)
  })

  test.each([['gauss-legendre', 1], ['riemann-midpoint', 4], ['riemann-trapezoid', 4]] as const)('Σ x²: x² − x′² per feature, exact under %s', async (method, steps) => {
    const baselines = { x: { data: [0.5, -1], dims: [1, 2] } }
    const { attributions, convergenceDelta } = await integratedGradients(quadraticModel(2), { x: { data: [1, 2, 3, -2], dims: [2, 2] } }, { target: 0, steps, method, baselines })
    expectClose(attributions.x.data, [0.75, 3, 8.75, 3], 1e-5)
    expectClose(convergenceDelta.data, [0, 0], 1e-5)
  })

  test('the sign of the delta: Riemann-left falls short of Σ x² by x²/n', async () => {
    const { convergenceDelta } = await integratedGradients(quadraticModel(1), { x: { data: [3], dims: [1, 1] } }, { target: 0, steps: 10, method: 'riemann-left' })
    expectClose(convergenceDelta.data, [-0.9], 1e-5)
  })

  test('several inputs share a product; one left out stays at its value', async () => {
    const feeds = { a: { data: [2], dims: [1, 1] }, b: { data: [3], dims: [1, 1] } }
    const both = await integratedGradients(productModel(), feeds, { target: 0 })
    expectClose([both.attributions.a.data[0], both.attributions.b.data[0]], [3, 3], 1e-5)
    const one = await integratedGradients(productModel(), feeds, { target: 0, withRespectTo: 'a' })
    expect(Object.keys(one.attributions)).toEqual(['a'])
    expectClose(one.attributions.a.data, [6], 1e-5)
  })

  test('one baseline per row, and a target per row', async () => {
    const model = linearModel([[1, 0], [0, 10]])
    const { attributions } = await integratedGradients(model, { x: { data: [1, 1, 1, 1], dims: [2, 2] } }, { target: [0, 1], baselines: { x: { data: [0, 0, 0, 0.5], dims: [2, 2] } } })
    expectClose(attributions.x.data, [1, 0, 0, 5], 1e-5)
  })
})

test('exactly `steps` gradients per row, in runs of at most blockRows, with the same result', async () => {
  const x = { data: Float32Array.from({ length: 15 }, (_, i) => Math.sin(i)), dims: [5, 3] }
  const [whole, cut] = [quadraticModel(3), quadraticModel(3)]
  const a = await integratedGradients(whole, { x }, { target: 0, steps: 7, loss: 'log-odds' })
  const b = await integratedGradients(cut, { x }, { target: 0, steps: 7, loss: 'log-odds', blockRows: 4 })
  expect(whole.batches).toEqual([35])
  expect(cut.batches).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 3])
  expect(b.attributions.x.data).toEqual(a.attributions.x.data)
})

describe('refusals', () => {
  const x = { data: [1, 2, 3, 4], dims: [2, 2] }
  test.each([
    ['too few targets', { target: [0] }, /1 classes for 2 rows/],
    ['a baseline of another size', { target: 0, baselines: { x: { data: [1, 2, 3], dims: [3] } } }, /baseline of x has 3 values: one row of \[2, 2\] needs 2, all rows need 4/],
    ['an unknown input', { target: 0, withRespectTo: 'y' }, /no input y/],
    ['no steps', { target: 0, steps: 0 }, /steps must be/],
    ['no block', { target: 0, blockRows: 0 }, /blockRows must be/],
  ])('%s', async (_, options, message) => {
    await expect(integratedGradients(quadraticModel(2), { x }, options)).rejects.toThrow(message)
  })
  test('nothing fed', async () => {
    await expect(integratedGradients(quadraticModel(2), {}, { target: 0 })).rejects.toThrow(/x was not fed/)
  })
})
