import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel, summarize, type LoadedModel, type LoadOptions } from '../../../src/engine/index.js'
import { predictedClasses } from '../../../src/tensor/predicted-classes.js'
import { backends } from './backends.js'
import { distance, feedsOf, folder, networks } from './networks.js'

const opened: LoadedModel[] = []
async function open(name: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const model = await loadModel(name.startsWith('/') ? name : folder + name, { backend: 'cpu', ...options })
  opened.push(model)
  return model
}
let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'probity-tfjs-'))))
afterAll(async () => {
  for (const model of opened) await model.dispose()
  await rm(scratch, { recursive: true })
})

/** A copy whose model.json is changed. */
async function changed(name: string, change: (json: Record<string, unknown>) => void): Promise<string> {
  const target = await mkdtemp(join(scratch, 'model-'))
  const json = JSON.parse(await readFile(`${folder}${name}/model.json`, 'utf8')) as { weightsManifest: { paths: string[] }[] } & Record<string, unknown>
  for (const path of json.weightsManifest.flatMap(({ paths }) => paths)) await copyFile(`${folder}${name}/${path}`, join(target, path))
  change(json)
  await writeFile(join(target, 'model.json'), JSON.stringify(json))
  return target
}

const mlp = networks['mlp-softmax']
const feeds = feedsOf(mlp)

describe('what a model says of itself', () => {
  test.each([
    ['mlp-softmax', { output: 'probabilities', kind: 'probabilities', logits: 'probabilities/logits', columns: 3 }],
    ['mlp-sigmoid', { output: 'probability', kind: 'probabilities', logits: 'probability/logits', columns: 1 }],
    ['mlp-logits', { output: 'logits', kind: 'logits', logits: null, columns: 4 }],
    ['cnn', { output: 'answer', kind: 'probabilities', logits: 'scores', columns: 3 }],
    ['shared', { output: 'logits', kind: 'logits', logits: null, columns: 2 }],
    ['graph-mlp', { output: 'probabilities', kind: 'probabilities', logits: 'StatefulPartitionedCall/mlp/probabilities/BiasAdd', columns: 3 }],
    ['graph-sigmoid', { output: 'probability', kind: 'probabilities', logits: 'StatefulPartitionedCall/mlp/probability/Sigmoid/logits', columns: 1 }],
    ['graph-mixed', { output: 'probabilities', kind: 'probabilities', labelOutput: 'label', columns: 3 }],
  ] as const)('%s', async (name, prediction) => {
    expect((await open(name)).prediction).toMatchObject(prediction)
  })

  test('names, shapes and types are those of the signature', async () => {
    const { inputs, outputs, format, engine, opset, fixedBatch } = await open('graph-mixed')
    expect(Object.fromEntries(inputs.map(({ name, dtype, dims, batchAxis }) => [name, [dtype, dims, batchAxis]]))).toEqual({ ids: ['int32', [null, 3], 0], flags: ['bool', [null, 3], 0], extra: ['float32', [null, 4], 0] })
    expect(outputs.map(({ name, dtype }) => [name, dtype])).toEqual([['probabilities', 'float32'], ['label', 'int32']])
    expect({ format, opset, fixedBatch, engine }).toEqual({ format: 'tfjs-graph-model', opset: null, fixedBatch: null, engine: { name: 'tfjs', version: expect.stringMatching(/^4\./) as string, provider: 'cpu' } })
  })

  test('class names and other metadata of the file', async () => {
    const model = await open(await changed('mlp-softmax', (json) => (json['userDefinedMetadata'] = { classes: ['a', 'b', 'c'], trained: { on: 'x.csv' }, ['__proto__x']: 'y' })))
    expect(model.prediction.classes).toEqual(['a', 'b', 'c'])
    expect(model.metadata).toEqual({ classes: '["a","b","c"]', trained: '{"on":"x.csv"}', ['__proto__x']: 'y' })
  })

  test('an input of floats that only an embedding reads holds ids', async () => {
    const model = await open(await changed('lstm', (json) => {
      const [input] = (json as { modelTopology: { model_config: { config: { layers: { config: { dtype: string } }[] } } } }).modelTopology.model_config.config.layers
      input.config.dtype = 'float32'
    }))
    expect(model.inputs[0].dtype).toBe('int32')
    expect(model.capabilities.gradient).toEqual({ available: false, reason: expect.stringMatching(/No input of the model is a float/) as string })
    await expect(model.gradient(feedsOf(networks['lstm']), { target: 0 })).rejects.toThrow(/No input of the model is a float/)
    await expect(model.gradient(feedsOf(networks['lstm']), { target: 0 }, { withRespectTo: 'ids' })).rejects.toThrow(/ids is int32, and integers have no gradient/)
  })
})

