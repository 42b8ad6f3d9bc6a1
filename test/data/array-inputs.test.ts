import { describe, expect, test } from 'vitest'
import type { InputMapping } from '../../src/contracts/config.js'
import type { Dim } from '../../src/contracts/model.js'
import type { DType, Tensor } from '../../src/contracts/tensor.js'
import { memoryArray } from '../../src/data/arrays.js'
import { fillInputs, fillRow } from '../../src/data/index.js'
import { ColumnBuilder, makeTable, type Table } from '../../src/data/table.js'
import { numberToHalf } from '../../src/tensor/dtypes.js'
import { fromNumbers, toNumbers } from '../../src/tensor/tensor.js'
import { input, refusal, view } from './helpers.js'

/** Counts 0, 1, 2, … through the array. */
const counting = (dims: readonly number[], dtype: DType = 'uint8'): Tensor => fromNumbers(Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i), dims, dtype)

function tableOf(arrays: Readonly<Record<string, Tensor>>): Table {
  const rows = Object.values(arrays)[0]!.dims[0]!
  const label = new ColumnBuilder()
  for (let row = 0; row < rows; row++) label.add(String(row % 2))
  return makeTable('a.npz', [label.build('y')], (row) => `row ${row}`, { arrays: Object.entries(arrays).map(([name, tensor]) => memoryArray(name, tensor)), rows })
}

function fed(array: Tensor, dims: readonly Dim[], mapping: InputMapping | null = null, dtype: DType = 'float32'): Tensor {
  const built = view(tableOf({ x: array }), { label: 'y' }, { inputs: [input('image', dims, dtype)], mapping: mapping === null ? undefined : { image: mapping } })
  return fillInputs(built.view, built.inputs, [1])['image']!
}

describe('an array fills an input', () => {
  test('as it is, without configuration', () => {
    const { data, dims, dtype } = fed(counting([3, 2, 2, 2]), ['N', 2, 2, 2])
    expect([Array.from(data, Number), dims, dtype]).toEqual([[8, 9, 10, 11, 12, 13, 14, 15], [1, 2, 2, 2], 'float32'])
  })
  test('with axes of size 1 put in or left out', () => {
    expect(fed(counting([3, 2, 2]), ['N', 1, 2, 2]).dims).toEqual([1, 1, 2, 2])
    expect(fed(counting([3, 2, 2, 1]), ['N', 2, 2]).dims).toEqual([1, 2, 2])
  })
  test('with its channels moved, where that is stated', () => {
    // Row 1 is [[[6,7,8],[9,10,11]]] in height, width, channel.
    const first = fed(counting([2, 1, 2, 3]), ['N', 3, 1, 2], { array: 'x', layout: 'nchw' })
    expect([Array.from(first.data, Number), first.dims]).toEqual([[6, 9, 7, 10, 8, 11], [1, 3, 1, 2]])
    const last = fed(counting([2, 3, 1, 2]), ['N', 1, 2, 3], { array: 'x', layout: 'nhwc' })
    expect([Array.from(last.data, Number), last.dims]).toEqual([[6, 8, 10, 7, 9, 11], [1, 1, 2, 3]])
  })
  test('in a shape that is stated', () => expect(fed(counting([2, 2, 3]), ['N', 6], { array: 'x', shape: [6] }).dims).toEqual([1, 6]))
  test('after scale, mean and std, for one channel after the other', () => {
    const mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225], scale = 1 / 255
    for (const [layout, dims] of [['nchw', ['N', 3, 1, 2]], ['nhwc', ['N', 1, 2, 3]]] as const) {
      const { data } = fed(counting([2, 1, 2, 3]), dims, { array: 'x', layout, scale, mean, std })
      const order = layout === 'nchw' ? [6, 9, 7, 10, 8, 11] : [6, 7, 8, 9, 10, 11]
      expect(Array.from(data, Number)).toEqual(order.map((value) => Math.fround((value * scale - mean[value % 3]!) / std[value % 3]!)))
    }
  })
  test('whatever type it has', () => {
    for (const dtype of ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64'] as const) {
      expect(Array.from(fed(counting([2, 2, 2], dtype), ['N', 2, 2]).data, Number), dtype).toEqual([4, 5, 6, 7])
    }
    expect(Array.from(fed(counting([2, 2, 2]), ['N', 2, 2], null, 'float16').data, Number)).toEqual([4, 5, 6, 7].map(numberToHalf))
    expect(Array.from(fed(counting([2, 2, 2]), ['N', 2, 2], null, 'int64').data, String)).toEqual(['4', '5', '6', '7'])
  })
  test('as columns where it has two axes, so that it is a table like any other', () => {
    const table = makeTable('a.npz', ['x[0]', 'x[1]'].map((name, k) => {
      const builder = new ColumnBuilder()
      for (const row of [0, 1]) builder.add(String(row * 2 + k))
      return builder.build(name)
    }), String, { arrays: [memoryArray('x', counting([2, 2]))], rows: 2 })
    const { view: made, inputs } = view(table, {}, { inputs: [input('image', ['N', 2])], mapping: { image: { array: 'x', scale: 2 } } })
    expect(made.arrays).toEqual([])
    expect(made.features.map(({ name }) => name)).toEqual(['x[0]', 'x[1]'])
    expect(Array.from(toNumbers(fillInputs(made, inputs, [1])['image']!))).toEqual([4, 6])
  })
  test('by name, where every input is called like an array', () => {
    const { inputs } = view(tableOf({ a: counting([2, 2, 2]), b: counting([2, 3, 3]) }), {}, { inputs: [input('b', ['N', 3, 3]), input('a', ['N', 2, 2])], mapping: undefined })
    expect(inputs.map((plan) => [plan.input, plan.array?.index, plan.shape])).toEqual([['b', 0, [3, 3]], ['a', 1, [2, 2]]])
  })
  test('and its statistics are those of the audited rows', () => {
    const { view: made } = view(tableOf({ x: counting([4, 1, 2]) }), { rows: '1:4' }, { inputs: [input('i', ['N', 1, 2])], mapping: undefined })
    const { mean, sd, min, max } = made.arrays[0]!.statistics
    expect([mean, sd, min, max]).toEqual([Float64Array.of(4, 5), Float64Array.of(2, 2), Float64Array.of(2, 3), Float64Array.of(6, 7)])
    expect(Array.from(made.arrays[0]!.take([2, 0]), Number)).toEqual([6, 7, 2, 3])
  })
  test('of one row of values that stands in no file', () => {
    const { view: made, inputs } = view(tableOf({ x: counting([2, 1, 2, 3]) }), {}, { inputs: [input('i', ['N', 3, 1, 2])], mapping: { i: { array: 'x', layout: 'nchw', scale: 2 } } })
    expect(Array.from(toNumbers(fillRow(made.features, inputs, new Float64Array(0), [Float64Array.of(0, 1, 2, 3, 4, 5)])['i']!))).toEqual([0, 6, 2, 8, 4, 10])
  })
})

