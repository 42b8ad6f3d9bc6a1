/** @file Layers with their options, as models of one layer: what a converted model is held against TensorFlow.js with. */
import * as tf from '@tensorflow/tfjs'
import type { Comparison } from './compare.js'
import type { Draw } from './save-layers.js'

export type LayerCase = { readonly name: string; readonly model: () => tf.LayersModel } & Comparison

const L = tf.layers

/** One layer on one input. */
const alone = (inputShape: (number | null)[], make: () => tf.layers.Layer, dtype: 'float32' | 'int32' = 'float32') => (): tf.LayersModel => {
  const input = tf.input({ shape: inputShape, dtype })
  return tf.model({ inputs: input, outputs: make().apply(input) as tf.SymbolicTensor })
}
const several = (shapes: number[][], make: () => tf.layers.Layer) => (): tf.LayersModel => {
  const inputs = shapes.map((shape) => tf.input({ shape }))
  return tf.model({ inputs, outputs: make().apply(inputs) as tf.SymbolicTensor })
}
/** Whole numbers from 0. */
export const words = (draw: Draw, below: number) => (shape: readonly number[]): Float32Array => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.floor(draw() * below))

const LAST = 'channelsLast' as const
const FIRST = 'channelsFirst' as const

const activations = ['elu', 'hardSigmoid', 'linear', 'relu', 'relu6', 'selu', 'sigmoid', 'softmax', 'softplus', 'softsign', 'tanh', 'swish', 'mish', 'gelu', 'logSoftmax'] as const

function dense(): LayerCase[] {
  return [
    { name: 'Dense', model: alone([4], () => L.dense({ units: 3 })) },
    { name: 'Dense without bias on steps', model: alone([5, 4], () => L.dense({ units: 3, useBias: false, activation: 'tanh' })) },
    { name: 'Dense on images', model: alone([3, 2, 4], () => L.dense({ units: 2, activation: 'softmax' })) },
    { name: 'Dense on steps of any number', model: alone([null, 4], () => L.dense({ units: 3 })), gradient: false },
    ...activations.map((activation): LayerCase => ({ name: `Activation ${activation}`, model: alone([4, 5], () => L.activation({ activation: activation as 'relu' })) })),
    ...(['relu', 'elu', 'sigmoid', 'selu', 'softmax', 'gelu'] as const).map((activation): LayerCase => ({ name: `Dense ${activation}`, model: alone([6], () => L.dense({ units: 5, activation: activation as 'relu' })) })),
    { name: 'ReLU', model: alone([4, 3], () => L.reLU()) }, { name: 'ReLU with a maximum', model: alone([4, 3], () => L.reLU({ maxValue: 0.5 })) },
    { name: 'LeakyReLU', model: alone([4], () => L.leakyReLU()) }, { name: 'LeakyReLU alpha', model: alone([4, 3], () => L.leakyReLU({ alpha: 0.1 })) },
    { name: 'ELU', model: alone([4], () => L.elu()) }, { name: 'ELU on images', model: alone([4, 2, 2], () => L.elu({ alpha: 1 })) },
    { name: 'ThresholdedReLU', gradient: 'differences', feed: besideThresholds, model: alone([9], () => L.thresholdedReLU()) }, { name: 'ThresholdedReLU theta', gradient: 'differences', feed: besideThresholds, model: alone([3, 4], () => L.thresholdedReLU({ theta: 0.3 })) },
    { name: 'Softmax', model: alone([5], () => L.softmax()) }, { name: 'Softmax on images', model: alone([3, 4], () => L.softmax({ axis: -1 })) },
    { name: 'Softmax over two axes', model: alone([3, 4], () => L.softmax({ axis: [1, 2] } as never)) },
    { name: 'PReLU', model: alone([3, 4], () => L.prelu({})) }, { name: 'PReLU with shared axes', model: alone([3, 4, 2], () => L.prelu({ sharedAxes: [1, 2] })) },
    ...(['dropout', 'alphaDropout', 'gaussianDropout'] as const).flatMap((kind): LayerCase[] => [0.3, 0.9].map((rate) => ({ name: `${kind} ${rate}`, model: alone([4, 2], () => L[kind]({ rate })) }))),
    { name: 'GaussianNoise', model: alone([4], () => L.gaussianNoise({ stddev: 1 })) }, { name: 'GaussianNoise on steps', model: alone([4, 2], () => L.gaussianNoise({ stddev: 0.1 })) },
    { name: 'SpatialDropout1D', model: alone([4, 2], () => L.spatialDropout1d({ rate: 0.5 })) }, { name: 'SpatialDropout1D rarely', model: alone([4, 2], () => L.spatialDropout1d({ rate: 0.1 })) },
    { name: 'Flatten', model: alone([3, 4], () => L.flatten()) }, { name: 'Flatten channels first', model: alone([3, 4, 2], () => L.flatten({ dataFormat: FIRST })) },
    { name: 'Reshape', model: alone([3, 4], () => L.reshape({ targetShape: [2, 6] })) }, { name: 'Reshape with an open size', model: alone([3, 4], () => L.reshape({ targetShape: [2, -1, 3] })) },
    { name: 'Permute', model: alone([3, 4], () => L.permute({ dims: [2, 1] })) }, { name: 'Permute images', model: alone([3, 4, 2], () => L.permute({ dims: [3, 1, 2] })) },
    { name: 'RepeatVector', model: alone([3], () => L.repeatVector({ n: 4 })) }, { name: 'RepeatVector once', model: alone([5], () => L.repeatVector({ n: 1 })) },
    { name: 'Masking', model: alone([3, 2], () => L.masking()), feed: sparse, gradient: 'differences', kink: 0 }, { name: 'Masking another value', model: alone([3, 2], () => L.masking({ maskValue: 1 })), feed: sparse, gradient: 'differences', kink: 1 },
  ]
}

