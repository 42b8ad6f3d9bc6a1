/** @file Every class that TensorFlow.js registers is converted or refused by name, and every refusal says why. */
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { ProbityError } from '../../../src/contracts/errors.js'
import { conversionOf, convertLayersModel } from '../../../src/tensorflow/index.js'
import { LAYERS } from '../../../src/tensorflow/convert/layers/index.js'
import { isContainer } from '../../../src/tensorflow/convert/topology.js'
import { layerCases } from './layer-cases.js'
import { drawing, saved } from './save-layers.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const L = tf.layers
type Registered = { readonly prototype: object }

/** Classes of layers, by name, without the abstract ones. */
function registeredLayers(): string[] {
  const { classNameMap } = (tf.serialization as unknown as { SerializationMap: { getMap(): { classNameMap: Record<string, [Registered, unknown]> } } }).SerializationMap.getMap()
  return Object.entries(classNameMap).filter(([, [found]]) => found.prototype instanceof L.Layer).map(([name]) => name)
}

/** Parts of recurrent layers, which a model cannot hold by themselves. */
const CELLS = ['SimpleRNNCell', 'GRUCell', 'LSTMCell', 'StackedRNNCells', 'ConvLSTM2DCell']
const REFUSED = ['RandomWidth']

describe('the classes of layers', () => {
  test('all of them are known', () => {
    const names = registeredLayers()
    expect(names.length).toBeGreaterThan(60)
    const unknown = names.filter((name) => !LAYERS.has(name) && !isContainer(name) && name !== 'InputLayer' && !CELLS.includes(name))
    expect(unknown, 'neither converted nor refused by name').toEqual([])
  })

  test('each that is converted is held against TensorFlow.js with at least two sets of options', () => {
    const count = new Map<string, number>()
    const note = (name: string) => count.set(name, (count.get(name) ?? 0) + 1)
    for (const { model } of layerCases(drawing(1))) for (const layer of model().layers) note(layer.getClassName())
    const wanted = registeredLayers().filter((name) => LAYERS.has(name) && !REFUSED.includes(name))
    expect(wanted.filter((name) => (count.get(name) ?? 0) < 2)).toEqual([])
  })
})

const one = (layer: tf.layers.Layer): tf.Sequential => tf.sequential({ layers: [layer] })
/** The first layer that is no input, as it is saved. */
type Saved = { class_name: string; config: Record<string, unknown>; inbound_nodes?: unknown[] }
const setting = (key: string, value: unknown) => ([layer]: Saved[]) => void (layer.config[key] = value)
const nothing = () => undefined

