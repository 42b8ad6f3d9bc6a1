/** @file The topology of a LayersModel: which layers it holds, how they hang together, and what they would take, before TensorFlow.js builds any. */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit, type PreflightLimits } from '../../graph/index.js'
import { findCircle } from './circles.js'
import { cellsOf, outputShape, weightElements } from './layer-shapes.js'
import { isObject, layerOf, listOf, statedShape, type Json, type Layer, type Shape } from './layer-settings.js'
import { checkName, type ManifestSummary } from './manifest.js'

const MODELS: ReadonlySet<string> = new Set(['Sequential', 'Functional', 'Model'])
/** Those that TensorFlow.js 4.22 has. A registered class of somebody's own would be code. */
const LAYERS: ReadonlySet<string> = new Set(`InputLayer Dense Activation Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout Flatten Reshape Permute RepeatVector Embedding Masking Add Average Concatenate Maximum Minimum
  Multiply Dot Conv1D Conv2D Conv3D Conv2DTranspose Conv3DTranspose DepthwiseConv2D SeparableConv2D Cropping2D UpSampling2D ZeroPadding2D MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalAveragePooling1D
  GlobalMaxPooling1D GlobalAveragePooling2D GlobalMaxPooling2D BatchNormalization LayerNormalization ReLU LeakyReLU PReLU ELU ThresholdedReLU Softmax SimpleRNN GRU LSTM RNN SimpleRNNCell GRUCell LSTMCell StackedRNNCells ConvLSTM2D ConvLSTM2DCell Bidirectional
  TimeDistributed Rescaling CenterCrop CategoryEncoding Resizing RandomWidth`.split(/\s+/))
const BYTES_PER_ELEMENT = 4

type Count = { readonly limits: PreflightLimits; layers: number; weights: number; elementsPerRow: number; complete: boolean; readonly weighed: Set<Json> }

/**
 * @returns bytes of all values that one row makes, and whether every layer's size was known
 * @throws ProbityError `tensorflow/layer`, `tensorflow/malformed`, or `preflight/<limit>`
 */
export function checkLayersModel(topology: Json, { elements }: ManifestSummary, limits: PreflightLimits): { readonly bytesPerRow: number; readonly complete: boolean } {
  const model = layerOf(topology['model_config'] ?? topology['modelConfig'] ?? topology)
  if (!model || !MODELS.has(model.className)) throw malformed(`its topology is ${model ? `a ${model.className}` : 'no model'}, not a Sequential or functional one`)
  const count: Count = { limits, layers: 0, weights: 0, elementsPerRow: 0, complete: true, weighed: new Set() }
  checkModel(count, model, [], 0)
  const asked = count.weights * BYTES_PER_ELEMENT
  if (asked > limits.maxMemoryBytes) overLimit('maxMemoryBytes', `The model's layers make weights of ${asked} bytes`, limits)
  // Layers fill their weights with random numbers before the file's are read. Some room, for what is counted more than once.
  if (count.weights > 2 * elements + ROOM) throw malformed(`its layers make ${count.weights} weights, and the file holds ${elements}`)
  const bytesPerRow = count.elementsPerRow * BYTES_PER_ELEMENT
  if (bytesPerRow > limits.maxMemoryBytes) overLimit('maxMemoryBytes', `The values that the model's layers make of one row take ${bytesPerRow} bytes`, limits)
  return { bytesPerRow, complete: count.complete }
}
const ROOM = 2 ** 16

/** The shape of a model's first output; null where it is not known. */
function checkModel(count: Count, model: Layer, inputs: readonly (Shape | null)[], depth: number): Shape | null {
  if (depth > count.limits.maxDepth) overLimit('maxDepth', `The model nests models ${depth} deep`, count.limits)
  const config: unknown = model.config
  // Early files list a Sequential's layers right in its configuration.
  const listed = Array.isArray(config) ? config : model.setting('layers')
  const layers = listOf(listed).map((value) => layerOf(value) ?? refuse('a layer has no class'))
  count.layers += layers.length
  if (count.layers > count.limits.maxNodes) overLimit('maxNodes', `The model has ${count.layers} layers or more`, count.limits)
  for (const layer of layers) checkClass(count, layer, 0)
  return model.className === 'Sequential' ? inSequence(count, layers, inputs[0] ?? null, depth) : inGraph(count, model, layers, inputs, depth)
}

function checkClass(count: Count, layer: Layer, depth: number): void {
  checkName(layer.name, count.limits)
  if (depth > count.limits.maxDepth) overLimit('maxDepth', `The layer "${layer.name}" nests layers ${depth} deep`, count.limits)
  if (!LAYERS.has(layer.className) && !MODELS.has(layer.className)) {
    throw new ProbityError('tensorflow/layer', `The layer "${layer.name}" is of the class ${layer.className.slice(0, 100)}, ${layer.className === 'Lambda' ? 'which is code' : 'which TensorFlow.js does not have and which would need code'}. Replace it with standard layers and save the model again.`)
  }
  for (const inner of [layer.inner('layer'), layer.inner('cell'), ...cellsOf(layer)]) if (inner) checkClass(count, inner, depth + 1)
}

function inSequence(count: Count, layers: readonly Layer[], input: Shape | null, depth: number): Shape | null {
  let shape = input
  for (const layer of layers) shape = apply(count, layer, [statedShape(layer) ?? shape], depth)
  return shape
}

