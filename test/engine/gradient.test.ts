import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../src/contracts/tensor.js'
import { loadModel, type LoadedModel } from '../../src/engine/index.js'
import { readColumns } from '../fixtures/read-columns.js'

const models = new URL('../fixtures/models/', import.meta.url).pathname
const truth = (JSON.parse(readFileSync(`${models}expected.json`, 'utf8')) as Record<string, { features: string[]; cross_entropy_input_gradient: number[][]; first8_logits: number[][] }>)['hmda-mlp']

let mlp: LoadedModel
let columns: Map<string, number[]>
beforeAll(async () => {
  mlp = await loadModel(`${models}hmda-mlp.onnx`)
  columns = readColumns('hmda-test.csv')
})
afterAll(() => mlp.dispose())

const x = (rows: number): Tensor => ({ data: Float32Array.from({ length: rows * 11 }, (_, i) => columns.get(truth.features[i % 11])![Math.floor(i / 11)]), dims: [rows, 11], dtype: 'float32' })
const labels = (rows: number) => columns.get('denied')!.slice(0, rows)
const largestDifference = (a: Tensor, b: ArrayLike<number>) => Math.max(...Array.from(b, (value, i) => Math.abs(Number(a.data[i]) - value)))

describe('gradient', () => {
  test('of the cross-entropy is PyTorch\'s', async () => {
    const { x: gradient } = await mlp.gradient({ x: x(8) }, { output: 'logits', target: labels(8), loss: 'cross-entropy' })
    expect(gradient.dims).toEqual([8, 11])
    expect(largestDifference(gradient, truth.cross_entropy_input_gradient.flat())).toBeLessThan(1e-5)
  })
})

test('evaluate gives the cross-entropy per row', async () => {
  const value = await mlp.evaluate({ x: x(8) }, { target: labels(8), loss: 'cross-entropy' })
  const expected = truth.first8_logits.map((z, row) => Math.log(z.reduce((sum, logit) => sum + Math.exp(logit), 0)) - z[labels(8)[row]])
  expect(value.dims).toEqual([8])
  expect(largestDifference(value, expected)).toBeLessThan(1e-5)
})
