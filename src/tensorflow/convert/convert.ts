/** @file A TensorFlow.js LayersModel as an ONNX model. */
import { ProbityError } from '../../contracts/errors.js'
import type { Dim } from '../../contracts/model.js'
import type { Tensor } from '../../contracts/tensor.js'
import { inferShapes, INTERNAL_OPSET, prune, type Graph, type OnnxModel, type ValueInfo } from '../../graph/index.js'
import type { ModelJson } from '../model-json.js'
import { Conversion } from './container.js'
import { LayerConfig } from './layer-config.js'
import { WeightFile } from './layer-weights.js'
import { modelMetadata } from './metadata.js'
import { malformed, readTopology, type Container } from './topology.js'
import { Writer, type Value } from './writer.js'

/** The oldest version of the format that knows the operators' version. */
const IR_VERSION = 8

/**
 * The same network in ONNX operators, layer by layer, with its weights. Inputs and outputs are named and shaped as in TensorFlow.js.
 *
 * @throws ProbityError `convert/unsupported` naming every layer that cannot be converted, and why
 */
export function convertLayersModel(model: ModelJson, weights: ReadonlyMap<string, Tensor>): OnnxModel {
  const { converted, obstacles } = conversionOf(model, weights)
  if (converted === null) {
    throw new ProbityError('convert/unsupported', `The model cannot be converted to ONNX. ${obstacles.join(' ')} Change or remove what is named here, or run the model with TensorFlow.js (--engine tfjs).`)
  }
  return converted
}

const GRAPH_MODEL = 'It is a GraphModel, which has no layers: python -m tf2onnx.convert --tfjs model.json --output model.onnx converts it.'

/** `converted` is null where there are obstacles: a sentence for each layer that is in the way. */
export type ConversionResult = { readonly converted: OnnxModel | null; readonly obstacles: readonly string[] }

/** @throws ProbityError `tensorflow/malformed` for a topology that TensorFlow.js could not load either */
export function conversionOf(model: ModelJson, weights: ReadonlyMap<string, Tensor>): ConversionResult {
  if (model.format === 'graph-model') return { converted: null, obstacles: [GRAPH_MODEL] }
  const container = readTopology(model.topology)
  const w = new Writer()
  const conversion = new Conversion(w, new WeightFile(weights))
  const inputs = container.inputs.map(({ layer }) => inputValue(container, layer))
  for (const { name } of inputs) w.names.add(name)
  const answers = conversion.container(container, inputs, '')
  if (conversion.obstacles.size > 0) return { converted: null, obstacles: [...conversion.obstacles] }
  const outputs = publish(w, container, answers, new Set(inputs.map(({ name }) => name)))
  const graph: Graph = {
    name: container.name, inputs: inputs.map(infoOf), overridable: [], outputs, nodes: w.nodes, initializers: w.initializers,
    sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', INTERNAL_OPSET]]),
  }
  const pruned = prune(graph)
  const converted: OnnxModel = {
    irVersion: IR_VERSION, producerName: 'probity', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: modelMetadata(model), functions: [],
    graph: inferShapes({ ...pruned, inputs: graph.inputs, outputs }),
  }
  return { converted, obstacles: [] }
}

const DTYPES = ['float32', 'int32', 'bool'] as const

function inputValue({ layers }: Container, name: string): Value {
  const config = new LayerConfig(layers.get(name)?.config ?? {})
  const shape = config.get('batch_input_shape') ?? config.get('batch_shape') ?? shapeWithout(config)
  if (!Array.isArray(shape) || shape.length === 0 || !(shape as unknown[]).every((size) => size === null || (Number.isSafeInteger(size) && (size as number) >= 0))) throw malformed(`its input "${name}" states no shape`)
  const dtype = DTYPES.find((known) => known === (config.get('dtype') ?? 'float32'))
  if (dtype === undefined) throw new ProbityError('convert/unsupported', `The model cannot be converted to ONNX. Its input "${name}" is ${JSON.stringify(config.get('dtype'))}, where float32, int32 or bool can be.`)
  return { name, dims: (shape as (number | null)[]).map((size, axis): Dim => size ?? (axis === 0 ? 'batch' : `${name}_${axis}`)), order: null, dtype }
}

/** Written for a layer rather than for an input: sizes without the batch, which may stand beside them. */
function shapeWithout(config: LayerConfig): unknown {
  const own = config.get('input_shape') ?? (config.get('input_dim') === null || config.get('output_dim') !== null ? null : [config.get('input_dim')])
  if (Array.isArray(own)) return [config.get('batch_size'), ...(own as unknown[])]
  // An embedding without a shape takes rows of any length.
  return config.get('output_dim') === null ? null : [config.get('batch_size'), ...[config.get('input_length')].flat()]
}

/** Outputs with the axes and the names that they have in TensorFlow.js. */
function publish(w: Writer, container: Container, answers: readonly Value[], inputs: ReadonlySet<string>): ValueInfo[] {
  const published = new Set<string>(inputs)
  return answers.map((value, i) => {
    const { layer } = container.outputs[i]
    w.path = layer
    let stored = w.stored(value)
    if (published.has(stored)) stored = w.add('Identity', [stored])
    if (stored !== layer && !published.has(layer)) {
      if (w.names.has(layer)) w.rename(layer, w.fresh(`${layer}/inside`))
      w.rename(stored, layer)
      w.names.add(layer)
      stored = layer
    }
    published.add(stored)
    return infoOf({ ...value, name: stored })
  })
}

const infoOf = ({ name, dims, dtype }: Value): ValueInfo => ({ name, type: { kind: 'tensor', dtype, dims } })
