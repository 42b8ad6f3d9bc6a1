import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Feeds, Tensor } from '../../src/contracts/tensor.js'
import { loadModel, summarize, type LoadedModel } from '../../src/engine/index.js'
import { predictedClasses } from '../../src/tensor/predicted-classes.js'
import { readColumns } from '../fixtures/read-columns.js'

const models = new URL('../fixtures/models/', import.meta.url).pathname
const expected = JSON.parse(readFileSync(`${models}expected.json`, 'utf8')) as Record<string, { features: string[]; first8_logits: number[][]; accuracy: number; mae: number }>

let mlp: LoadedModel
let hmda: { x: Float32Array; label: number[] }
beforeAll(async () => {
  mlp = await loadModel(`${models}hmda-mlp.onnx`)
  const columns = readColumns('hmda-test.csv')
  hmda = { x: rowMajor(expected['hmda-mlp'].features.map((name) => columns.get(name)!)), label: columns.get('denied')! }
})
afterAll(() => mlp.dispose())

const rows = (count: number, start = 0): Tensor => ({ data: hmda.x.slice(start * 11, (start + count) * 11), dims: [count, 11], dtype: 'float32' })
const largestDifference = (a: Tensor, b: readonly number[] | Float32Array) => Math.max(...Array.from(b, (value, i) => Math.abs(Number(a.data[i]) - value)))

function rowMajor(columns: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from({ length: columns.length * columns[0].length }, (_, i) => columns[i % columns.length][Math.floor(i / columns.length)])
}

describe('predict', () => {
  test('gives the logits that PyTorch gives', async () => {
    const { logits } = await mlp.predict({ x: rows(8) })
    expect(logits.dims).toEqual([8, 2])
    expect(logits.dtype).toBe('float32')
    expect(largestDifference(logits, expected['hmda-mlp'].first8_logits.flat())).toBeLessThan(1e-5)
  })

  test('accepts plain numbers and float64 arrays', async () => {
    const typed = await mlp.predict({ x: rows(3) })
    const plain = await mlp.predict({ x: { data: Array.from(hmda.x.slice(0, 33)), dims: [3, 11] } })
    const wide = await mlp.predict({ x: { data: Float64Array.from(hmda.x.slice(0, 33)), dims: [3, 11] } })
    expect(plain.logits.data).toEqual(typed.logits.data)
    expect(wide.logits.data).toEqual(typed.logits.data)
  })

  test('blocks change nothing but rounding, and threads nothing at all', async () => {
    const whole = (await mlp.predict({ x: rows(100) })).logits
    const small = await loadModel(`${models}hmda-mlp.onnx`, { blockRows: 7 })
    const one = await loadModel(`${models}hmda-mlp.onnx`, { threads: 1 })
    expect(largestDifference((await small.predict({ x: rows(100) })).logits, whole.data as Float32Array)).toBeLessThan(1e-5)
    expect((await one.predict({ x: rows(100) })).logits.data).toEqual(whole.data)
    await Promise.all([small.dispose(), one.dispose()])
  })

  test('zero rows give zero rows', async () => {
    expect((await mlp.predict({ x: rows(0) })).logits.dims).toEqual([0, 2])
  })

  test.each(['hmda-logistic', 'hmda-forest'])('%s: ZipMap is bypassed, and the accuracy is scikit-learn\'s', async (name) => {
    const model = await loadModel(`${models}${name}.onnx`)
    const input = model.inputs[0].name
    const outputs = await model.predict({ [input]: { data: hmda.x, dims: [1190, 11] } })
    const predicted = predictedClasses(outputs, model.prediction)
    const right = predicted.reduce((sum, label, i) => sum + Number(label === hmda.label[i]), 0)
    expect(right / 1190).toBeCloseTo(expected[name].accuracy, 12)
    expect(model.prediction.kind).toBe('probabilities')
    expect(outputs[model.prediction.output!].dims).toEqual([1190, 2])
    await model.dispose()
  })

  test('the regressor\'s error is scikit-learn\'s', async () => {
    const columns = readColumns('diabetes.csv')
    const names = [...columns.keys()].filter((name) => name !== 'progression')
    const x = rowMajor(names.map((name) => columns.get(name)!.slice(300)))
    const truth = columns.get('progression')!.slice(300)
    const model = await loadModel(`${models}diabetes-gbr.onnx`)
    const { variable } = await model.predict({ X: { data: x, dims: [truth.length, 10] } })
    const error = truth.reduce((sum, value, i) => sum + Math.abs(value - Number(variable.data[i])), 0) / truth.length
    expect(error).toBeCloseTo(expected['diabetes-gbr'].mae, 4)
    await model.dispose()
  })
})

describe('refusals', () => {
  const x = (dims: number[]) => ({ data: new Float32Array(dims.reduce((a, b) => a * b, 1)), dims })
  const cases: readonly (readonly [string, Feeds, RegExp])[] = [
    ['a wrong width', { x: x([8, 9]) }, /^input x wants \[N, 11\], got \[8, 9\]$/],
    ['a wrong rank', { x: x([11]) }, /^input x wants \[N, 11\], got \[11\]$/],
    ['a missing input', {}, /input x wants float32 \[N, 11\], and nothing was fed/],
    ['an unknown input', { X: x([1, 11]) }, /no input X\. Did you mean x\?/],
    ['strings', { x: { data: Array<string>(11).fill('1'), dims: [1, 11] } }, /got strings/],
    ['too few elements', { x: { data: new Float32Array(3), dims: [1, 11] } }, /need 11 elements, the data has 3/],
  ]
  test.each(cases)('%s', async (_, feeds, message) => {
    await expect(mlp.predict(feeds)).rejects.toThrow(message)
  })

  test('a model that is none', async () => {
    await expect(loadModel(new Uint8Array(0))).rejects.toThrow(/no graph/)
    await expect(loadModel(`${models}absent.onnx`)).rejects.toThrow(/cannot be read/)
  })

  test('options that cannot be meant', async () => {
    await expect(loadModel(`${models}hmda-mlp.onnx`, { blockRows: 0 })).rejects.toThrow(/blockRows must be a whole number/)
    await expect(loadModel(`${models}hmda-mlp.onnx`, { engine: 'tensorflow' as 'onnxruntime' })).rejects.toThrow(/no engine tensorflow/)
    await expect(loadModel(`${models}hmda-mlp.onnx`, { prediction: { name: 'logit' } })).rejects.toThrow(/Did you mean logits\?/)
    await expect(loadModel(`${models}hmda-mlp.onnx`, { prediction: { classes: ['a', 'b', 'c'] } })).rejects.toThrow(/3 classes were given/)
  })

  test('use after dispose', async () => {
    const model = await loadModel(`${models}hmda-mlp.onnx`)
    await model.dispose()
    await model.dispose()
    await expect(model.predict({ x: rows(1) })).rejects.toThrow(/disposed/)
  })
})

test('the summary is plain JSON and the MLP\'s rows are independent', async () => {
  const summary = await summarize(mlp, { x: rows(16) })
  expect(summary).toMatchObject({ rowIndependent: true, format: 'onnx', opset: 17, fixedBatch: null, engine: { name: 'onnxruntime', provider: 'cpu' } })
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
})