describe('rows', () => {
  test.each([0, 1, 4, 6])('blocks of 4 change nothing: %i rows', async (rows) => {
    const model = await open('mlp-softmax', { blockRows: 4 })
    const some = { x: { data: mlp.feeds['x'].data.slice(0, rows * 4), dims: [rows, 4] } }
    const { probabilities } = await model.predict(some)
    expect(probabilities.dims).toEqual([rows, 3])
    if (rows > 0) expect(distance(probabilities, { dims: [rows, 3], data: mlp.outputs['probabilities'].data.slice(0, rows * 3) })).toBeLessThan(2e-6)
    const { objective, gradients } = mlp.cases[1]
    const gradient = await model.gradient(some, { ...objective, target: (objective.target as number[]).slice(0, rows) }, { withRespectTo: ['x', 'hidden', 'hidden/kernel'] })
    expect([gradient.x.dims, gradient.hidden.dims, gradient['hidden/kernel'].dims]).toEqual([[rows, 4], [rows, 5], [4, 5]])
    if (rows > 0) expect(distance(gradient.x, { dims: [rows, 4], data: gradients['x'].data.slice(0, rows * 4) })).toBeLessThan(1e-5)
  })

  test('the gradient of a weight is the sum over all rows, whatever the blocks', async () => {
    const [one, blocks] = [await open('mlp-softmax'), await open('mlp-softmax', { blockRows: 4 })]
    const [whole, parts] = await Promise.all([one, blocks].map(async (model) => (await model.gradient(feeds, mlp.cases[1].objective, { withRespectTo: 'hidden/kernel' }))['hidden/kernel']))
    expect(distance(parts, { dims: [...whole.dims], data: Array.from(whole.data, Number) })).toBeLessThan(1e-6)
    // Σ over rows of x · δ, where δ is the gradient at the hidden layer times 1 − tanh².
    const { hidden } = await one.gradient(feeds, mlp.cases[1].objective, { withRespectTo: 'hidden' })
    const { hidden: activations } = await (await open('mlp-softmax', { prediction: { name: 'hidden' } })).predict(feeds)
    const [x, delta, value] = [mlp.feeds['x'].data, hidden.data, activations.data].map((data) => Array.from(data as ArrayLike<number>))
    const expected = Array.from({ length: 20 }, (_, i) => x.reduce((sum, _x, at) => (at % 4 === Math.floor(i / 5) ? sum + x[at] * delta[Math.floor(at / 4) * 5 + (i % 5)] * (1 - value[Math.floor(at / 4) * 5 + (i % 5)] ** 2) : sum), 0))
    expect(distance(whole, { dims: [4, 5], data: expected })).toBeLessThan(1e-5)
  })

  test('a model fixed to a batch is padded', async () => {
    const model = await open(await changed('mlp-softmax', (json) => {
      const [input] = (json as { modelTopology: { model_config: { config: { layers: { config: { batch_input_shape: (number | null)[] } }[] } } } }).modelTopology.model_config.config.layers
      input.config.batch_input_shape = [4, 4]
    }))
    expect(model.fixedBatch).toBe(4)
    expect(distance((await model.predict(feeds)).probabilities, mlp.outputs['probabilities'])).toBeLessThan(2e-6)
    expect(distance((await model.gradient(feeds, mlp.cases[1].objective)).x, mlp.cases[1].gradients['x'])).toBeLessThan(1e-5)
    await expect(model.gradient(feeds, mlp.cases[1].objective, { withRespectTo: 'hidden/kernel' })).rejects.toThrow(/fixed to batches of 4/)
  })

  test('rows are independent, and labels decide', async () => {
    const mixed = await open('graph-mixed')
    expect((await summarize(mixed, feedsOf(networks['graph-mixed']))).rowIndependent).toBe(true)
    expect(Array.from(predictedClasses(await mixed.predict(feedsOf(networks['graph-mixed'])), mixed.prediction))).toEqual(networks['graph-mixed'].outputs['label'].data)
  })
})