/** No value lies as close to 1 or to 0.3 as the steps of differences reach. */
const besideThresholds = (shape: readonly number[]): Float32Array => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 7) - 3.25)

/** Many zeros and ones, and steps that are nothing else. */
const sparse = (shape: readonly number[]): Float32Array => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => [0, 0, 1, 1, 0.5, 0, -2, 1, 0, 0][i % 10])

function embeddings(draw: Draw): LayerCase[] {
  return [
    { name: 'Embedding', model: alone([5], () => L.embedding({ inputDim: 7, outputDim: 3 })), feed: words(draw, 7), gradient: false },
    { name: 'Embedding of int32 with a mask', model: alone([2, 3], () => L.embedding({ inputDim: 4, outputDim: 2, maskZero: true }), 'int32'), feed: words(draw, 4) },
  ]
}

function convolutions(): LayerCase[] {
  const cases: LayerCase[] = []
  for (const padding of ['valid', 'same'] as const) {
    for (const [strides, dilationRate] of [[1, 1], [2, 1], [1, 2], [3, 1]]) {
      const options = { kernelSize: 3, strides, dilationRate, padding }
      const name = `${padding}, strides ${strides}, dilation ${dilationRate}`
      // TensorFlow.js has no gradient of a dilated convolution.
      const gradient = dilationRate === 1 ? true : 'differences'
      cases.push({ name: `Conv1D ${name}`, gradient, model: alone([9, 2], () => L.conv1d({ filters: 3, ...options, activation: dilationRate === 1 ? 'relu' : 'tanh' })) })
      for (const dataFormat of [LAST, FIRST]) {
        cases.push({ name: `Conv2D ${name} ${dataFormat}`, gradient, model: alone(dataFormat === LAST ? [8, 7, 2] : [2, 8, 7], () => L.conv2d({ filters: 3, ...options, dataFormat, activation: 'tanh' })) })
        cases.push({ name: `SeparableConv2D ${name} ${dataFormat}`, gradient, model: alone(dataFormat === LAST ? [8, 7, 2] : [2, 8, 7], () => L.separableConv2d({ filters: 3, ...options, dataFormat, depthMultiplier: 2, useBias: dataFormat === LAST, activation: 'softmax' })) })
      }
      cases.push({ name: `Conv3D ${name}`, gradient, model: alone([5, 6, 7, 2], () => L.conv3d({ filters: 3, ...options })) })
    }
    for (const strides of [1, 2, 3, 4]) {
      for (const dataFormat of [LAST, FIRST]) {
        const shape = dataFormat === LAST ? [4, 5, 2] : [2, 4, 5]
        cases.push({ name: `Conv2DTranspose ${padding}, strides ${strides} ${dataFormat}`, model: alone(shape, () => L.conv2dTranspose({ filters: 3, kernelSize: [3, 2], strides, padding, dataFormat, activation: 'sigmoid' })) })
        cases.push({ name: `DepthwiseConv2D ${padding}, strides ${strides} ${dataFormat}`, model: alone(dataFormat === LAST ? [6, 7, 3] : [3, 6, 7], () => L.depthwiseConv2d({ kernelSize: [3, 2], strides: [strides, strides], padding, dataFormat, depthMultiplier: 2, activation: 'relu' })) })
      }
      if (strides <= 2 || padding === 'valid') cases.push({ name: `Conv3DTranspose ${padding}, strides ${strides}`, gradient: 'differences', model: alone([3, 4, 2, 2], () => conv3dTranspose({ filters: 3, kernelSize: [3, 2, 2], strides, padding })) })
    }
  }
  cases.push({ name: 'Conv2D of any size', model: alone([null, null, 2], () => L.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', useBias: false })), gradient: false, open: 6 })
  cases.push({ name: 'Conv2D of any odd size', model: alone([null, null, 2], () => L.conv2d({ filters: 3, kernelSize: 2, strides: 1, padding: 'same' })), gradient: false, open: 7 })
  cases.push({ name: 'Conv3D channels first', model: alone([2, 5, 4, 6], () => L.conv3d({ filters: 3, kernelSize: 2, dataFormat: FIRST })) })
  cases.push({ name: 'Conv2D channels first with softmax', model: alone([2, 5, 4], () => L.conv2d({ filters: 3, kernelSize: 2, dataFormat: FIRST, activation: 'softmax' })) })
  for (const dataFormat of [LAST, FIRST]) {
    cases.push({ name: `Cropping2D ${dataFormat}`, model: alone([5, 6, 7], () => L.cropping2D({ cropping: [[1, 2], [0, 1]], dataFormat })) })
    cases.push({ name: `ZeroPadding2D ${dataFormat}`, model: alone([3, 4, 2], () => L.zeroPadding2d({ padding: [[1, 2], [0, 3]], dataFormat })) })
    for (const interpolation of ['nearest', 'bilinear'] as const) cases.push({ name: `UpSampling2D ${interpolation} ${dataFormat}`, gradient: 'differences', model: alone([3, 4, 2], () => L.upSampling2d({ size: [2, 3], interpolation, dataFormat })) })
  }
  cases.push({ name: 'Cropping2D by one number', model: alone([5, 6, 2], () => L.cropping2D({ cropping: 1 as never })) }, { name: 'ZeroPadding2D by one', model: alone([2, 3, 2], () => L.zeroPadding2d()) })
  return cases
}

/** Registered, and missing among the functions that make layers. */
function conv3dTranspose(args: object): tf.layers.Layer {
  const classes = (tf.serialization as unknown as { SerializationMap: { getMap(): { classNameMap: Record<string, [new (args: object) => tf.layers.Layer]> } } }).SerializationMap.getMap().classNameMap
  return new classes['Conv3DTranspose'][0](args)
}

function pooling(): LayerCase[] {
  const cases: LayerCase[] = []
  for (const padding of ['valid', 'same'] as const) {
    for (const [poolSize, strides] of [[2, 2], [3, 2], [3, 1]]) {
      const name = `${padding} ${poolSize}/${strides}`
      // TensorFlow.js' gradient of averages divides by the whole window where part of it is padding.
      const averages = padding === 'valid' ? true : 'differences'
      cases.push({ name: `MaxPooling1D ${name}`, model: alone([7, 2], () => L.maxPooling1d({ poolSize, strides, padding })) })
      cases.push({ name: `AveragePooling1D ${name}`, gradient: averages, model: alone([7, 2], () => L.averagePooling1d({ poolSize, strides, padding })) })
      for (const dataFormat of [LAST, FIRST]) {
        cases.push({ name: `MaxPooling2D ${name} ${dataFormat}`, model: alone([6, 7, 5], () => L.maxPooling2d({ poolSize, strides, padding, dataFormat })) })
        cases.push({ name: `AveragePooling2D ${name} ${dataFormat}`, gradient: averages, model: alone([6, 7, 5], () => L.averagePooling2d({ poolSize, strides, padding, dataFormat })) })
      }
      cases.push({ name: `MaxPooling3D ${name}`, model: alone([4, 5, 6, 2], () => L.maxPooling3d({ poolSize, strides: strides as never, padding })) })
      cases.push({ name: `AveragePooling3D ${name}`, gradient: averages, model: alone([4, 5, 6, 2], () => L.averagePooling3d({ poolSize, strides: strides as never, padding })) })
    }
  }
  for (const dataFormat of [LAST, FIRST]) {
    cases.push({ name: `GlobalMaxPooling2D ${dataFormat}`, model: alone([3, 4, 5], () => L.globalMaxPooling2d({ dataFormat })) }, { name: `GlobalAveragePooling2D ${dataFormat}`, model: alone([3, 4, 5], () => L.globalAveragePooling2d({ dataFormat })) })
  }
  for (const shape of [[4, 3], [1, 5]]) {
    cases.push({ name: `GlobalMaxPooling1D [${shape.join()}]`, model: alone(shape, () => L.globalMaxPooling1d()) }, { name: `GlobalAveragePooling1D [${shape.join()}]`, model: alone(shape, () => L.globalAveragePooling1d()) })
  }
  return cases
}

/** TensorFlow.js' cpu backend repeats means and variances along the last axis whatever the axis is, so its batch normalization is put together from smaller steps. */
function normalizedAlong(axis: number, options: object): LayerCase {
  let layer: tf.layers.Layer
  const model = alone([3, 4, 5], () => (layer = L.batchNormalization({ axis, ...options })))
  const reference = ([x]: tf.Tensor[]): tf.Tensor[] => [tf.tidy(() => {
    const shape = x.shape.map((size, at) => (at === axis ? size : 1))
    const weight = (name: string) => layer.weights.find((variable) => variable.originalName.endsWith(`/${name}`))?.read().reshape(shape)
    const normal = tf.div(tf.sub(x, weight('moving_mean') ?? 0), tf.sqrt(tf.add(weight('moving_variance') ?? 1, 1e-3)))
    return tf.add(tf.mul(normal, weight('gamma') ?? 1), weight('beta') ?? 0)
  })]
  return { name: `BatchNormalization along axis ${axis}`, model, reference, gradient: 'differences' }
}

function normalization(): LayerCase[] {
  return [
    { name: 'BatchNormalization', model: alone([4], () => L.batchNormalization()) },
    { name: 'BatchNormalization on images', model: alone([3, 4, 5], () => L.batchNormalization({ epsilon: 0.1 })) },
    normalizedAlong(1, { scale: false }),
    { name: 'BatchNormalization of steps', gradient: 'differences', model: alone([3, 4], () => L.batchNormalization({ axis: 2, center: false })) },
    normalizedAlong(2, { center: false, scale: false }),
    { name: 'LayerNormalization', model: alone([5], () => L.layerNormalization()) },
    { name: 'LayerNormalization of steps', gradient: 'differences', model: alone([3, 5], () => L.layerNormalization({ axis: -1, epsilon: 0.01, scale: false })) },
    { name: 'LayerNormalization over two axes', gradient: 'differences', model: alone([3, 5], () => L.layerNormalization({ axis: [1, 2], center: false })) },
    { name: 'LayerNormalization of the first axis', model: alone([3, 5], () => L.layerNormalization({ axis: 1 })) },
  ]
}

/** Values of different inputs lie further apart than the steps of differences. */
const apart = (shape: readonly number[], input: string): Float32Array => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7) % 11) * 0.9 - 4 + (Number(input.replace('input', '')) % 3) * 0.3)

