import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Loss } from '../../src/contracts/objective.js'
import { loadModel } from '../../src/engine/index.js'
import { attach, targetTensor, type Attachment, type ObjectiveSources } from '../../src/engine/objective.js'

const sources: ObjectiveSources = {
  outputs: [{ name: 'p', dtype: 'float32', dims: ['N', 3], batchAxis: 0 }],
  prediction: { output: 'p', kind: 'probabilities', logits: 'z' } as ObjectiveSources['prediction'],
  chosenOutput: null, aliases: new Map(), values: new Set(['p', 'z']), independentColumns: false,
}
const attached = (loss: Loss): Attachment => attach({ loss }, sources)

test('DLR reads the logits behind probabilities, squared error the probabilities themselves', () => {
  expect(attached('dlr')).toEqual({ output: 'z', loss: 'dlr', on: 'logits' })
  expect(attached('mse')).toEqual({ output: 'p', loss: 'mse', on: 'logits' })
})

test('targets of squared error are numbers of the output\'s shape, below 0 and above 1 too', () => {
  const attachment: Attachment = { output: 'p', loss: 'mse', on: 'logits' }
  expect(targetTensor([-1, 2.5, 0, 7, 1, 3], attachment, ['N', 3], 'float32', 2)).toEqual({ data: Float32Array.from([-1, 2.5, 0, 7, 1, 3]), dims: [2, 3], dtype: 'float32' })
  expect(() => targetTensor([1, NaN, 0], attachment, ['N', 3], 'float32', 1)).toThrow(/squared error are finite numbers, got NaN/)
  expect(() => targetTensor([1, 2], attachment, ['N', 3], 'float32', 1)).toThrow(/2 values, and squared error needs one for each of 1 rows of p/)
})

test('targets of DLR are classes', () => {
  expect(() => targetTensor(3, attached('dlr'), ['N', 3], 'float32', 2)).toThrow(/class 3, and z has 3 classes, 0 to 2/)
})

test('the squared error of probabilities is the Brier score, per class', async () => {
  const folder = new URL('../fixtures/engine/', import.meta.url)
  const truth = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as { x: number[][]; y: number[]; logits: number[][] }
  const model = await loadModel(new URL('softmax.onnx', folder).pathname, { threads: 1 })
  try {
    const target = truth.y.flatMap((label) => [0, 1, 2].map((column) => Number(column === label)))
    const { data } = await model.evaluate({ x: { data: truth.x.flat(), dims: [6, 4] } }, { loss: 'mse', target })
    truth.logits.forEach((z, row) => {
      const total = z.reduce((sum, logit) => sum + Math.exp(logit), 0)
      const brier = z.reduce((sum, logit, column) => sum + (Math.exp(logit) / total - target[row * 3 + column]) ** 2 / 3, 0)
      expect(Number(data[row])).toBeCloseTo(brier, 6)
    })
  } finally {
    await model.dispose()
  }
})
