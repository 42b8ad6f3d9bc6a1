/** @file Opens an ONNX file: reads it, decides what is fetched, and describes it. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Prediction } from '../../contracts/model.js'
import { describePrediction, infoOf, opsetOf, producersOf, prune, readModel, writeModel, type Graph, type OnnxModel } from '../../graph/index.js'
import { detectBatchAxes, type Signature } from '../batch.js'
import { DEFAULT_BLOCK_ROWS, type LoadedModel, type LoadOptions } from '../options.js'
import { settlePrediction } from '../prediction.js'
import { firstExternal, readExternalData } from './external-data.js'
import { planForward } from './forward.js'
import { Gradients } from './gradients.js'
import { OnnxruntimeModel } from './model.js'
import { loadRuntime, openSession } from './session.js'

export async function openOnnxModel(source: string | Uint8Array, options: LoadOptions): Promise<LoadedModel> {
  const label = typeof source === 'string' ? source : 'the model'
  const bytes = typeof source === 'string' ? await readBytes(source) : source
  const model = parse(bytes, label)
  const external = firstExternal(model.graph)
  if (external !== null && typeof source !== 'string') {
    throw new ProbityError('engine/external-data', `The model keeps initializer ${external} in another file, and bytes have no folder to find it in. Load the model by its path.`)
  }
  const materialize = async (graph: Graph): Promise<Graph> => (external === null ? graph : readExternalData(graph, dirname(source as string)))

  const values = valuesOf(model)
  const named = options.prediction?.name
  const detected = detect(model, named !== undefined && values.has(named) ? named : null)
  const plan = planForward(model, detected.output === null ? [] : [detected.output])
  const session = { label, ...(options.threads === undefined ? {} : { threads: options.threads }) }
  const forward = await openSession(await forwardSource(plan.rewritten, materialize) ?? (external === null ? bytes : (source as string)), session)
  // The binding reports an unknown rank as no axes, like a scalar's; only the file can tell them apart.
  const settle = (value: Signature): Signature => (value.dims?.length === 0 && !isScalar(model, value.name) ? { ...value, dims: null } : value)
  const { inputs, outputs, fixedBatch } = detectBatchAxes(forward.inputs.map(settle), forward.outputs.map(settle))
  const prediction = settlePrediction(detected, options.prediction, outputs, plan.aliases)
  const blockRows = options.blockRows ?? DEFAULT_BLOCK_ROWS
  const gradients = new Gradients({
    model, materialize, inputs, outputs, prediction, fixedBatch, blockRows, session, values,
    aliases: plan.aliases,
    chosenOutput: named === undefined ? null : prediction.output,
    independentColumns: producersOf(model.graph).get(prediction.output ?? '')?.opType === 'Sigmoid',
  })
  const { env } = await loadRuntime()
  return new OnnxruntimeModel(
    {
      inputs, outputs, fixedBatch, prediction,
      engine: { name: 'onnxruntime', version: env.versions.node ?? env.versions.common, provider: 'cpu' },
      metadata: model.metadata, format: 'onnx', producer: producerOf(model), opset: opsetOf(model.graph) || null,
    },
    forward, gradients, blockRows,
  )
}

function parse(bytes: Uint8Array, label: string): OnnxModel {
  try {
    return readModel(bytes)
  } catch (error) {
    throw error instanceof ProbityError ? new ProbityError(error.code, `${label}: ${error.message}`, { cause: error }) : error
  }
}

/** With a name, the answer is read from that value, and only labels and class names from the rest of the graph. */
function detect(model: OnnxModel, named: string | null): Prediction {
  const whole = describePrediction(model)
  if (named === null) return whole
  const own = describePrediction({ ...model, graph: prune(model.graph, [named]) })
  const fits = whole.classes !== null && (own.columns === null || whole.classes.length === Math.max(2, own.columns))
  return { ...own, labelOutput: own.labelOutput ?? whole.labelOutput, classes: own.classes ?? (fits ? whole.classes : null) }
}

/** A rewritten file carries its weights inside: the runtime would look for external ones in the working directory. */
async function forwardSource(rewritten: OnnxModel | null, materialize: (graph: Graph) => Promise<Graph>): Promise<Uint8Array | null> {
  return rewritten && writeModel({ ...rewritten, graph: await materialize(rewritten.graph) })
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new ProbityError('engine/open', `The model ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function isScalar({ graph }: OnnxModel, name: string): boolean {
  const { type } = infoOf(graph, name)
  return type?.kind === 'tensor' && type.dims?.length === 0
}

/** Inputs, weights and everything that nodes make. */
function valuesOf({ graph }: OnnxModel): Set<string> {
  return new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''))])
}

const producerOf = ({ producerName, producerVersion }: OnnxModel): string => [producerName, producerVersion].filter(Boolean).join(' ')