function merging(): LayerCase[] {
  const simple = { Add: L.add, Average: L.average, Maximum: L.maximum, Minimum: L.minimum, Multiply: L.multiply }
  return [
    ...Object.entries(simple).flatMap(([name, make]): LayerCase[] => [
      { name, model: several([[3], [3]], () => make()) },
      { name: `${name} of three images`, ...(name.endsWith('imum') && { gradient: 'differences' as const, feed: apart }), model: several([[3, 2, 2], [3, 2, 2], [1, 1, 2]], () => make()) },
      { name: `${name} of different ranks`, ...(name.endsWith('imum') && { gradient: 'differences' as const, feed: apart }), model: several([[3, 2], [2]], () => make()) },
    ]),
    { name: 'Concatenate', model: several([[3, 2], [3, 4], [3, 1]], () => L.concatenate()) },
    { name: 'Concatenate steps', model: several([[3, 2], [4, 2]], () => L.concatenate({ axis: 1 })) },
    { name: 'Dot', model: several([[4], [4]], () => L.dot({ axes: 1 })) },
    { name: 'Dot of unit vectors', model: several([[4], [4]], () => L.dot({ axes: -1, normalize: true })) },
    { name: 'Dot of matrices', model: several([[3, 4], [5, 4]], () => L.dot({ axes: 2 })) },
    { name: 'Dot of matrices along different axes', model: several([[4, 3], [5, 4]], () => L.dot({ axes: [1, 2], normalize: true })) },
    { name: 'Dot of matrices along the last and the first', model: several([[3, 4], [4, 5]], () => L.dot({ axes: [2, 1] })) },
    { name: 'Dot of a matrix and a vector', model: several([[3, 4], [4]], () => L.dot({ axes: [2, 1] })) },
    { name: 'Dot of a vector and a matrix', model: several([[4], [4, 3]], () => L.dot({ axes: [1, 1] })) },
  ]
}

