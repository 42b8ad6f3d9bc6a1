import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { Objective } from '../../src/contracts/objective.js'
import type { Tensor } from '../../src/contracts/tensor.js'
import { loadModel, type LoadedModel, type LoadOptions } from '../../src/engine/index.js'
import { readColumns } from '../fixtures/read-columns.js'

const models = new URL('../fixtures/models/', import.meta.url).pathname
const small = new URL('../fixtures/engine/', import.meta.url).pathname
const mortgages = (JSON.parse(readFileSync(`${models}expected.json`, 'utf8')) as Record<string, { features: string[]; cross_entropy_input_gradient: number[][]; first8_logits: number[][] }>)['hmda-mlp']
type Truth = { value: number[]; x: number[][]; hidden: number[][]; W1: number[][] }
const truth = JSON.parse(readFileSync(`${small}expected.json`, 'utf8')) as Record<string, Truth> & {
  x: number[][]; y: number[]; t: number[]; logits: number[][]
  embedding: { ids: number[][]; extra: number[][]; target: number[]; gradient_embedded: number[][][]; gradient_extra: number[][] }
}

const opened = new Map<string, Promise<LoadedModel>>()
function open(name: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const key = JSON.stringify([name, options])
  if (!opened.has(key)) opened.set(key, loadModel(`${name.startsWith('/') ? '' : small}${name}.onnx`, { threads: 1, ...options }))
  return opened.get(key)!
}
afterAll(async () => {
  for (const model of opened.values()) await (await model).dispose()
})

const x = { data: truth.x.flat(), dims: [6, 4] }
const expectClose = (actual: Tensor, expected: readonly number[], dims?: readonly number[], tolerance = 1e-5) => {
  if (dims) expect(actual.dims).toEqual(dims)
  expect(actual.data.length).toBe(expected.length)
  expected.forEach((value, i) => expect(Math.abs(Number(actual.data[i]) - value)).toBeLessThan(tolerance))
}

test('the cross-entropy gradient of the mortgage MLP is PyTorch\'s', async () => {
  const columns = readColumns('hmda-test.csv')
  const target = columns.get('denied')!.slice(0, 8)
  const rows = { data: Float32Array.from({ length: 88 }, (_, i) => columns.get(mortgages.features[i % 11])![Math.floor(i / 11)]), dims: [8, 11] }
  const mlp = await open(`${models}hmda-mlp`)
  const { x: gradient } = await mlp.gradient({ x: rows }, { output: 'logits', target, loss: 'cross-entropy' })
  expectClose(gradient, mortgages.cross_entropy_input_gradient.flat(), [8, 11])
  expect(gradient.dtype).toBe('float32')
  const value = await mlp.evaluate({ x: rows }, { target, loss: 'cross-entropy' })
  expectClose(value, mortgages.first8_logits.map((z, row) => Math.log(z.reduce((sum, logit) => sum + Math.exp(logit), 0)) - z[target[row]]), [8])
})

const oneHot = truth.y.flatMap((label) => [0, 1, 2].map((column) => Number(column === label)))
const cases: readonly (readonly [string, string, Objective])[] = [
  ['element', 'fixed-batch', { target: truth.y }],
  ['cross-entropy', 'fixed-batch', { loss: 'cross-entropy', target: truth.y }],
  ['cross-entropy', 'softmax', { loss: 'cross-entropy', target: truth.y }],
  ['cross-entropy', 'hidden-logits', { loss: 'cross-entropy', target: BigInt64Array.from(truth.y, BigInt) }],
  ['cross-entropy', 'softmax', { output: 'z', loss: 'cross-entropy', target: Int32Array.from(truth.y) }],
  ['margin', 'softmax', { loss: 'margin', target: truth.y }],
  ['margin', 'hidden-logits', { loss: 'margin', target: truth.y }],
  ['log-odds', 'softmax', { loss: 'log-odds', target: truth.y }],
  ['log-odds', 'hidden-logits', { loss: 'log-odds', target: truth.y }],
  ['log-odds', 'label-only', { loss: 'log-odds', target: truth.y }],
  ['binary-cross-entropy', 'two-outputs', { output: 'logits', loss: 'binary-cross-entropy', target: oneHot }],
  ['binary-cross-entropy of probabilities', 'softmax', { loss: 'binary-cross-entropy', target: oneHot }],
  ['element of probabilities', 'softmax', { target: truth.y }],
  ['one-column cross-entropy', 'sigmoid', { loss: 'cross-entropy', target: truth.t }],
  ['one-column cross-entropy', 'sigmoid', { loss: 'binary-cross-entropy', target: truth.t }],
  ['one-column log-odds', 'sigmoid', { loss: 'log-odds', target: truth.t }],
  ['one-column margin', 'sigmoid', { loss: 'margin', target: truth.t }],
  ['one-column element of probability', 'sigmoid', {}],
]

