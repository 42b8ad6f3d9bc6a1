import { readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Feeds, Tensor } from '../../src/contracts/tensor.js'
import { loadModel, summarize, type LoadedModel, type LoadOptions } from '../../src/engine/index.js'
import { predictedClasses } from '../../src/tensor/predicted-classes.js'

const small = new URL('../fixtures/engine/', import.meta.url).pathname
const truth = JSON.parse(readFileSync(`${small}expected.json`, 'utf8')) as { x: number[][]; logits: number[][] }

const opened: LoadedModel[] = []
async function open(name: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const model = await loadModel(name.startsWith('/') ? name : `${small}${name}.onnx`, { threads: 1, ...options })
  opened.push(model)
  return model
}
const folders: string[] = []
afterAll(async () => {
  for (const model of opened) await model.dispose()
  for (const folder of folders) await rm(folder, { recursive: true })
})

const x = (rows: number): Tensor => ({ data: Float32Array.from({ length: rows * 4 }, (_, i) => truth.x[Math.floor(i / 4) % 6][i % 4]), dims: [rows, 4], dtype: 'float32' })
const expectLogits = ({ data, dims }: Tensor, rows: number) => {
  expect(dims).toEqual([rows, 3])
  for (let i = 0; i < rows * 3; i++) expect(Math.abs(Number(data[i]) - truth.logits[Math.floor(i / 3) % 6][i % 3])).toBeLessThan(1e-5)
}

describe('a model fixed to batches of 4', () => {
  test.each([0, 1, 3, 4, 5, 11])('takes %i rows', async (rows) => {
    const model = await open('fixed-batch')
    expect(model.fixedBatch).toBe(4)
    expect(model.inputs[0].batchAxis).toBe(0)
    expectLogits((await model.predict({ x: x(rows) })).logits, rows)
  })
  test('still refuses other widths', async () => {
    const model = await open('fixed-batch')
    await expect(model.predict({ x: { data: [1, 2, 3], dims: [1, 3] } })).rejects.toThrow('input x wants [4, 4], got [1, 3]')
  })
})

test('rows along the second axis, and an input that belongs to no row', async () => {
  const model = await open('sequence-first', { blockRows: 2 })
  expect(model.inputs.map(({ batchAxis }) => batchAxis)).toEqual([1, null])
  const { logits } = await model.predict({ x: { data: Array.from({ length: 20 }, (_, i) => i), dims: [2, 5, 2] }, scale: { data: [10], dims: [1] } })
  expect(Array.from(logits.data, Number)).toEqual(Array.from({ length: 10 }, (_, i) => 10 * (i + (i + 10))))
})

test('rows that influence each other are found out, and others are not accused', async () => {
  expect((await summarize(await open('batch-mean'), { x: x(6) })).rowIndependent).toBe(false)
  for (const name of ['softmax', 'fixed-batch', 'label-only']) expect((await summarize(await open(name), { x: x(6) })).rowIndependent).toBe(true)
})

describe('how the answer is read', () => {
  test('the scores behind a bare label are fetched too', async () => {
    const model = await open('label-only')
    expect(model.prediction).toMatchObject({ output: 'z', kind: 'logits', labelOutput: 'label', columns: 3 })
    const outputs = await model.predict({ x: x(6) })
    expectLogits(outputs.z, 6)
    expect(Array.from(predictedClasses(outputs, model.prediction))).toEqual(truth.logits.map((z) => z.indexOf(Math.max(...z))))
  })
  test('a caller may name another value, its kind and its classes', async () => {
    const named = await open('softmax', { prediction: { name: 'z', classes: ['a', 'b', 'c'] } })
    expect(named.prediction).toMatchObject({ output: 'z', kind: 'logits', classes: ['a', 'b', 'c'] })
    expectLogits((await named.predict({ x: x(6) })).z, 6)
    expect((await open('sigmoid', { prediction: { kind: 'score' } })).prediction).toMatchObject({ output: 'probability', kind: 'score', logits: null })
    expect((await open('sigmoid', { prediction: { classes: [0, 1] } })).prediction.classes).toEqual(['0', '1'])
  })
})