function recurrent(): LayerCase[] {
  const kinds = { SimpleRNN: L.simpleRNN, GRU: L.gru, LSTM: L.lstm }
  const cells = { SimpleRNNCell: L.simpleRNNCell, GRUCell: L.gruCell, LSTMCell: L.lstmCell }
  const options: [string, object][] = [
    ['', {}], ['sequences', { returnSequences: true }], ['backwards', { goBackwards: true, returnSequences: true }], ['last of backwards', { goBackwards: true, recurrentActivation: 'sigmoid' }],
    ['relu without bias', { activation: 'relu', useBias: false, returnSequences: true }], ['of steps', { activation: 'selu', recurrentActivation: 'swish', returnSequences: true }],
    ['states', { returnState: true, returnSequences: true }], ['linear', { activation: 'linear', recurrentActivation: 'softsign' }], ['states of backwards steps', { activation: 'swish', goBackwards: true, returnState: true }],
    ['softplus and elu', { activation: 'softplus', recurrentActivation: 'elu' }],
  ]
  const all = Object.entries(kinds).flatMap(([name, make]): LayerCase[] => options.map(([what, more]) => ({ name: `${name} ${what}`, model: alone([5, 3], () => (make as (args: object) => tf.layers.Layer)({ units: 4, ...more })) })))
  const masked = Object.entries(kinds).flatMap(([name, make]): LayerCase[] => [{}, { returnSequences: true, goBackwards: true }].map((more, i) => ({
    name: `${name} masked ${i}`, feed: sparse, gradient: 'differences', kink: 0, model: () => tf.sequential({ layers: [L.masking({ inputShape: [5, 2] }), (make as (args: object) => tf.layers.Layer)({ units: 3, recurrentActivation: 'sigmoid', ...more })] }),
  })))
  const single = Object.entries(cells).flatMap(([name, make]): LayerCase[] => [true, false].map((returnSequences) => ({ name: `RNN ${name} ${returnSequences}`, model: alone([4, 3], () => L.rnn({ cell: (make as (args: object) => ReturnType<typeof L.lstmCell>)({ units: 3 }), returnSequences }) as tf.layers.Layer) })))
  const stacked = [true, false].map((returnState): LayerCase => ({ name: `RNN of stacked cells ${returnState}`, model: alone([4, 3], () => L.rnn({ cell: [L.lstmCell({ units: 3 }), L.gruCell({ units: 2 }), L.simpleRNNCell({ units: 4 })] as never, returnSequences: !returnState, returnState }) as tf.layers.Layer) }))
  stacked.push({ name: 'RNN of StackedRNNCells', model: alone([4, 3], () => L.rnn({ cell: L.stackedRNNCells({ cells: [L.lstmCell({ units: 3 }), L.lstmCell({ units: 2 })] }) as never, goBackwards: true }) as tf.layers.Layer) })
  const open = Object.entries(kinds).map(([name, make]): LayerCase => ({ name: `${name} of any length`, gradient: false, model: alone([null, 3], () => (make as (args: object) => tf.layers.Layer)({ units: 4, returnSequences: true })) }))
  const initial = Object.entries(kinds).map(([name, make]): LayerCase => ({
    name: `${name} with initial states`, gradient: 'differences',
    model: () => {
      const [x, ...states] = [tf.input({ shape: [4, 3] }), tf.input({ shape: [2] }), ...(name === 'LSTM' ? [tf.input({ shape: [2] })] : [])]
      const layer = (make as (args: object) => tf.layers.Layer)({ units: 2, returnState: true, recurrentActivation: 'sigmoid' })
      return tf.model({ inputs: [x, ...states], outputs: layer.apply([x, ...states]) as tf.SymbolicTensor[] })
    },
  }))
  const images = ([[LAST, 'same', {}], [FIRST, 'valid', { returnSequences: true }], [LAST, 'valid', { strides: 2, goBackwards: true, returnSequences: true, useBias: false }], [LAST, 'valid', { dilationRate: 2, returnState: true, activation: 'relu' }]] as const).map(([dataFormat, padding, more]): LayerCase => ({
    name: `ConvLSTM2D ${dataFormat} ${padding} ${JSON.stringify(more)}`, gradient: dataFormat === LAST && !('dilationRate' in more),
    model: alone(dataFormat === LAST ? [3, 6, 5, 2] : [3, 2, 6, 5], () => L.convLstm2d({ filters: 3, kernelSize: [3, 2], dataFormat, padding, ...more } as never)),
  }))
  return [...all, ...masked, ...single, ...stacked, ...open, ...initial, ...images]
}

