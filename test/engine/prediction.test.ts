import { expect, test } from 'vitest'
import type { Prediction } from '../../src/contracts/model.js'
import { settlePrediction } from '../../src/engine/prediction.js'
import { predictedClasses } from '../../src/tensor/predicted-classes.js'

const outputs = [{ name: 'label', dtype: 'int64', dims: ['N'], batchAxis: 0 }, { name: 'p', dtype: 'float32', dims: ['N', 2], batchAxis: 0 }] as const
const detected: Prediction = { output: 'p', kind: 'probabilities', logits: null, labelOutput: 'label', classes: ['0', '1'], columns: 2 }
const settle = (classes: (string | number)[]) => settlePrediction(detected, { classes }, outputs, new Map())

test('names that the model does not know stand for its labels by their place', () => {
  const prediction = settle(['no', 'yes'])
  expect(prediction).toMatchObject({ classes: ['no', 'yes'], labelClasses: ['0', '1'] })
  const answers = { label: { data: BigInt64Array.of(1n, 0n, 7n), dims: [3], dtype: 'int64' }, p: { data: new Float32Array(6), dims: [3, 2], dtype: 'float32' } } as const
  expect([...predictedClasses(answers, prediction)]).toEqual([1, 0, -1])
})
test("the model's own names keep their meaning in any order", () => {
  expect(settle([1, 0])).not.toHaveProperty('labelClasses')
  expect(settle(['0.0', '1.0'])).not.toHaveProperty('labelClasses')
})