type Source = { readonly layer: string; readonly node: number }
type Call = { readonly layer: Layer; readonly sources: readonly Source[] }

function inGraph(count: Count, model: Layer, layers: readonly Layer[], inputs: readonly (Shape | null)[], depth: number): Shape | null {
  const calls = callsOf(layers)
  const outputs = sourcesIn(model.setting('output_layers'))
  const keyOfSource = resolver(layers, [...calls.values()].flatMap(({ sources }) => sources).concat(outputs))
  const edges = new Map([...calls].map(([key, { sources }]) => [key, sources.map(keyOfSource)]))
  for (const [key, sources] of edges) {
    const lost = sources.findIndex((source) => !calls.has(source))
    if (lost >= 0) throw malformed(`the layer "${calls.get(key)!.layer.name}" reads "${calls.get(key)!.sources[lost].layer}", which no layer makes before`)
  }
  const circle = findCircle(edges)
  if (circle !== null) throw malformed(`the layer "${calls.get(circle)!.layer.name}" needs its own result`)
  const fed = new Map(sourcesIn(model.setting('input_layers')).map(({ layer }, i) => [layer, inputs[i] ?? null]))
  const shapes = new Map<string, Shape | null>()
  for (const key of inOrder(edges)) {
    const { layer } = calls.get(key)!
    const given = layer.className === 'InputLayer' ? [fed.get(layer.name) ?? statedShape(layer)] : (edges.get(key) ?? []).map((source) => shapes.get(source) ?? null)
    shapes.set(key, apply(count, layer, given, depth))
  }
  return outputs.length === 0 ? null : shapes.get(keyOfSource(outputs[0])) ?? null
}

function callsOf(layers: readonly Layer[]): Map<string, Call> {
  const calls = new Map<string, Call>()
  const names = new Set<string>()
  for (const layer of layers) {
    if (names.has(layer.name)) throw malformed(`two layers are named "${layer.name}"`)
    names.add(layer.name)
    if (layer.className === 'InputLayer') calls.set(keyOf(layer.name, 0), { layer, sources: [] })
    else layer.inboundNodes.forEach((node, i) => calls.set(keyOf(layer.name, i), { layer, sources: sourcesIn(node) }))
  }
  const lonely = [...calls.values()].find(({ layer, sources }) => sources.length === 0 && layer.className !== 'InputLayer')
  if (lonely) throw malformed(`the layer "${lonely.layer.name}" is called without inputs`)
  return calls
}

/** A model within a model was called once when it was made, which is not listed: its calls are counted from 1 then. */
function resolver(layers: readonly Layer[], sources: readonly Source[]): (source: Source) => string {
  const calls = new Map(layers.map((layer) => [layer.name, layer.inboundNodes.length]))
  const fromOne = new Set(sources.filter(({ layer, node }) => node > 0 && node === calls.get(layer)).map(({ layer }) => layer))
  return ({ layer, node }) => keyOf(layer, fromOne.has(layer) ? node - 1 : node)
}

const keyOf = (layer: string, node: number): string => `${layer}\n${node}`

/** What a call or a model reads: lists of [layer, node, tensor, …], or tensors with a history as newer versions of Keras write them. */
function sourcesIn(value: unknown): Source[] {
  if (Array.isArray(value)) {
    const [layer, node] = value as unknown[]
    return typeof layer === 'string' && Number.isSafeInteger(node) ? [{ layer, node: node as number }] : (value as unknown[]).flatMap(sourcesIn)
  }
  return isObject(value) ? sourcesIn(value['keras_history'] ?? value['kerasHistory'] ?? Object.values(value)) : []
}

/** Keys with those they read first. Not recursive: a chain may be as long as the model. */
function inOrder(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const sorted = new Set<string>()
  for (const start of edges.keys()) {
    const open = [start]
    for (let key = open.at(-1); key !== undefined; key = open.at(-1)) {
      const missing = (edges.get(key) ?? []).filter((source) => !sorted.has(source))
      if (missing.length > 0) open.push(...missing)
      else {
        sorted.add(key)
        open.pop()
      }
    }
  }
  return [...sorted]
}

/** Counts what a layer takes, and gives the shape of what it makes. */
function apply(count: Count, layer: Layer, inputs: readonly (Shape | null)[], depth: number): Shape | null {
  if (MODELS.has(layer.className)) return checkModel(count, layer, inputs, depth + 1)
  const known = inputs.filter((shape) => shape !== null)
  // However often a layer is called, it has its weights once.
  if (!count.weighed.has(layer.config)) count.weights += weightElements(layer, known[0] ?? null)
  count.weighed.add(layer.config)
  const shape = layer.className === 'InputLayer' ? inputs[0] : known.length === inputs.length ? outputShape(layer, known) : null
  if (shape === null) count.complete = false
  const elements = shape?.reduce<number>((product, size) => product * (size ?? 1), 1) ?? 0
  if (!(elements <= count.limits.maxElements)) overLimit('maxElements', `The layer "${layer.name}" makes ${elements} values of one row`, count.limits)
  count.elementsPerRow += elements
  return shape
}

const malformed = (why: string): ProbityError => new ProbityError('tensorflow/malformed', `This is not a LayersModel of TensorFlow.js: ${why}. Save the model again.`)
function refuse(why: string): never {
  throw malformed(why)
}