function wrappers(): LayerCase[] {
  const modes = ['concat', 'sum', 'ave', 'mul', null] as const
  const bidirectional = modes.flatMap((mergeMode): LayerCase[] => [true, false].map((returnSequences) => ({
    name: `Bidirectional ${mergeMode} ${returnSequences}`,
    model: alone([4, 3], () => L.bidirectional({ layer: L.lstm({ units: 3, returnSequences }) as never, mergeMode: mergeMode as never })),
  })))
  const distributed = (name: string, shape: (number | null)[], layer: () => tf.layers.Layer, more: Partial<LayerCase> = {}): LayerCase => ({ name: `TimeDistributed ${name}`, model: alone(shape, () => L.timeDistributed({ layer: layer() })), ...more })
  return [
    ...bidirectional,
    { name: 'Bidirectional of a backwards GRU', model: alone([4, 3], () => L.bidirectional({ layer: L.gru({ units: 3, returnSequences: true, goBackwards: true }) as never, mergeMode: 'concat' })) },
    { name: 'Bidirectional with states', model: alone([4, 3], () => L.bidirectional({ layer: L.simpleRNN({ units: 2, returnSequences: true, returnState: true }) as never, mergeMode: 'sum' })) },
    { name: 'Bidirectional masked', feed: sparse, gradient: 'differences', kink: 0, model: () => tf.sequential({ layers: [L.masking({ inputShape: [5, 2] }), L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true }) as never, mergeMode: 'concat' }), L.gru({ units: 2 })] }) },
    distributed('Dense', [4, 3], () => L.dense({ units: 2, activation: 'relu' })),
    distributed('Conv2D', [3, 6, 5, 2], () => L.conv2d({ filters: 3, kernelSize: 3 })),
    distributed('Flatten', [3, 2, 2], () => L.flatten()),
    distributed('LSTM', [2, 4, 3], () => L.lstm({ units: 3 })),
    distributed('LSTM over any number', [null, 4, 3], () => L.lstm({ units: 3, returnSequences: true }), { gradient: false }),
    distributed('BatchNormalization', [3, 4], () => L.batchNormalization()),
    distributed('Bidirectional', [2, 4, 3], () => L.bidirectional({ layer: L.gru({ units: 3 }) as never, mergeMode: 'ave' })),
    distributed('a model', [3, 4], () => tf.sequential({ layers: [L.dense({ units: 5, inputShape: [4], activation: 'tanh' }), L.dense({ units: 2 })] })),
  ]
}

