/** @file A LayersModel: layers with names, whose outputs, weights and logits can be read and replaced while it runs. */
import type * as Tf from '@tensorflow/tfjs'
import { ProbityError } from '../../contracts/errors.js'
import type { DType } from '../../contracts/tensor.js'
import type { Signature } from '../batch.js'
import { collectLayerValues, lastStepOf, type Layer, type LayerValue, type LayerVariable, type SymbolicTensor } from './layer-values.js'
import type { Network, NetworkRun, NetworkValue } from './network.js'
import type { TfPackage } from './packages.js'
import { bestReading, readFloat } from './reading.js'

/** @throws ProbityError for a Sequential that was saved before its input had a shape */
export function layersNetwork(tf: TfPackage, model: Tf.LayersModel, metadata: Readonly<Record<string, string>>, classes: readonly string[] | null, producer: string): Network {
  if (!model.inputs?.length) throw new ProbityError('engine/open', 'the model does not say what shape its input has. Call it once before saving, or give its first layer an inputShape')
  // A Sequential that TensorFlow.js itself saved has no names of inputs before it is built, which would otherwise happen in the first run.
  if (!model.built) model.build(model.inputs[0].shape)
  const layers = model.layers as unknown as readonly Layer[]
  const constants = completeNorms(tf, layers)
  const symbolicOutputs = model.outputs as unknown as readonly SymbolicTensor[]
  const inner = collectLayerValues(layers, model.weights as unknown as readonly LayerVariable[])
  const inputs = model.inputs.map(({ shape, dtype }, i): Signature => ({ name: model.inputNames[i], dtype: holdsIds(layers, model.inputNames[i]) ? 'int32' : (dtype as DType), dims: [...shape] }))
  const outputs = symbolicOutputs.map(({ shape, dtype }, i): Signature => ({ name: model.outputNames[i], dtype: dtype as DType, dims: [...shape] }))
  const values = new Map<string, NetworkValue>(inner)
  for (const { name, dims, dtype } of outputs) if (!inner.has(name)) values.set(name, { kind: 'activation', dims, isFloat: dtype === 'float32' })
  for (const { name, dims, dtype } of inputs) values.set(name, { kind: 'input', dims, isFloat: dtype === 'float32' })

  return {
    format: 'tfjs-layers-model', producer, inputs, outputs, metadata, values, aliases: new Map(), noGradient: null, waits: false,
    read(named) {
      const wanted = named === null ? outputs : [outputs.find(({ name }) => name === named) ?? { name: named, dtype: 'float32' as const, dims: values.get(named)?.dims ?? null }]
      const readings = wanted.map((signature) => {
        const output = symbolicOutputs[outputs.indexOf(signature)]
        const value = inner.get(signature.name)
        const last = output ? lastStepOf(output, inner) : value?.at === 'output' ? lastStepOf(value.layer.inboundNodes.at(-1)!.outputTensors[0], inner) : null
        return readFloat(signature, last, classes)
      })
      return bestReading(readings)!
    },
    run: (run) => runLayers(tf, model, inner, run),
    dispose() {
      const variables = model.weights.map((weight) => weight.read())
      model.dispose()
      // Models within the model count themselves as still in use.
      for (const variable of [...variables, ...constants]) if (!variable.isDisposed) variable.dispose()
    },
  }
}

type BatchNormalization = Layer & { scale: boolean; center: boolean; gamma: { read(): Tf.Tensor }; beta: { read(): Tf.Tensor }; readonly movingMean: LayerVariable }

/** TensorFlow.js cannot differentiate a batch normalisation that lacks its scale or its offset: it gets ones and zeros. */
function completeNorms(tf: TfPackage, layers: readonly Layer[]): Tf.Tensor[] {
  return layers.flatMap((layer) => {
    if (layer.layers) return completeNorms(tf, layer.layers)
    if (layer.getClassName() !== 'BatchNormalization') return []
    const norm = layer as BatchNormalization
    const mean = norm.movingMean.read()
    const given: Tf.Tensor[] = []
    const constant = (tensor: Tf.Tensor) => {
      given.push(tf.keep(tensor))
      return { read: () => tensor }
    }
    if (!norm.scale) Object.assign(norm, { scale: true, gamma: constant(tf.onesLike(mean)) })
    if (!norm.center) Object.assign(norm, { center: true, beta: constant(tf.zerosLike(mean)) })
    return given
  })
}

