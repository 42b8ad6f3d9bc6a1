/** @file The first look at TensorFlow's files: sizes against TensorFlow.js itself, and honest files of every format. */
import { readdirSync, readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/graph/index.js'
import { OPERATIONS } from '../../src/tensorflow/preflight/operations.js'
import { layerOf } from '../../src/tensorflow/preflight/layer-settings.js'
import { outputShape, weightElements } from '../../src/tensorflow/preflight/layer-shapes.js'
import { checkLayersModel } from '../../src/tensorflow/preflight/layers-model.js'
import { checkModel } from '../../src/worker/check-model.js'

const FIXTURES = new URL('../fixtures/tfjs/', import.meta.url)
const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) => /(model\.json|saved_model\.pb)$/.test(name))

type Layers = typeof tf.layers
type Made = (layers: Layers) => tf.layers.Layer
const CELL = { filters: 3, kernelSize: 3 }
/** Each layer, and the shape of one row that it is fed with. */
const CASES: readonly (readonly [name: string, input: readonly number[], layer: Made])[] = [
  ['Dense', [5], (l) => l.dense({ units: 7 })], ['Dense on a sequence', [4, 5], (l) => l.dense({ units: 7, activation: 'relu' })],
  ['Activation', [5], (l) => l.activation({ activation: 'tanh' })], ['Dropout', [5], (l) => l.dropout({ rate: 0.5 })], ['Flatten', [3, 4, 2], (l) => l.flatten()],
  ['Reshape', [12], (l) => l.reshape({ targetShape: [3, -1] })], ['Permute', [3, 4, 2], (l) => l.permute({ dims: [2, 3, 1] })], ['RepeatVector', [5], (l) => l.repeatVector({ n: 3 })],
  ['Embedding', [6], (l) => l.embedding({ inputDim: 10, outputDim: 4 })], ['Masking', [4, 5], (l) => l.masking()],
  ['Conv1D', [9, 2], (l) => l.conv1d({ filters: 3, kernelSize: 3, strides: 2 })], ['Conv2D', [9, 8, 2], (l) => l.conv2d({ filters: 3, kernelSize: [3, 2], padding: 'same', strides: [2, 1] })],
  ['Conv2D with gaps', [9, 9, 2], (l) => l.conv2d({ ...CELL, dilationRate: 2 })], ['Conv2D, channels first', [2, 9, 9], (l) => l.conv2d({ ...CELL, dataFormat: 'channelsFirst' })],
  ['Conv3D', [6, 6, 6, 2], (l) => l.conv3d({ filters: 3, kernelSize: 3 })], ['Conv2DTranspose', [5, 5, 2], (l) => l.conv2dTranspose({ ...CELL, strides: 2 })], ['Conv2DTranspose, same', [5, 5, 2], (l) => l.conv2dTranspose({ ...CELL, strides: 2, padding: 'same' })],
  ['Conv3DTranspose', [4, 4, 4, 2], (l) => l.conv3dTranspose({ ...CELL, strides: 2 })], ['DepthwiseConv2D', [9, 9, 2], (l) => l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })], ['SeparableConv2D', [9, 9, 2], (l) => l.separableConv2d(CELL)],
  ['Cropping2D', [9, 8, 2], (l) => l.cropping2D({ cropping: [[1, 2], [0, 3]] })], ['ZeroPadding2D', [5, 5, 2], (l) => l.zeroPadding2d({ padding: [[1, 2], [0, 3]] })], ['UpSampling2D', [5, 5, 2], (l) => l.upSampling2d({ size: [2, 3] })],
  ['MaxPooling1D', [9, 2], (l) => l.maxPooling1d({ poolSize: 2 })], ['MaxPooling2D', [9, 9, 2], (l) => l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })], ['AveragePooling3D', [6, 6, 6, 2], (l) => l.averagePooling3d({ poolSize: 2 })],
  ['GlobalAveragePooling2D', [5, 5, 3], (l) => l.globalAveragePooling2d({})], ['GlobalMaxPooling1D', [5, 3], (l) => l.globalMaxPooling1d({})],
  ['BatchNormalization', [5], (l) => l.batchNormalization()], ['LayerNormalization', [5], (l) => l.layerNormalization()], ['PReLU', [5], (l) => l.prelu()], ['Softmax', [5], (l) => l.softmax()],
  ['SimpleRNN', [4, 5], (l) => l.simpleRNN({ units: 3 })], ['GRU', [4, 5], (l) => l.gru({ units: 3, returnSequences: true })], ['LSTM', [4, 5], (l) => l.lstm({ units: 3 })],
  ['RNN of stacked cells', [4, 5], (l) => l.rnn({ cell: [l.lstmCell({ units: 3 }), l.gruCell({ units: 2 })] as never })],
  ['Bidirectional', [4, 5], (l) => l.bidirectional({ layer: l.lstm({ units: 3, returnSequences: true }) as never, mergeMode: 'concat' })], ['TimeDistributed', [4, 5], (l) => l.timeDistributed({ layer: l.dense({ units: 7 }) })],
  ['Rescaling', [5], (l) => l.rescaling({ scale: 2 })],
]