describe.each(cases)('%s on %s', (name, file, objective) => {
  // 1024 rows to a block, and 4 with a remainder of 2.
  test.each([undefined, 4])('value and gradients, blockRows %s', async (blockRows) => {
    const model = await open(file, { blockRows })
    const expected = truth[name]
    expectClose(await model.evaluate({ x }, objective), expected.value, [6])
    const gradient = await model.gradient({ x }, objective, { withRespectTo: ['x', 'hidden'] })
    expect(Object.keys(gradient)).toEqual(['x', 'hidden'])
    expectClose(gradient.x, expected.x.flat(), [6, 4])
    expectClose(gradient.hidden, expected.hidden.flat(), [6, 5])
    if (file !== 'fixed-batch') expectClose((await model.gradient({ x }, objective, { withRespectTo: 'W1' })).W1, expected.W1.flat(), [4, 5])
  })
})

test('a model that is sure keeps its gradient: losses attach to the logits behind probabilities', async () => {
  const model = await open('sure')
  const feeds = { x: { data: [1, 0, -1], dims: [1, 3] } }
  expect(Array.from((await model.predict(feeds)).probabilities.data, Number)).toEqual([1, 0, 0])
  const { x: gradient } = await model.gradient(feeds, { loss: 'cross-entropy', target: 1 })
  expect(Array.from(gradient.data, Number)).toEqual([500, -500, 0])
  expect(model.prediction).toMatchObject({ kind: 'probabilities', output: 'probabilities', logits: 'z', columns: 3 })
})

describe('what the gradient is taken of', () => {
  test('ids have none, floats and the looked-up embedding do', async () => {
    const model = await open('embedding')
    const { ids, extra, target, gradient_embedded, gradient_extra } = truth.embedding
    const feeds = { ids: { data: ids.flat(), dims: [2, 3] }, extra: { data: extra.flat(), dims: [2, 2] } }
    const byDefault = await model.gradient(feeds, { loss: 'cross-entropy', target })
    expect(Object.keys(byDefault)).toEqual(['extra'])
    expectClose(byDefault.extra, gradient_extra.flat(), [2, 2])
    const { embedded } = await model.gradient(feeds, { loss: 'cross-entropy', target }, { withRespectTo: 'embedded' })
    expectClose(embedded, gradient_embedded.flat(2), [2, 3, 3])
    await expect(model.gradient(feeds, { loss: 'cross-entropy', target }, { withRespectTo: 'ids' })).rejects.toThrow(/int64/)
    await expect(model.gradient(feeds, { loss: 'cross-entropy', target }, { withRespectTo: 'embeded' })).rejects.toThrow(/Did you mean embedded\?/)
  })

  test('gradients of weights sum over blocks, and refuse padded rows', async () => {
    const model = await open('fixed-batch')
    const rows = { data: truth.x.slice(0, 4).flat(), dims: [4, 4] }
    await expect(model.gradient({ x }, { target: 0 }, { withRespectTo: 'W1' })).rejects.toThrow(/fixed to batches of 4/)
    expect((await model.gradient({ x: rows }, { target: 0 }, { withRespectTo: 'W1' })).W1.dims).toEqual([4, 5])
  })

  test('what is shared by all rows gets the sum over rows, whatever the blocks', async () => {
    const feeds = { x: { data: Array.from({ length: 30 }, (_, i) => i), dims: [5, 3, 2] } }
    for (const blockRows of [2, 1024]) {
      const { positions } = await (await open('positions', { blockRows })).gradient(feeds, { target: 1 }, { withRespectTo: 'positions' })
      expect(positions.dims).toEqual([1, 3, 2])
      // Σ over rows of x[row, t, 1] = Σ 6·row + 2t + 1
      expect(Array.from(positions.data, Number)).toEqual([0, 65, 0, 75, 0, 85])
    }
  })

  test('rows along the second axis come back in their place', async () => {
    const model = await open('sequence-first', { blockRows: 2 })
    const feeds = { x: { data: Array.from({ length: 30 }, (_, i) => i), dims: [3, 5, 2] }, scale: { data: [2], dims: [1] } }
    const { x: gradient, scale } = await model.gradient(feeds, { target: [0, 1, 0, 1, 0] })
    expect(gradient.dims).toEqual([3, 5, 2])
    expect(Array.from(gradient.data, Number)).toEqual(Array.from({ length: 30 }, (_, i) => ((i % 2) === Math.floor(i / 2) % 5 % 2 ? 2 : 0)))
    // Σ over rows of the chosen sums, over blocks of 2, 2 and 1 rows.
    const chosen = [0, 3, 4, 7, 8].reduce((sum, at) => sum + at + (at + 10) + (at + 20), 0)
    expect(Number(scale.data[0])).toBe(chosen)
  })
})

