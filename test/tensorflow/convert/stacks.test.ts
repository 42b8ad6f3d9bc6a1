/** @file Random stacks of layers, and models whose shape is more than a stack. */
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { convertDrawn, expectSame } from './compare.js'
import { words } from './layer-cases.js'
import { drawing, type Draw } from './save-layers.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const L = tf.layers
type Shape = readonly number[]
const size = (x: tf.SymbolicTensor): Shape => x.shape.slice(1) as number[]

/** What may follow a value of that shape, drawn. Only smooth activations, and no maxima after them: gradients are compared. */
function next(draw: Draw, x: tf.SymbolicTensor): tf.SymbolicTensor {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]
  const activation = pick(['tanh', 'sigmoid', 'elu', 'linear', 'swish', 'softplus'] as const) as 'tanh'
  const everywhere = [
    () => L.dense({ units: 1 + Math.floor(draw() * 4), activation }), () => L.batchNormalization(),
    // One feature alone is normalized to nothing, and its gradient is rounding.
    ...(size(x).at(-1) === 1 ? [] : [() => L.layerNormalization()]),
    () => L.activation({ activation }), () => L.dropout({ rate: 0.5 }),
    () => L.leakyReLU({ alpha: 0.2 }), () => L.prelu({}),
  ]
  const shape = size(x)
  const fits = Math.min(shape[0], shape[1] ?? 1) >= 3
  const images = [
    ...(fits ? [() => L.conv2d({ filters: 1 + Math.floor(draw() * 4), kernelSize: pick([1, 2, 3]), strides: pick([1, 2]), padding: pick(['same', 'valid'] as const), activation }), () => L.depthwiseConv2d({ kernelSize: 2, padding: 'same' }), () => L.averagePooling2d({ poolSize: 2, padding: 'valid' }), () => L.maxPooling2d({ poolSize: 2 })] : []),
    () => L.separableConv2d({ filters: 2, kernelSize: 2, padding: 'same' }), () => L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: pick([1, 2]) }), () => L.zeroPadding2d(), () => L.permute({ dims: [2, 1, 3] }),
    () => L.globalAveragePooling2d({}), () => L.flatten(), () => L.reshape({ targetShape: [shape[0] * (shape[1] ?? 1), shape[2] ?? 1] }),
  ]
  const steps = [
    () => L.lstm({ units: 3, returnSequences: draw() < 0.7, recurrentActivation: 'sigmoid' }), () => L.gru({ units: 2, returnSequences: draw() < 0.7, goBackwards: draw() < 0.5, recurrentActivation: 'sigmoid' }),
    () => L.simpleRNN({ units: 3, returnSequences: true }), () => L.bidirectional({ layer: L.gru({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' }) as never, mergeMode: pick(['concat', 'sum', 'mul'] as const) }),
    () => L.timeDistributed({ layer: L.dense({ units: 3, activation }) }), () => L.permute({ dims: [2, 1] }), () => L.globalAveragePooling1d(), () => L.conv1d({ filters: 2, kernelSize: 2, padding: 'same', activation }), () => L.flatten(),
  ]
  const vectors = [() => L.repeatVector({ n: 3 }), () => L.reshape({ targetShape: [1, ...shape] })]
  const choices: (() => tf.layers.Layer)[] = [...everywhere, ...everywhere, ...(shape.length === 3 ? [...images, ...images] : shape.length === 2 ? [...steps, ...steps] : vectors)]
  return pick(choices)().apply(x) as tf.SymbolicTensor
}

function stack(draw: Draw): tf.LayersModel {
  const inputs = tf.input({ shape: draw() < 0.6 ? [4 + Math.floor(draw() * 5), 4 + Math.floor(draw() * 5), 1 + Math.floor(draw() * 3)] : [3 + Math.floor(draw() * 4), 1 + Math.floor(draw() * 4)] })
  const values: tf.SymbolicTensor[] = [inputs]
  for (let i = 0; i < 7; i++) {
    const x = values[values.length - 1]
    const same = values.filter((other) => other !== x && JSON.stringify(size(other)) === JSON.stringify(size(x)))
    values.push(same.length > 0 && draw() < 0.5 ? (draw() < 0.5 ? L.add().apply([x, same[0]]) : L.concatenate().apply([same[0], x])) as tf.SymbolicTensor : next(draw, x))
  }
  return tf.model({ inputs, outputs: values[values.length - 1] })
}

/** TensorFlow.js' own gradient of this one ends in an error: a layer reads only the last of several steps. */
const NO_GRADIENT = new Set([17])

describe('random stacks', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => [seed]))('%i', async (seed) => {
    const draw = drawing(77_000 + seed)
    await expectSame(stack(draw), draw, NO_GRADIENT.has(seed) ? { gradient: 'differences' } : {})
  })
})

const operators = (nodes: readonly { opType: string }[], opType: string): number => nodes.filter((node) => node.opType === opType).length

