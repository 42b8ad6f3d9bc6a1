import { describe, expect, test } from 'vitest'
import type { Prediction } from '../../src/contracts/model.js'
import type { Tensor } from '../../src/contracts/tensor.js'
import { predictedClasses } from '../../src/tensor/predicted-classes.js'

const prediction = (change: Partial<Prediction>): Prediction => ({ output: 'out', kind: 'logits', logits: 'out', labelOutput: null, classes: null, columns: null, ...change })
const floats = (data: number[], dims: number[]): Tensor => ({ data: Float32Array.from(data), dims, dtype: 'float32' })
const predict = (out: Tensor, change: Partial<Prediction> = {}, threshold?: number) => Array.from(predictedClasses({ out }, prediction(change), threshold))

describe('several columns', () => {
  test('the largest wins, the first of equals, and NaN is no answer', () => {
    expect(predict(floats([1, 3, 2, 5, 5, 4, NaN, 1, 2, -Infinity, -Infinity, -Infinity], [4, 3]))).toEqual([1, 0, -1, 0])
  })
  test('the threshold is for one column only', () => {
    expect(predict(floats([0.4, 0.6], [1, 2]), { kind: 'probabilities' }, 0.9)).toEqual([1])
  })
  test('axes beyond the columns are refused', () => {
    expect(() => predict(floats([1, 2, 3, 4], [1, 2, 2]))).toThrow(/not one column per class/)
  })
})

describe('one column', () => {
  test('logits: z ≥ 0, or its sigmoid at the threshold', () => {
    expect(predict(floats([-0.1, 0, 0.1, NaN], [4, 1]))).toEqual([0, 1, 1, -1])
    expect(predict(floats([1, 1.2], [2]), {}, 0.75)).toEqual([0, 1])
  })
  test('probabilities and scores: at least the threshold', () => {
    expect(predict(floats([0.49, 0.5], [2, 1]), { kind: 'probabilities' })).toEqual([0, 1])
    expect(predict(floats([0.25, 0.75], [2]), { kind: 'score' }, 0.75)).toEqual([0, 1])
  })
})

describe('the model\'s own labels come first', () => {
  const label = (data: BigInt64Array | string[]): Tensor => ({ data, dims: [data.length], dtype: data instanceof BigInt64Array ? 'int64' : 'string' })
  const predictLabels = (labels: Tensor, classes: string[] | null) => Array.from(predictedClasses({ label: labels, out: floats([0, 9], [1, 2]) }, prediction({ labelOutput: 'label', classes })))
  test('by the names of the classes', () => {
    expect(predictLabels(label(['yes', 'no', 'maybe']), ['no', 'yes'])).toEqual([1, 0, -1])
    expect(predictLabels(label(BigInt64Array.of(5n, 3n)), ['3', '5'])).toEqual([1, 0])
  })
  test('as indices where there are no names', () => {
    expect(predictLabels(label(BigInt64Array.of(2n, 0n, -1n)), null)).toEqual([2, 0, -1])
  })
})

test('an output that was not fetched', () => {
  expect(() => predictedClasses({}, prediction({}))).toThrow(/No prediction can be read: output out/)
})