function preprocessing(draw: Draw): LayerCase[] {
  const extra = L as unknown as Record<'rescaling' | 'centerCrop' | 'resizing' | 'categoryEncoding', (args: object) => tf.layers.Layer>
  const crops = [[4, 4, 8, 8], [3, 5, 8, 8], [8, 8, 8, 8], [5, 3, 9, 4], [10, 12, 6, 8], [1, 1, 5, 5]].map(([height, width, rows, columns]): LayerCase => ({
    // Sampling by crop-and-resize has no gradient in TensorFlow.js.
    name: `CenterCrop ${height}×${width} of ${rows}×${columns}`, model: alone([rows, columns, 2], () => extra.centerCrop({ height, width })), gradient: false,
  }))
  // Within a model TensorFlow.js gives these layers something that they cannot read, or saves the shape of their input wrongly, so they are asked by themselves.
  const byItself = (shape: number[], make: () => tf.layers.Layer): Pick<LayerCase, 'model' | 'reference' | 'edit'> => ({
    model: alone(shape, make),
    reference: ([x]) => [make().apply(x) as tf.Tensor],
    edit: ({ config }) => {
      const [input] = (config as { layers: { config: Record<string, unknown> }[] }).layers
      input.config['batch_input_shape'] = [null, ...shape]
    },
  })
  const sizes = [[4, 6], [7, 3], [1, 9]].flatMap(([height, width]) => ['bilinear', 'nearest'].flatMap((interpolation) => [true, false].map((cropToAspectRatio): LayerCase => ({
    name: `Resizing ${interpolation} ${height}×${width} ${cropToAspectRatio}`, gradient: 'differences', ...byItself([5, 4, 2], () => extra.resizing({ height, width, interpolation, cropToAspectRatio })),
  }))))
  const encoded = (['multiHot', 'count', 'oneHot', 'int'] as const).flatMap((outputMode): LayerCase[] => [4, 9].map((numTokens) => ({
    name: `CategoryEncoding ${outputMode} of ${numTokens}`, gradient: false, feed: words(draw, 4), batches: [2, 3],
    ...byItself([outputMode === 'oneHot' ? 1 : 3], () => extra.categoryEncoding({ numTokens, outputMode })),
  })))
  return [
    { name: 'Rescaling', model: alone([3, 4, 2], () => extra.rescaling({ scale: 1 / 127.5, offset: -1 })) },
    { name: 'Rescaling of int32', model: alone([4], () => extra.rescaling({ scale: 2 }), 'int32'), feed: words(draw, 9) },
    ...crops, ...sizes, ...encoded,
  ]
}

export const layerCases = (draw: Draw): LayerCase[] => [...dense(), ...embeddings(draw), ...convolutions(), ...pooling(), ...normalization(), ...merging(), ...recurrent(), ...wrappers(), ...preprocessing(draw)]