describe('what can be named', () => {
  test('layers inside models, and each call of one that is shared', async () => {
    const model = await open('shared')
    const pair = feedsOf(networks['shared'])
    const gradient = await model.gradient(pair, { output: 'logits', target: 0 }, { withRespectTo: ['encoder/inner:0', 'encoder/inner:1', 'encoder:0'] })
    // The concatenation hands its gradient on: three columns for each call, of which TensorFlow.js calculates the last first.
    const both = (await model.gradient(pair, { output: 'logits', target: 0 }, { withRespectTo: 'both' })).both
    const columns = (from: number) => Array.from({ length: 12 }, (_, i) => Number(both.data[Math.floor(i / 3) * both.dims[1] + from + (i % 3)]))
    expect(Array.from(gradient['encoder/inner:0'].data, Number)).toEqual(columns(3))
    expect(Array.from(gradient['encoder/inner:1'].data, Number)).toEqual(columns(0))
    expect(gradient['encoder:0'].data).toEqual(gradient['encoder/inner:0'].data)
    await expect(model.gradient(pair, { output: 'logits', target: 0 }, { withRespectTo: 'encoder' })).rejects.toThrow(/no value encoder\. Did you mean encoder:0\?/)
    await expect(model.gradient(pair, { target: 0 })).rejects.toThrow(/name one: output: logits or price/)
  })

  test('a value within, as the answer and as the objective', async () => {
    const named = await open('mlp-softmax', { prediction: { name: 'probabilities/logits', classes: ['x', 'y', 'z'] } })
    expect(named.prediction).toMatchObject({ output: 'probabilities/logits', kind: 'logits', classes: ['x', 'y', 'z'] })
    const outputs = await named.predict(feeds)
    expect(Object.keys(outputs)).toEqual(['probabilities', 'probabilities/logits'])
    const model = await open('mlp-softmax')
    const objective = { output: 'hidden', target: 2 }
    expect(Array.from((await model.gradient(feeds, objective, { withRespectTo: 'hidden' })).hidden.data, Number)).toEqual(Array.from({ length: 30 }, (_, i) => Number(i % 5 === 2)))
    await expect(model.gradient(feeds, { target: 0 }, { withRespectTo: 'hiden' })).rejects.toThrow(/Did you mean hidden\?/)
    await expect(model.gradient(feeds, { loss: 'cross-entropy', target: 3 })).rejects.toThrow(/class 3, and probabilities\/logits has 3 classes/)
  })

  test('nodes of a graph, weights among them, by the signature\'s names or their own', async () => {
    const model = await open('graph-mlp')
    const { gradients, objective } = mlp.cases[1]
    const found = await model.gradient(feeds, { ...objective, output: 'Identity' }, { withRespectTo: ['StatefulPartitionedCall/mlp/hidden/Tanh', 'StatefulPartitionedCall/mlp/hidden/MatMul/ReadVariableOp'] })
    expect(distance(found['StatefulPartitionedCall/mlp/hidden/Tanh'], gradients['hidden'])).toBeLessThan(1e-5)
    const layers = await (await open('mlp-softmax')).gradient(feeds, objective, { withRespectTo: 'hidden/kernel' })
    expect(distance(found['StatefulPartitionedCall/mlp/hidden/MatMul/ReadVariableOp'], { dims: [4, 5], data: Array.from(layers['hidden/kernel'].data, Number) })).toBeLessThan(1e-5)
  })

  test('weights that wasm cannot differentiate say what has the kernel', async () => {
    const model = await open('digits', { backend: 'wasm' })
    expect(model.capabilities.gradient).toEqual({ available: true })
    const image = { image: { data: new Float32Array(64), dims: [1, 8, 8, 1] } }
    await expect(model.gradient(image, { target: 0 }, { withRespectTo: 'first/kernel' })).rejects.toThrow(/the backend wasm has no kernel Conv2DBackpropFilter\. Of the backends that are loaded, .*cpu.*: choose backend/)
    expect((await model.gradient(image, { target: 0 })).image.dims).toEqual([1, 8, 8, 1])
  })
})

describe('a SavedModel', () => {
  const node = backends.find(({ backend }) => backend === 'node')!
  test.skipIf(node.missing !== null)('answers on TensorFlow, and says why it has no gradient', async () => {
    const model = await open('saved-mlp', { backend: 'node' })
    expect(model).toMatchObject({ format: 'tensorflow-saved-model', engine: { version: expect.stringMatching(/TensorFlow/) as string }, prediction: { output: 'probabilities', kind: 'probabilities', columns: 3 } })
    expect(model.inputs).toEqual([{ name: 'x', dtype: 'float32', dims: [null, 4], batchAxis: 0 }])
    expect(distance((await model.predict(feeds)).probabilities, mlp.outputs['probabilities'])).toBeLessThan(2e-6)
    expect(model.capabilities.gradient).toMatchObject({ available: false, reason: expect.stringMatching(/tensorflowjs_converter/) as string })
    await expect(model.gradient(feeds, { target: 0 })).rejects.toThrow(/without a gradient/)
  })
  test('elsewhere says what it needs', async () => {
    await expect(open('saved-mlp')).rejects.toThrow(/needs TensorFlow itself, and the backend is cpu/)
  })
})

