/** @file Opens an ONNX file: reads it, decides what is fetched, and describes it. */
import { readFile } from 'node:fs/promises'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Prediction } from '../../contracts/model.js'
import { inferShapes, infoOf, opsetOf, producersOf, readModel, writeModel, type OnnxModel } from '../../graph/index.js'
import { detectBatchAxes, type Signature } from '../batch.js'
import { DEFAULT_BLOCK_ROWS, type LoadedModel, type LoadOptions } from '../options.js'
import { settlePrediction } from '../prediction.js'
import { planForward } from './forward.js'
import { Gradients } from './gradients.js'
import { OnnxruntimeModel } from './model.js'
import { loadRuntime, openSession } from './session.js'

export async function openOnnxModel(source: string | Uint8Array, options: LoadOptions): Promise<LoadedModel> {
  const label = typeof source === 'string' ? source : 'the model'
  const bytes = typeof source === 'string' ? await readBytes(source) : source
  const model = readModel(bytes)
  const external = [...model.graph.initializers].find(([, initializer]) => 'external' in initializer)
  if (external && typeof source !== 'string') {
    throw new ProbityError('engine/external-data', `The model keeps initializer ${external[0]} in another file, and bytes have no folder to find it in. Load the model by its path.`)
  }
  const plan = planForward(model)
  const session = { label, ...(options.threads === undefined ? {} : { threads: options.threads }) }
  const forward = await openSession(plan.rewritten ? writeModel(plan.rewritten) : external ? (source as string) : bytes, session)
  // The binding reports an unknown rank as no axes, like a scalar's; only the file can tell them apart.
  const settle = (value: Signature): Signature => (value.dims?.length === 0 && !isScalar(model, value.name) ? { ...value, dims: null } : value)
  const { inputs, outputs, fixedBatch } = detectBatchAxes(forward.inputs.map(settle), forward.outputs.map(settle))
  const prediction = settlePrediction(temporary(outputs), options.prediction, outputs, plan.aliases)
  const { env } = await loadRuntime()
  const blockRows = options.blockRows ?? DEFAULT_BLOCK_ROWS
  const gradients = new Gradients({
    model: { ...model, graph: inferShapes(model.graph) }, inputs, outputs, prediction, fixedBatch, blockRows, session, aliases: plan.aliases,
    chosenOutput: options.prediction?.name === undefined ? null : prediction.output,
    values: valuesOf(model),
    independentColumns: producersOf(model.graph).get(prediction.output ?? '')?.opType === 'Sigmoid',
  })
  return new OnnxruntimeModel(
    {
      inputs, outputs, fixedBatch, prediction,
      engine: { name: 'onnxruntime', version: env.versions.node ?? env.versions.common, provider: 'cpu' },
      metadata: model.metadata, format: 'onnx', producer: producerOf(model), opset: opsetOf(model.graph) || null,
    },
    forward, gradients, blockRows,
  )
}

function temporary(outputs: LoadedModel['outputs']): Prediction {
  const float = outputs.find(({ dtype }) => dtype === 'float32')
  const label = outputs.find(({ dtype }) => dtype === 'int64' || dtype === 'string')
  return { output: float?.name ?? null, kind: label ? 'probabilities' : 'logits', logits: null, labelOutput: label?.name ?? null, classes: null, columns: null }
}

function isScalar({ graph }: OnnxModel, name: string): boolean {
  const { type } = infoOf(graph, name)
  return type?.kind === 'tensor' && type.dims?.length === 0
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new ProbityError('engine/open', `The model ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** Inputs, weights and everything that nodes make. */
function valuesOf({ graph }: OnnxModel): Set<string> {
  return new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''))])
}

const producerOf = ({ producerName, producerVersion }: OnnxModel): string => [producerName, producerVersion].filter(Boolean).join(' ')