describe('sizes are those of TensorFlow.js', () => {
  it.each(CASES)('%s', (_, input, make) => {
    const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [...input] }), make(tf.layers)] })
    const config = (model.toJSON(null, false) as { config: { layers: unknown[] } }).config.layers.at(-1)
    const layer = layerOf(config)!
    const rows = tf.zeros([2, ...input])
    expect(outputShape(layer, [input])).toEqual((model.predict(rows) as tf.Tensor).shape.slice(1))
    rows.dispose()
    const trained = model.countParams()
    const counted = weightElements(layer, input)
    // Biases and scales may be left out of the count, which is there for orders of magnitude.
    expect(counted).toBeLessThanOrEqual(2 * trained)
    if (trained > 100) expect(counted).toBeGreaterThan(trained / 2)
    model.dispose()
  })

  // Its own shapes leave out the batch where others have it.
  it.each([['Resizing', tf.layers.resizing({ height: 7, width: 6 }), [5, 5, 2]], ['CenterCrop', tf.layers.centerCrop({ height: 3, width: 2 }), [null, 5, 5, 2]]])('%s', (class_name, made, input) => {
    expect(outputShape(layerOf({ class_name, config: made.getConfig() })!, [[5, 5, 2]])).toEqual(made.computeOutputShape(input).slice(-3))
  })

  it('of whole models, with shared layers and models within models, are summed', () => {
    const shared = tf.layers.dense({ units: 4 })
    const encoder = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] })
    const [a, b] = [tf.input({ shape: [5] }), tf.input({ shape: [5] })]
    const joined = tf.layers.concatenate().apply([encoder.apply(shared.apply(a)), encoder.apply(shared.apply(b))] as tf.SymbolicTensor[])
    const model = tf.model({ inputs: [a, b], outputs: tf.layers.dense({ units: 2 }).apply(joined) as tf.SymbolicTensor })
    const topology = { model_config: JSON.parse(JSON.stringify(model.toJSON(null, false))) as unknown }
    const values = 5 + 5 + 4 + 4 + 3 + 3 + 6 + 2
    expect(checkLayersModel(topology, { locations: [], bytes: 0, elements: model.countParams() }, DEFAULT_LIMITS)).toEqual({ bytesPerRow: 4 * values, complete: true })
    model.dispose()
  })
})

describe('honest files pass', () => {
  it.each(files)('%s', (name) => {
    expect(checkModel(readFileSync(new URL(name, FIXTURES)), { original: name, maxMemoryBytes: 2 ** 32, memory: 'normal' }).blockRows).toBe(256)
  })

  it('with every layer class that TensorFlow.js registers', () => {
    const registered = Object.entries((tf.serialization.SerializationMap.getMap() as unknown as { classNameMap: Record<string, [{ prototype: unknown }]> }).classNameMap)
    const layers = registered.filter(([, [constructor]]) => constructor.prototype instanceof tf.layers.Layer).map(([name]) => name)
    expect(layers.length).toBeGreaterThan(60)
    for (const class_name of layers) {
      const isModel = ['Sequential', 'Functional', 'Model'].includes(class_name)
      const topology = { class_name: 'Sequential', config: { layers: [{ class_name, config: isModel ? { layers: [] } : {} }] } }
      expect(() => checkLayersModel(topology, { locations: [], bytes: 0, elements: 0 }, DEFAULT_LIMITS)).not.toThrow(/is of the class/)
    }
  })

  it('with every operation of the converter that touches no file', async () => {
    const executors = readdirSync(new URL('../../node_modules/@tensorflow/tfjs-converter/dist/operations/op_list/', import.meta.url)).filter((name) => /^[a-z_0-9]+\.js$/.test(name))
    const names = executors.flatMap((name) => [...readFileSync(new URL(`../../node_modules/@tensorflow/tfjs-converter/dist/operations/op_list/${name}`, import.meta.url), 'utf8').matchAll(/'tfOpName': '(\w+)'/g)].map(([, op]) => op))
    expect(names.length).toBeGreaterThan(200)
    expect(names.filter((name) => !OPERATIONS.has(name)).sort()).toEqual(['SimpleMLCreateModelResource', 'SimpleMLInferenceOpWithHandle', 'SimpleMLLoadModelFromPathWithHandle'])
  })
})

describe('block rows', () => {
  const wide = (units: number) => ({ format: 'layers-model', weightsManifest: [{ paths: [], weights: [{ name: 'w', shape: [units, 2], dtype: 'float32' }] }], modelTopology: { class_name: 'Sequential', config: { layers: [{ class_name: 'Dense', config: { name: 'd', units, batch_input_shape: [null, 1] } }, { class_name: 'RepeatVector', config: { name: 'r', n: 8 } }] } } })
  const rowsOf = (model: unknown) => checkModel(Buffer.from(JSON.stringify(model)), { original: 'model.json', maxMemoryBytes: 2 ** 32, memory: 'normal' }).blockRows

  it('are fewer where the values of a row are large', () => {
    expect(rowsOf(wide(10))).toBe(256)
    // 9 values of 4 bytes for each unit: 36 MiB per row, and 28 rows in a GiB.
    expect(rowsOf(wide(2 ** 20))).toBe(16)
  })
})