describe('models that are more than a stack', () => {
  test('an image stays channels first from the first convolution to the last', async () => {
    const model = tf.sequential({ layers: [
      L.conv2d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 8, 3], activation: 'relu' }), L.batchNormalization(), L.maxPooling2d({ poolSize: 2 }),
      L.depthwiseConv2d({ kernelSize: 3, padding: 'same' }), L.reLU(), L.conv2d({ filters: 5, kernelSize: 1 }), L.dropout({ rate: 0.2 }), L.upSampling2d({}), L.globalAveragePooling2d({}), L.dense({ units: 3, activation: 'softmax' }),
    ] })
    const { graph } = await expectSame(model, drawing(1), { gradient: false })
    expect(operators(graph.nodes, 'Transpose')).toBe(1)
  })

  test('shared layers, nested models, several inputs and outputs', async () => {
    const [a, b] = [tf.input({ shape: [5], name: 'left' }), tf.input({ shape: [5], name: 'right' })]
    const shared = L.dense({ units: 3, activation: 'tanh', name: 'shared' })
    const inner = tf.sequential({ name: 'inner', layers: [L.dense({ units: 4, inputShape: [3], activation: 'sigmoid' }), L.batchNormalization()] })
    const twice = tf.model({ inputs: [a, b], outputs: [L.concatenate({ name: 'both' }).apply([inner.apply(shared.apply(a)) as tf.SymbolicTensor, inner.apply(shared.apply(b)) as tf.SymbolicTensor]) as tf.SymbolicTensor, shared.apply(a) as tf.SymbolicTensor] })
    const { graph } = await expectSame(twice, drawing(2))
    expect(graph.inputs.map(({ name }) => name)).toEqual(['left', 'right'])
    expect(graph.outputs[0].name).toBe('both')
    expect([...graph.initializers].filter(([, { dims }]) => dims.join() === '5,3')).toHaveLength(1)
  })

  test('a nested model of several inputs and outputs', async () => {
    const [p, q] = [tf.input({ shape: [3] }), tf.input({ shape: [2] })]
    const inner = tf.model({ inputs: [p, q], outputs: [L.dense({ units: 2 }).apply(p) as tf.SymbolicTensor, L.concatenate().apply([p, q]) as tf.SymbolicTensor], name: 'pair' })
    const [x, y] = [tf.input({ shape: [3] }), tf.input({ shape: [2] })]
    const [u, v] = inner.apply([x, y]) as tf.SymbolicTensor[]
    await expectSame(tf.model({ inputs: [y, x], outputs: L.concatenate().apply([v, u]) as tf.SymbolicTensor }), drawing(3))
  })

  test('words: an embedding whose mask goes through layers into recurrent ones', async () => {
    const draw = drawing(4)
    const model = tf.sequential({ layers: [
      L.embedding({ inputDim: 9, outputDim: 4, maskZero: true, inputLength: 6 }), L.dropout({ rate: 0.5 }), L.dense({ units: 3 }), L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true }) as never, mergeMode: 'concat' }), L.gru({ units: 2 }), L.dense({ units: 2, activation: 'softmax' }),
    ] })
    await expectSame(model, draw, { feed: words(draw, 9), gradient: false, batches: [1, 4] })
  })

  test('masks of two inputs are joined along the features', async () => {
    const draw = drawing(5)
    const [x, y] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })]
    const embed = (of: tf.SymbolicTensor) => L.embedding({ inputDim: 3, outputDim: 2, maskZero: true }).apply(of) as tf.SymbolicTensor
    const joined = L.concatenate().apply([embed(x), embed(y)]) as tf.SymbolicTensor
    await expectSame(tf.model({ inputs: [x, y], outputs: L.lstm({ units: 2, returnSequences: true }).apply(joined) as tf.SymbolicTensor }), draw, { feed: words(draw, 3), gradient: false, batches: [2, 5] })
  })

  test('an output that is an input, and one output twice', async () => {
    const x = tf.input({ shape: [3], name: 'same' })
    const y = L.dense({ units: 2, name: 'answer' }).apply(x) as tf.SymbolicTensor
    const { graph } = await expectSame(tf.model({ inputs: x, outputs: [x, y] }), drawing(6), { gradient: false })
    expect(graph.outputs.map(({ name }) => name)[1]).toBe('answer')
  })

  test('a batch that is fixed stays fixed', async () => {
    const { graph } = await expectSame(tf.sequential({ layers: [L.dense({ units: 2, batchInputShape: [4, 3] })] }), drawing(7), { batches: [4] })
    expect(graph.inputs[0].type).toMatchObject({ dims: [4, 3] })
  })

  test('names of classes and where the model comes from are kept', async () => {
    const model = tf.sequential({ layers: [L.dense({ units: 2, inputShape: [3], activation: 'softmax' })] })
    model.setUserDefinedMetadata({ labels: ['cat', 'dog'] })
    const { metadata } = await convertDrawn(model, drawing(8))
    expect(metadata['classes']).toBe('["cat","dog"]')
    expect(metadata['probity:converted-from']).toMatch(/^TensorFlow\.js layers-model, TensorFlow\.js tfjs-layers v4/)
  })
})