/** Text models are often written with an input of floats that nothing but embeddings read: these are ids. */
function holdsIds(layers: readonly Layer[], input: string): boolean {
  const readers = layers.filter(({ inboundNodes }) => inboundNodes.some(({ inboundLayers }) => inboundLayers.some(({ name }) => name === input)))
  return readers.length > 0 && readers.every((layer) => (layer.layers ? false : layer.getClassName() === 'Embedding'))
}

function runLayers(tf: TfPackage, model: Tf.LayersModel, inner: ReadonlyMap<string, LayerValue>, { feeds, fetches, given, kept }: NetworkRun): ReadonlyMap<string, Tf.Tensor> {
  const own = (name: string) => model.outputNames.includes(name)
  const captured = new Map<string, Tf.Tensor>()
  const tapped = [...new Set([...fetches.filter((name) => !own(name) && !feeds.has(name)), ...(given?.keys() ?? [])])]
  const restore = tapped.length === 0 ? () => undefined : tap(tapped.map((name) => [name, inner.get(name)!]), given ?? new Map(), (name, tensor) => {
    if (!fetches.includes(name)) return
    // Made deep inside scopes of the layers.
    const copy = tf.keep(tensor.clone())
    kept.push(copy)
    captured.set(name, copy)
  })
  try {
    if (model.stateful) model.resetStates()
    const answer = model.apply(model.inputNames.map((name) => feeds.get(name)!), { training: false }) as Tf.Tensor | Tf.Tensor[]
    const answers = Array.isArray(answer) ? answer : [answer]
    return new Map(fetches.map((name) => [name, captured.get(name) ?? (own(name) ? answers[model.outputNames.indexOf(name)] : feeds.get(name)!)]))
  } finally {
    restore()
  }
}

type Seen = (name: string, tensor: Tf.Tensor) => void

/** Looks at values as they pass, or puts the given ones in their place, until the function that comes back is called. */
function tap(values: readonly (readonly [string, LayerValue])[], given: ReadonlyMap<string, Tf.Tensor>, seen: Seen): () => void {
  const undo: (() => void)[] = []
  const places = values.flatMap(([name, value]) => (value.at === 'weight' ? [] : [{ name, ...value }]))
  for (const [i, { layer, at }] of places.entries()) {
    const here = places.filter((value) => value.layer === layer && value.at === at)
    if (here[0] !== places[i]) continue
    let turn = 0
    const pass = (calculate: () => Tf.Tensor): Tf.Tensor => {
      const current = here.find((value) => value.turn === turn)
      turn++
      if (!current) return calculate()
      const replacement = given.get(current.name)
      // Layers free what they receive; what is given outlives them.
      const tensor = replacement ? replacement.clone() : calculate()
      seen(current.name, tensor)
      return tensor
    }
    if (at === 'output') {
      const { call } = layer
      layer.call = (inputs, options) => pass(() => single(call.call(layer, inputs, options), here[0].name))
      undo.push(() => delete (layer as Partial<Layer>).call)
    } else {
      const activation = layer.activation!
      layer.activation = Object.assign(Object.create(activation) as typeof activation, { apply: (tensor: Tf.Tensor, axis?: number) => activation.apply(pass(() => tensor), axis) })
      undo.push(() => (layer.activation = activation))
    }
  }
  for (const [name, value] of values) {
    const replacement = given.get(name)
    if (value.at !== 'weight') continue
    const { variable } = value
    if (replacement) {
      variable.read = () => replacement
      undo.push(() => delete (variable as Partial<LayerVariable>).read)
    }
    seen(name, variable.read())
  }
  return () => undo.forEach((one) => one())
}

function single(output: Tf.Tensor | Tf.Tensor[], name: string): Tf.Tensor {
  if (!Array.isArray(output)) return output
  if (output.length !== 1) throw new ProbityError('engine/unknown-value', `The layer ${name} gives ${output.length} values, which have no names of their own. Name another layer.`)
  return output[0]
}
