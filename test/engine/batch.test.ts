import { describe, expect, test } from 'vitest'
import type { Dim } from '../../src/contracts/model.js'
import { detectBatchAxes } from '../../src/engine/batch.js'

type Shapes = Record<string, readonly Dim[] | null>
const signature = (shapes: Shapes) => Object.entries(shapes).map(([name, dims]) => ({ name, dims, dtype: 'float32' as const }))
const detect = (inputs: Shapes, outputs: Shapes) => {
  const found = detectBatchAxes(signature(inputs), signature(outputs))
  return [found.inputs.map(({ batchAxis }) => batchAxis), found.outputs.map(({ batchAxis }) => batchAxis), found.fixedBatch]
}

describe('open batches', () => {
  test.each<[string, Shapes, Shapes, unknown]>([
    ['a named leading size', { x: ['N', 3] }, { y: ['N', 2] }, [[0], [0], null]],
    ['an unnamed one', { x: [null, 3] }, { y: [null, 2] }, [[0], [0], null]],
    ['nothing known', { x: null }, { y: null }, [[0], [0], null]],
    ['rows second', { x: ['T', 'N', 3] }, { y: ['N', 2] }, [[1], [0], null]],
    ['rows second in one of two inputs', { x: ['T', 'N', 3], h: ['N', 4] }, { y: ['N', 2] }, [[1, 0], [0], null]],
    ['an input for all rows', { x: ['N', 3], temperature: [1], mean: [] }, { y: ['N', 2], loss: [] }, [[0, null, null], [0, null], null]],
    ['other names for the output\'s rows', { x: ['batch', 3] }, { y: ['unk__7', 2] }, [[0], [0], null]],
  ])('%s', (_, inputs, outputs, expected) => expect(detect(inputs, outputs)).toEqual(expected))
})

describe('fixed batches', () => {
  test.each<[string, Shapes, Shapes, unknown]>([
    ['one', { x: [1, 3, 8, 8] }, { y: [1, 10] }, [[0], [0], 1]],
    ['many', { x: [16, 3] }, { y: [16] }, [[0], [0], 16]],
    ['with an input for all rows', { x: [4, 3], classes: [10] }, { y: [4, 10] }, [[0, null], [0], 4]],
    ['with an output of open size', { x: [4, 3] }, { y: [null, 10] }, [[0], [0], 4]],
    ['with an output of unknown shape', { x: [4, 3] }, { y: null }, [[0], [0], 4]],
    ['none: a vector of features', { x: [11] }, { y: [2] }, [[null], [null], null]],
  ])('%s', (_, inputs, outputs, expected) => expect(detect(inputs, outputs)).toEqual(expected))
})