describe('refusals', () => {
  test.each([
    ['a manifest that lies', 'mlp-softmax', (json: Record<string, unknown>) => ((json['weightsManifest'] as { weights: { shape: number[] }[] }[])[0].weights[0].shape = [4, 50]), /describes \d+ bytes/],
    ['a layer that does not exist', 'mlp-softmax', (json: Record<string, unknown>) => ((json as { modelTopology: { model_config: { class_name: string } } }).modelTopology.model_config.class_name = 'Lambda'), /Lambda/],
    ['weights that are missing', 'mlp-softmax', (json: Record<string, unknown>) => ((json['weightsManifest'] as { weights: unknown[] }[])[0].weights = []), /bytes|weight/i],
    ['a signature of nodes that do not exist', 'graph-mlp', (json: Record<string, unknown>) => (json['signature'] = { inputs: { x: { name: 'nowhere:0' } }, outputs: {} }), /names the node nowhere for x/],
    ['an unknown operator', 'graph-mlp', (json: Record<string, unknown>) => ((json as { modelTopology: { node: { op: string }[] } }).modelTopology.node.find(({ op }) => op === 'Softmax')!.op = 'Nonsense'), /Nonsense/],
  ])('%s', async (_, name, change, message) => {
    const path = await changed(name, change)
    await expect(open(path).then((model) => model.predict(feeds))).rejects.toThrow(message)
  })

  test('a backend that does not serve the device, and one that is not there', async () => {
    await expect(open('mlp-softmax', { backend: 'wasm', device: 'webgpu' })).rejects.toThrow(/The backend wasm does not run on the device webgpu/)
    for (const { backend, missing } of backends) if (missing !== null && backend !== 'webgpu') await expect(open('mlp-softmax', { backend })).rejects.toThrow(/npm install @tensorflow\/tfjs/)
  })

  test('inputs of the wrong type', async () => {
    const mixed = await open('graph-mixed')
    const right = feedsOf(networks['graph-mixed'])
    await expect(mixed.predict({ ...right, ids: { data: new Array<number>(15).fill(0.5), dims: [5, 3] } })).rejects.toThrow(/0\.5 is not a whole number/)
    await expect(mixed.predict({ ids: right['ids']! })).rejects.toThrow(/nothing was fed/)
    await expect(mixed.gradient(right, { output: 'label', target: 0 })).rejects.toThrow(/label.* is int32/)
  })
})

test('two models of two backends take turns in one process', async () => {
  const [wasm, cpu] = [await open('mlp-softmax', { backend: 'wasm' }), await open('mlp-logits')]
  const [a, b, c] = await Promise.all([wasm.gradient(feeds, mlp.cases[1].objective), cpu.gradient(feedsOf(networks['mlp-logits']), networks['mlp-logits'].cases[1].objective), wasm.predict(feeds)])
  expect(distance(a.x, mlp.cases[1].gradients['x'])).toBeLessThan(1e-5)
  expect(distance(b.x, networks['mlp-logits'].cases[1].gradients['x'])).toBeLessThan(1e-5)
  expect(distance(c.probabilities, mlp.outputs['probabilities'])).toBeLessThan(2e-6)
})

test('what lies under the name of a package and is another is not taken for it', async () => {
  const modules = join(scratch, 'node_modules/@tensorflow/tfjs-node')
  await mkdir(modules, { recursive: true })
  await writeFile(join(modules, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs', version: '4.22.0', main: 'index.js' }))
  await writeFile(join(modules, 'index.js'), 'throw new Error("loaded")')
  const { findPackage } = await import('../../../src/engine/tfjs/packages.js')
  const before = process.env['PROBITY_MODULES']
  process.env['PROBITY_MODULES'] = scratch
  try {
    expect(findPackage('@tensorflow/tfjs-node')).toBeNull()
    await writeFile(join(modules, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node', version: '4.22.0', main: 'index.js' }))
    expect(findPackage('@tensorflow/tfjs-node')).toMatchObject({ version: '4.22.0' })
  } finally {
    if (before === undefined) delete process.env['PROBITY_MODULES']
    else process.env['PROBITY_MODULES'] = before
  }
})
