/** @file What a LayersModel calculates, by the names that its layers have. */
import type * as Tf from '@tensorflow/tfjs'
import type { LastStep } from './reading.js'
import type { NetworkValue } from './network.js'

/** What layers have beyond the types that TensorFlow.js publishes. */
export type Layer = Omit<Tf.layers.Layer, 'call' | 'inboundNodes'> & {
  call(inputs: Tf.Tensor | Tf.Tensor[], options: object): Tf.Tensor | Tf.Tensor[]
  readonly inboundNodes: readonly LayerNode[]
  /** Of models within the model. */
  readonly layers?: readonly Layer[]
  readonly outputs?: readonly SymbolicTensor[]
  activation?: Activation | null
  getClassName(): string
  getConfig(): Readonly<Record<string, unknown>>
}
export type Activation = { apply(values: Tf.Tensor, axis?: number): Tf.Tensor; getClassName(): string }
export type SymbolicTensor = { readonly sourceLayer: Layer; readonly nodeIndex: number; readonly shape: readonly (number | null)[]; readonly dtype: string }
export type LayerNode = { readonly inputTensors: readonly SymbolicTensor[]; readonly inboundLayers: readonly Layer[]; readonly outputTensors: readonly SymbolicTensor[] }
export type LayerVariable = { readonly originalName: string; readonly shape: readonly (number | null)[]; readonly dtype: string; read(): Tf.Tensor }

/** A value and where it arises: the output of the layer's `turn`th call, what its activation receives, or a weight. */
export type LayerValue = NetworkValue & ({ readonly at: 'output' | 'logits'; readonly layer: Layer; readonly turn: number } | { readonly at: 'weight'; readonly variable: LayerVariable })

/** Layers whose activation is the last thing they do. */
const ENDS_IN_ACTIVATION = /^(Dense|Conv[123]D|Conv[23]DTranspose|SeparableConv2D|DepthwiseConv2D)$/

/**
 * Outputs bear the name of their layer, behind the names of the models that it lies in (`encoder/dense`); of a layer that is called several times,
 * `name:0`, `name:1` in the order of calculation. What the softmax or sigmoid inside a layer receives is `name/logits`. Weights have their names in the file.
 */
export function collectLayerValues(layers: readonly Layer[], weights: readonly LayerVariable[]): Map<string, LayerValue> {
  const values = new Map<string, LayerValue>()
  collect(layers, '', 1, values)
  for (const variable of weights) values.set(variable.originalName, { at: 'weight', variable, kind: 'weight', dims: [...variable.shape], isFloat: variable.dtype === 'float32' })
  return values
}

function collect(layers: readonly Layer[], prefix: string, outerTurns: number, values: Map<string, LayerValue>): void {
  for (const layer of layers) {
    if (layer.getClassName() === 'InputLayer') continue
    const path = prefix + layer.name
    // A model counts its own construction as a call.
    const turns = outerTurns * (layer.layers ? layer.inboundNodes.length - 1 : layer.inboundNodes.length)
    if (layer.layers) collect(layer.layers, `${path}/`, turns, values)
    const outputs = layer.inboundNodes.at(-1)?.outputTensors ?? []
    // Layers that give their state too would need names for each.
    if (outputs.length !== 1) continue
    for (let turn = 0; turn < turns; turn++) {
      const suffix = turns === 1 ? '' : `:${turn}`
      const value = { layer, turn, kind: 'activation', dims: [...outputs[0].shape], isFloat: outputs[0].dtype === 'float32' } as const
      values.set(path + suffix, { ...value, at: 'output' })
      if (activationOf(layer)) values.set(`${path}/logits${suffix}`, { ...value, at: 'logits' })
    }
  }
}

function activationOf(layer: Layer): LastStep['activation'] | null {
  const name = ENDS_IN_ACTIVATION.test(layer.getClassName()) ? layer.activation?.getClassName() : undefined
  return name === 'softmax' || name === 'sigmoid' ? name : null
}

/** The softmax or sigmoid that an output of the model ends in. */
export function lastStepOf(output: SymbolicTensor, values: ReadonlyMap<string, LayerValue>): LastStep | null {
  let current = output
  for (;;) {
    const layer = current.sourceLayer
    if (layer.layers) {
      if (layer.outputs?.length !== 1) return null
      current = layer.outputs[0]
      continue
    }
    const inner = activationOf(layer)
    if (inner) return { activation: inner, logits: nameOf(values, layer, 'logits') }
    const input = layer.inboundNodes[current.nodeIndex]?.inputTensors[0]
    const own = standsFor(layer, input)
    if (own !== null) return { activation: own, logits: nameOf(values, innermost(input).sourceLayer, 'output') }
    if (!input || !passes(layer, input, current)) return null
    current = input
  }
}

/** Layers that are nothing but a softmax over the last axis or a sigmoid. */
function standsFor(layer: Layer, input: SymbolicTensor | undefined): LastStep['activation'] | null {
  const { activation, axis = -1 } = layer.getConfig()
  if (layer.getClassName() === 'Softmax') return axis === -1 || axis === (input?.shape.length ?? 0) - 1 ? 'softmax' : null
  return layer.getClassName() === 'Activation' && (activation === 'softmax' || activation === 'sigmoid') ? activation : null
}

/** Layers that change neither rows nor values. */
function passes(layer: Layer, before: SymbolicTensor, after: SymbolicTensor): boolean {
  if (/^(Dropout|SpatialDropout1D|GaussianNoise|GaussianDropout)$/.test(layer.getClassName())) return true
  if (layer.getClassName() === 'Activation') return layer.getConfig()['activation'] === 'linear'
  const columns = ({ shape }: SymbolicTensor) => JSON.stringify(shape.slice(1).filter((size) => size !== 1))
  return (layer.getClassName() === 'Flatten' || layer.getClassName() === 'Reshape') && columns(before) === columns(after)
}

/** A model's own output is that of the layer inside that makes it. */
function innermost(tensor: SymbolicTensor): SymbolicTensor {
  const { layers, outputs } = tensor.sourceLayer
  return layers && outputs?.length === 1 ? innermost(outputs[0]) : tensor
}

/** null where the layer is called several times, or is an input. */
function nameOf(values: ReadonlyMap<string, LayerValue>, layer: Layer, at: 'output' | 'logits'): string | null {
  const names = [...values].filter(([, value]) => value.at === at && value.layer === layer).map(([name]) => name)
  return names.length === 1 ? names[0] : null
}
