import { expect, test } from 'vitest'
import expected from '../fixtures/models/expected.json' with { type: 'json' }
import truth from '../fixtures/data/truth.json' with { type: 'json' }
import { featureStatistics, fillBlock, fillInputs, gatherRows, readMatrix, readTable } from '../../src/data/index.js'
import { runModel } from './run-model.js'
import { csv, fixture, input, oneInput, refusal, view } from './helpers.js'

const digits = async () => view(await readTable(fixture('digits')), { label: 'target', rows: '1200:1797' }, { mapping: { image: { columns: 'pixel_*', shape: [1, 8, 8], scale: 0.0625 } }, inputs: [input('image', ['N', 1, 8, 8])] })

test('feeds of the digits give the logits that PyTorch gives', async () => {
  const { view: found, inputs } = await digits()
  const logits = await runModel('digits-cnn', fillInputs(found, inputs, [0, 1, 2, 3]), 'logits')
  for (const [index, value] of expected['digits-cnn'].first4_logits.flat().entries()) expect(logits[index]).toBeCloseTo(value, 3)
})

test('feeds of the mortgages give the logits that PyTorch gives', async () => {
  const { view: found, inputs } = view(await readTable(fixture('hmda-test')), { label: 'denied', sensitive: ['black'] }, oneInput(11))
  const logits = await runModel('hmda-mlp', fillInputs(found, inputs, [0, 1, 2, 3, 4, 5, 6, 7]), 'logits')
  for (const [index, value] of expected['hmda-mlp'].first8_logits.flat().entries()) expect(logits[index]).toBeCloseTo(value, 4)
})

test('rows come in the order asked, repeated rows included, and another matrix replaces the view\'s', async () => {
  const { view: found, inputs } = await digits()
  const feed = fillInputs(found, inputs, [5, 2, 5]).image! // [3, 1, 8, 8]
  expect(feed.dims).toEqual([3, 1, 8, 8])
  expect([...(feed.data as Float32Array).subarray(64, 128)]).toEqual([...found.matrix.subarray(128, 192)].map((value) => value / 16))
  const changed = found.matrix.map((value) => 16 - value)
  const other = fillInputs(found, inputs, [2], changed).image!
  expect([...(other.data as Float32Array)]).toEqual([...found.matrix.subarray(128, 192)].map((value) => 1 - value / 16))
})

test('text, integers, booleans and numbers become what their input holds', async () => {
  const table = await csv('city,age,member,income\nRome,30,1,1.5\nOslo,40,0,2.5\n')
  const { view: found, inputs } = view(table, {}, { mapping: undefined, inputs: [input('city', ['N', 1], 'string'), input('age', ['N', 1], 'int64'), input('member', ['N'], 'bool'), input('income', ['N', 1], 'float64')] })
  const feeds = fillInputs(found, inputs, [1, 0])
  expect(Object.getPrototypeOf(feeds)).toBeNull()
  expect({ ...feeds }).toEqual({
    city: { data: ['Oslo', 'Rome'], dims: [2, 1], dtype: 'string' }, age: { data: BigInt64Array.of(40n, 30n), dims: [2, 1], dtype: 'int64' },
    member: { data: Uint8Array.of(0, 1), dims: [2], dtype: 'bool' }, income: { data: Float64Array.of(2.5, 1.5), dims: [2, 1], dtype: 'float64' },
  })
})

test('an input may be called __proto__', async () => {
  const { view: found, inputs } = view(await csv('"__proto__"\n7\n'), {}, { mapping: undefined, inputs: [input('__proto__', ['N', 1])] })
  expect(Object.entries(fillInputs(found, inputs, [0]))).toEqual([['__proto__', { data: Float32Array.of(7), dims: [1, 1], dtype: 'float32' }]])
})

test('an incomplete row cannot be fed', async () => {
  const { view: found, inputs } = view(await csv('a,b\n1,2\n3,\n'), {}, oneInput(2))
  expect(await refusal(() => fillInputs(found, inputs, [1]))).toBe('Row 1 lacks a feature or does not exist, so the model cannot be run on it.')
  expect(await refusal(() => fillInputs(found, inputs, [2]))).toContain('Row 2 lacks a feature or does not exist')
})

test('gradients of inputs become gradients of features: scale, order, and columns that several inputs share', async () => {
  const table = await csv('a,b,c\n1,2,3\n4,5,6\n')
  const { view: found, inputs } = view(table, {}, { mapping: { u: { columns: ['c', 'a'], scale: 0.5 }, v: { columns: ['a', 'b'] }, w: { columns: 'b' } }, inputs: [input('u', ['N', 2]), input('v', ['N', 2]), input('w', ['N', 1], 'int64')] })
  // f = u·(1, 10) + v·(100, 1000) = 0.5c + 5a + 100a + 1000b, so that the gradient is known and can be checked by finite differences too.
  const f = (block: Float64Array) => {
    const { u, v } = fillBlock(found.features, inputs, block)
    const [p, q] = [u!.data as Float32Array, v!.data as Float32Array]
    return p[0]! + 10 * p[1]! + 100 * q[0]! + 1000 * q[1]!
  }
  const gradients = { u: { data: Float32Array.of(1, 10, 1, 10), dims: [2, 2], dtype: 'float32' as const }, v: { data: Float32Array.of(100, 1000, 100, 1000), dims: [2, 2], dtype: 'float32' as const } }
  const matrix = readMatrix(found.features, inputs, gradients, 2) // [rows, features c, a, b]
  expect([...matrix]).toEqual([0.5, 105, 1000, 0.5, 105, 1000])
  const block = gatherRows(found, [0])
  const differences = found.features.map((_, column) => f(block.map((value, index) => (index === column ? value + 1 : value))) - f(block))
  expect(differences).toEqual([0.5, 105, 1000])
  expect(await refusal(() => readMatrix(found.features, inputs, gradients, 3))).toBe('The gradient of input "u" has 4 elements where 3 rows of 2 columns are expected.')
})

test.each(['hmda-test', 'breast-cancer', 'diabetes'] as const)('statistics of %s are those of pandas', async (name) => {
  const columns = Object.keys(truth[name].statistics)
  const statistics = featureStatistics(view(await readTable(fixture(name)), { features: columns }).view)
  expect(statistics.rows).toBe(truth[name].rows)
  for (const [column, { mean, sd, min, max }] of Object.values(truth[name].statistics).entries()) {
    expect(Math.abs(statistics.mean[column]! - mean)).toBeLessThanOrEqual(1e-12 * Math.abs(mean))
    expect(Math.abs(statistics.sd[column]! - sd)).toBeLessThanOrEqual(1e-12 * sd)
    expect([statistics.min[column], statistics.max[column]]).toEqual([min, max])
  }
})

test('statistics skip incomplete rows, and one row has no spread', async () => {
  const statistics = featureStatistics(view(await csv('a,b\n1,2\n5,\n'), {}, oneInput(2)).view)
  expect(statistics).toEqual({ rows: 1, mean: Float64Array.of(1, 2), sd: Float64Array.of(NaN, NaN), min: Float64Array.of(1, 2), max: Float64Array.of(1, 2) })
})