test('rows that repeat another in every column and every array are counted', () => {
  const findings = (values: readonly number[]) => view(tableOf({ x: fromNumbers(values, [4, 1, 2], 'uint8') }), { label: 'y' }, { inputs: [input('i', ['N', 1, 2])], mapping: undefined }).view.findings.filter(({ id }) => id === 'duplicate-rows')
  expect(findings([1, 2, 3, 4, 1, 2, 3, 4])).toMatchObject([{ details: { duplicates: 2, rows: 4 } }])
  expect(findings([1, 2, 3, 4, 1, 2, 3, 5])).toMatchObject([{ details: { duplicates: 1 } }])
  expect(findings([1, 2, 3, 4, 5, 6, 7, 8])).toEqual([])
})

describe('refused in one line', () => {
  test.each<[string, () => unknown, string | RegExp]>([
    ['shapes that do not fit', () => fed(counting([2, 9, 8]), ['N', 1, 8, 8]), 'The array "x" has the shape [N, 9, 8], and the model\'s input "image" takes [N, 1, 8, 8]. Save the array in the shape that the model takes.'],
    ['channels elsewhere', () => fed(counting([2, 4, 5, 3]), ['N', 3, 4, 5]), 'The array "x" has the shape [N, 4, 5, 3], and the model\'s input "image" takes [N, 3, 4, 5]. Where only the channels stand elsewhere, state model.inputs.image.layout: nchw.'],
    ['a shape of another size', () => fed(counting([2, 2, 3]), ['N', 6], { array: 'x', shape: [5] }), /shape \[5\] must hold as many values/],
    ['an array that is not there', () => fed(counting([2, 2, 2]), ['N', 2, 2], { array: 'X' }), 'model.inputs.image.array names "X", but a.npz has no such array. Did you mean "x"?'],
    ['columns and an array', () => fed(counting([2, 2, 2]), ['N', 2, 2], { array: 'x', columns: 'y' }), /names columns and an array/],
    ['neither', () => fed(counting([2, 2, 2]), ['N', 2, 2], { scale: 2 }), /names neither columns nor an array/],
    ['mean for columns', () => fed(counting([2, 2, 2]), ['N', 1], { columns: 'y', mean: 1 }), /model\.inputs\.image\.mean is for arrays/],
    ['means of another number', () => fed(counting([2, 3, 2, 2]), ['N', 3, 2, 2], { array: 'x', mean: [1, 2] , layout: 'nchw' }), /mean or std has 2 values, one per channel, and the shape \[3, 2, 2\] has 3 channels/],
    ['means of either axis', () => fed(counting([2, 3, 2, 3]), ['N', 3, 2, 3], { array: 'x', mean: [1, 2, 3] }), /both the first and the last axis .* State layout/],
    ['mean and std of two lengths', () => fed(counting([2, 3, 2, 2]), ['N', 3, 2, 2], { array: 'x', mean: [1, 2, 3], std: [1, 2] }), /mean has 3 values and std has 2/],
    ['NaN', () => fed(fromNumbers([1, 2, NaN, 4], [2, 1, 2], 'float32'), ['N', 1, 2]), 'a.npz, row 1: the array "x" holds NaN, and a tensor cannot lack a value. Replace it, or leave the row out.'],
    ['floats for integers', () => fed(counting([2, 2, 2], 'float32'), ['N', 2, 2], null, 'int32'), /input "image" holds int32, which the array "x" of float32 does not/],
    ['scaled integers', () => fed(counting([2, 2, 2]), ['N', 2, 2], { array: 'x', scale: 0.5 }, 'int32'), /no longer does after scale/],
    ['more than the type holds', () => fed(fromNumbers([1, 2, 3, 400], [2, 1, 2], 'int32'), ['N', 1, 2], null, 'uint8'), /holds values from 1 to 400, which the model's input "image" of type uint8 cannot hold/],
    ['more than a half float holds', () => fed(fromNumbers([1, 2, 3, 4e5], [2, 1, 2], 'float32'), ['N', 1, 2], null, 'float16'), /of type float16 cannot hold/],
    ['two that fit', () => view(tableOf({ a: counting([2, 2, 2]), b: counting([2, 2, 2]) }), {}, { inputs: [input('i', ['N', 2, 2])], mapping: undefined }), 'The arrays "a", "b" all fit the model\'s input "i". State which: model.inputs.i.array.'],
  ])('%s', async (_, action, message) => {
    const said = await refusal(action)
    if (typeof message === 'string') expect(said).toBe(message)
    else expect(said).toMatch(message)
  })
})