describe('element types', () => {
  const feeds: Feeds = {
    half: { data: [0.5, -2], dims: [2] }, flag: { data: [true, false], dims: [2], dtype: 'bool' }, count: { data: [1, 2 ** 40], dims: [2] },
    text: { data: ['a', 'ü'], dims: [2] }, small: { data: [-128, 127], dims: [2] },
  }
  test('go through unchanged', async () => {
    const outputs = await (await open('element-types')).predict(feeds)
    expect(outputs.half_out).toEqual({ data: Uint16Array.from([0x3800, 0xc000]), dims: [2], dtype: 'float16' })
    expect(outputs.flag_out).toEqual({ data: Uint8Array.from([1, 0]), dims: [2], dtype: 'bool' })
    expect(outputs.count_out).toEqual({ data: BigInt64Array.from([1n, 2n ** 40n]), dims: [2], dtype: 'int64' })
    expect(outputs.text_out).toEqual({ data: ['a', 'ü'], dims: [2], dtype: 'string' })
    expect(outputs.small_out.data).toEqual(Int8Array.from([-128, 127]))
  })
  test('blocks join them all', async () => {
    const outputs = await (await open('element-types', { blockRows: 1 })).predict(feeds)
    expect(outputs.text_out).toEqual({ data: ['a', 'ü'], dims: [2], dtype: 'string' })
    expect(outputs.count_out.data).toEqual(BigInt64Array.from([1n, 2n ** 40n]))
  })
  test('half-precision bits say so, and become numbers elsewhere', async () => {
    const model = await open('element-types')
    await expect(model.predict({ ...feeds, half: { data: Uint16Array.of(0x3800, 0), dims: [2] } })).rejects.toThrow(/Uint16Array without dtype/)
    const { half_out: bits } = await model.predict({ ...feeds, half: { data: Uint16Array.of(0x3800, 0), dims: [2], dtype: 'float16' } })
    expect(bits.data).toEqual(Uint16Array.of(0x3800, 0))
    const floats = await (await open('softmax')).predict({ x: { data: Uint16Array.of(0x3c00, 0, 0, 0), dims: [1, 4], dtype: 'float16' } })
    const same = await (await open('softmax')).predict({ x: { data: [1, 0, 0, 0], dims: [1, 4] } })
    expect(floats.probabilities.data).toEqual(same.probabilities.data)
  })
  test.each([
    ['too large', { small: { data: [128, 0], dims: [2] } }, /128 is outside its range/],
    ['a fraction', { count: { data: [0.5, 0], dims: [2] } }, /0\.5 is not a whole number/],
    ['numbers for text', { text: { data: [1, 2], dims: [2] } }, /wants string/],
    ['text for numbers', { count: { data: ['1', '2'], dims: [2] } }, /got strings/],
    ['rows that disagree', { small: { data: [1], dims: [1] } }, /half has 2, small has 1/],
  ] as const)('%s is refused', async (_, change, message) => {
    await expect((await open('element-types')).predict({ ...feeds, ...change } as Feeds)).rejects.toThrow(message)
  })
})

describe('weights in another file', () => {
  const copy = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'probity-external-'))
    folders.push(folder)
    await mkdir(join(folder, 'model'))
    await copyFile(`${small}external.onnx`, join(folder, 'model/external.onnx'))
    return folder
  }
  test('are read beside the model, for gradients too', async () => {
    const model = await open('external')
    expectLogits((await model.predict({ x: x(6) })).logits, 6)
    const inside = await open('two-outputs')
    const objective = { output: 'logits', loss: 'cross-entropy', target: 1 } as const
    expect((await model.gradient({ x: x(6) }, objective)).x.data).toEqual((await inside.gradient({ x: x(6) }, objective)).x.data)
    // A rewritten file must not send the runtime to the working directory for them.
    expectLogits((await (await open('external', { prediction: { name: 'logits' } })).predict({ x: x(2) })).logits, 2)
    expect((await (await open('external', { prediction: { name: 'hidden' } })).predict({ x: x(2) })).hidden.dims).toEqual([2, 5])
  })
  test('bytes have no folder', async () => {
    await expect(loadModel(new Uint8Array(await readFile(`${small}external.onnx`)))).rejects.toThrow(/bytes have no folder/)
  })
  test('a link out of the folder, a cut file and a missing file are refused', async () => {
    const folder = await copy()
    const weights = join(folder, 'model/external.weights')
    const load = () => loadModel(join(folder, 'model/external.onnx'), { prediction: { name: 'hidden' } })
    await expect(load()).rejects.toThrow(/External data "external\.weights" cannot be found/)
    await writeFile(join(folder, 'elsewhere'), await readFile(`${small}external.weights`))
    await symlink(join(folder, 'elsewhere'), weights)
    await expect(load()).rejects.toThrow(/leads out of the model's folder/)
    await rm(weights)
    await copyFile(`${small}external.weights`, weights)
    await truncate(weights, 10)
    await expect(load()).rejects.toThrow(/has 10 bytes and should hold/)
  })
})

test('an input named __proto__ or a prototype\'s property is not taken for fed', async () => {
  const model = await open('softmax')
  await expect(model.predict(Object.create({ x: x(1) }) as Feeds)).rejects.toThrow(/nothing was fed/)
  await expect(model.predict(JSON.parse('{"__proto__": {"data": [1], "dims": [1]}}') as Feeds)).rejects.toThrow(/no input __proto__/)
})

test('a file that is no model is refused by its name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'no-model-'))
  folders.push(folder)
  await writeFile(join(folder, 'data.onnx'), 'a,b\n1,2\n')
  await expect(open(join(folder, 'data.onnx'))).rejects.toThrow(/data\.onnx: The file is not a readable ONNX model/)
})