describe('what is refused, in one error that names the layer', () => {
  const image = { inputShape: [6, 6, 2] }
  const steps = { inputShape: [4, 3] }
  const cases: { name: string; model: () => tf.LayersModel; edit: (layers: Saved[]) => void; says: RegExp }[] = [
    { name: 'an unknown class', model: () => one(L.dense({ units: 2, inputShape: [3], name: 'odd' })), edit: ([layer]) => void (layer.class_name = 'Telepathy'), says: /Telepathy "odd": this class is none of TensorFlow\.js' layers/ },
    { name: 'a hostile class', model: () => one(L.dense({ units: 2, inputShape: [3] })), edit: ([layer]) => void (layer.class_name = '__proto__'), says: /__proto__ "/ },
    { name: 'Lambda', model: () => one(L.dense({ units: 2, inputShape: [3] })), edit: ([layer]) => void (layer.class_name = 'Lambda'), says: /Lambda "[^"]+": it is code/ },
    { name: 'an unknown activation', model: () => one(L.dense({ units: 2, inputShape: [3] })), edit: setting('activation', 'magic'), says: /activation "magic"/ },
    { name: 'a stateful layer', model: () => one(L.lstm({ units: 2, ...steps })), edit: setting('stateful', true), says: /stateful/ },
    { name: 'a depthwise dilation', model: () => one(L.depthwiseConv2d({ kernelSize: 2, ...image })), edit: setting('dilation_rate', 2), says: /ignores its dilation_rate/ },
    { name: 'a transposed dilation', model: () => one(L.conv2dTranspose({ filters: 1, kernelSize: 2, ...image })), edit: setting('dilation_rate', [2, 2]), says: /ignores its dilation_rate/ },
    { name: 'groups', model: () => one(L.conv2d({ filters: 1, kernelSize: 2, ...image })), edit: setting('groups', 2), says: /groups/ },
    { name: 'a sequence with channels first', model: () => one(L.conv1d({ filters: 1, kernelSize: 2, ...steps })), edit: setting('data_format', 'channels_first'), says: /channels last/ },
    { name: 'a separable bias with channels first', model: () => one(L.separableConv2d({ filters: 1, kernelSize: 2, inputShape: [2, 6, 6], dataFormat: 'channelsFirst', useBias: false })), edit: setting('use_bias', true), says: /bias to the wrong axis/ },
    { name: 'a narrow window in three dimensions', model: () => one(L.maxPooling3d({ poolSize: 2, inputShape: [6, 6, 7, 2] })), edit: ([layer]) => Object.assign(layer.config, { padding: 'same', strides: [4, 4, 4], pool_size: [1, 1, 1] }), says: /narrower than its stride/ },
    { name: 'a negative slope', model: () => one(L.reLU(steps as never)), edit: setting('negative_slope', 0.1), says: /negative_slope/ },
    { name: 'a random layer', model: () => one(L.leakyReLU(image)), edit: ([layer]) => void (layer.class_name = 'RandomWidth'), says: /random whenever/ },
    { name: 'sums over the batch', model: () => { const xs = [tf.input({ shape: [3] }), tf.input({ shape: [3] })]; return tf.model({ inputs: xs, outputs: L.dot({ axes: 1, name: 'd' }).apply(xs) as tf.SymbolicTensor }) }, edit: (layers) => void (layers[2].config['axes'] = 0), says: /over the rows of the batch/ },
    { name: 'arguments of a call', model: () => { const x = tf.input({ shape: [3] }); return tf.model({ inputs: x, outputs: L.dense({ units: 2 }).apply(x) as tf.SymbolicTensor }) }, edit: (layers) => void ((layers[1].inbound_nodes as unknown[][][])[0][0][3] = { initial_state: [['a', 0, 0]] }), says: /passes over the arguments.*initial_state/ },
    { name: 'a mask of another layer', model: () => tf.sequential({ layers: [L.masking(steps), L.lstm({ units: 2 }), L.repeatVector({ n: 4 }), L.lstm({ units: 2, name: 'second' })] }), edit: nothing, says: /LSTM "second": TensorFlow\.js hands it the mask of another layer/ },
    { name: 'a mask through Add', model: () => { const x = tf.input({ shape: [4, 3] }); const m = L.masking({}).apply(x) as tf.SymbolicTensor; return tf.model({ inputs: x, outputs: L.gru({ units: 2 }).apply(L.add().apply([m, m]) as tf.SymbolicTensor) as tf.SymbolicTensor }) }, edit: nothing, says: /its mask comes through/ },
    { name: 'a mask around a model', model: () => tf.sequential({ layers: [L.masking(steps), tf.sequential({ name: 'inner', layers: [L.lstm({ units: 2, ...steps })] })] }), edit: nothing, says: /"inner": TensorFlow\.js hands the mask/ },
    { name: 'a weight of another size', model: () => one(L.dense({ units: 2, inputShape: [3] })), edit: setting('units', 5), says: /weight "kernel" is \[3, 2\], where its input needs \[3, 5\]/ },
    { name: 'a size that is none', model: () => one(L.dense({ units: 2, inputShape: [3] })), edit: setting('units', -1), says: /its units is -1/ },
    { name: 'a missing weight', model: () => one(L.dense({ units: 2, inputShape: [3] })), edit: setting('name', 'other'), says: /no weight "other\/kernel"/ },
  ]
  test.each(cases)('$name', async ({ model, edit, says }) => {
    const { model: json, weights } = await saved(model())
    const topology = structuredClone(json.topology) as { config: { layers: Saved[] } }
    edit(topology.config.layers)
    const changed = { ...json, topology: topology as unknown as typeof json.topology }
    const { converted, obstacles } = conversionOf(changed, weights)
    expect(converted).toBeNull()
    expect(obstacles.join(' ')).toMatch(says)
    expect(() => convertLayersModel(changed, weights)).toThrow(ProbityError)
    expect(() => convertLayersModel(changed, weights)).toThrow(says)
  })

  test('every layer at once, also behind another', async () => {
    const model = tf.sequential({ layers: [L.dense({ units: 2, inputShape: [3], name: 'a' }), L.dense({ units: 2, name: 'b' }), L.dense({ units: 2, name: 'c' })] })
    const { model: json, weights } = await saved(model)
    const topology = structuredClone(json.topology) as { config: { layers: Saved[] } }
    const [a, , c] = topology.config.layers
    a.class_name = 'Lambda'
    c.config['activation'] = 'magic'
    const { obstacles } = conversionOf({ ...json, topology: topology as unknown as typeof json.topology }, weights)
    expect(obstacles).toEqual([expect.stringContaining('Lambda "a"'), expect.stringContaining('Dense "c": its activation "magic"')])
  })
})

describe('topologies that no model has', () => {
  const layer = (name: string, inbound: unknown) => ({ name, class_name: 'Dense', config: { name, units: 1 }, inbound_nodes: inbound })
  const input = { name: 'x', class_name: 'InputLayer', config: { batch_input_shape: [null, 1], dtype: 'float32', name: 'x' }, inbound_nodes: [] }
  const model = (layers: unknown[], output: unknown = ['a', 0, 0]) => ({ class_name: 'Model', config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [output] } })
  let nested: unknown = { class_name: 'Sequential', config: { name: 's', layers: [{ class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 1] } }] } }
  for (let i = 0; i < 200; i++) nested = { class_name: 'Sequential', config: { name: `s${i}`, layers: [nested] } }
  test.each([
    ['a cycle', model([input, layer('a', [[['b', 0, 0, {}]]]), layer('b', [[['a', 0, 0, {}]]])]), /needs its own output/],
    ['a layer that is missing', model([input, layer('a', [[['nowhere', 0, 0, {}]]])]), /"nowhere", which does not exist/],
    ['a call that is missing', model([input, layer('a', [[['x', 7, 0, {}]]])]), /call 7/],
    ['an output that is missing', model([input, layer('a', [[['x', 0, 3, {}]]])]), /output 3/],
    ['two layers of one name', model([input, layer('a', [[['x', 0, 0, {}]]]), layer('a', [[['x', 0, 0, {}]]])]), /two layers are named "a"/],
    ['calls that are no lists', model([input, layer('a', [{ args: [], kwargs: {} }])]), /no list/],
    ['models too deep in each other', nested, /deep in each other/],
    ['another class', { class_name: 'Dense', config: {} }, /class is "Dense"/],
    ['no shape of the input', model([{ ...input, config: { name: 'x' } }, layer('a', [[['x', 0, 0, {}]]])]), /states no shape/],
  ])('%s', (_, topology, says) => {
    const json = { format: 'layers-model' as const, topology: topology as Record<string, unknown>, weightsManifest: [], generatedBy: '', convertedBy: '', signature: null, userDefinedMetadata: null }
    expect(() => convertLayersModel(json, new Map())).toThrow(says)
    expect(() => convertLayersModel(json, new Map())).toThrow(ProbityError)
  })
})