describe('refusals', () => {
  test.each([
    ['a class that does not exist', 'softmax', { loss: 'cross-entropy', target: [0, 1, 2, 3, 0, 0] }, /target of row 3 is class 3, and z has 3 classes, 0 to 2/],
    ['a negative class', 'softmax', { loss: 'cross-entropy', target: -1 }, /class -1/],
    ['half a class', 'softmax', { target: 0.5 }, /class 0\.5/],
    ['too few classes', 'softmax', { loss: 'margin', target: [0, 1] }, /2 classes for 6 rows/],
    ['no target', 'softmax', { loss: 'cross-entropy' }, /needs a target/],
    ['an output that does not exist', 'softmax', { output: 'probabilites', target: 0 }, /Did you mean probabilities\?/],
    ['one of several outputs', 'two-outputs', { target: 0 }, /name one: output: hidden or logits/],
    ['targets of the wrong number', 'softmax', { loss: 'binary-cross-entropy', target: [0, 1] }, /2 values, and binary cross-entropy needs one for each of 6 rows/],
    ['targets outside [0, 1]', 'softmax', { loss: 'binary-cross-entropy', target: oneHot.map((value) => value * 2) }, /lie in \[0, 1\], got 2/],
  ] as const)('%s', async (_, file, objective, message) => {
    const model = await open(file)
    await expect(model.gradient({ x }, objective as Objective)).rejects.toThrow(message)
  })

  test('a chosen output settles which of several is meant', async () => {
    const model = await open('two-outputs', { prediction: { name: 'logits' } })
    expectClose(await model.evaluate({ x }, { loss: 'cross-entropy', target: truth.y }), truth['cross-entropy'].value)
  })

  test('models without a gradient say why', async () => {
    const forest = await open(`${models}hmda-forest`)
    expect(forest.capabilities.gradient).toEqual({ available: false, reason: expect.stringMatching(/TreeEnsembleClassifier/) as string })
    expect((await open('softmax')).capabilities.gradient).toEqual({ available: true })
    await expect(forest.gradient({ X: { data: new Float32Array(11), dims: [1, 11] } }, { loss: 'log-odds', target: 0 })).rejects.toThrow(/TreeEnsembleClassifier/)
  })

  test('after dispose', async () => {
    const model = await loadModel(`${small}softmax.onnx`)
    await model.gradient({ x }, { target: 0 })
    await model.dispose()
    await expect(model.gradient({ x }, { target: 0 })).rejects.toThrow(/disposed/)
    await expect(model.evaluate({ x }, { target: 0 })).rejects.toThrow(/disposed/)
  })
})

test('an objective that is left out is the only output, and a loss that does not exist is refused', async () => {
  const mlp = await open(`${models}hmda-mlp`)
  const rows = { x: { data: new Float32Array(11), dims: [1, 11] } }
  await expect(mlp.gradient(rows)).rejects.toThrow(/on logits \[.*2\] needs a target/)
  await expect(mlp.gradient(rows, { loss: 'cross_entropy' as 'cross-entropy', target: 0 })).rejects.toThrow(/There is no loss cross_entropy\. Did you mean cross-entropy\?/)
})
