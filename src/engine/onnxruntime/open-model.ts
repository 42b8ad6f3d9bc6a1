/** @file Opens an ONNX file: reads it, decides what is fetched, and describes it. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Prediction } from '../../contracts/model.js'
import type { DType } from '../../contracts/tensor.js'
import { describePrediction, externalLocations, infoOf, opsetOf, producersOf, prune, readExternalData, readModel, writeModel, type OnnxModel } from '../../graph/index.js'
import { detectBatchAxes, type Signature } from '../batch.js'
import { checkedAgainst } from '../device-check.js'
import { DEFAULT_BLOCK_ROWS, type LoadedModel, type LoadOptions } from '../options.js'
import { settlePrediction } from '../prediction.js'
import { chooseProvider } from './devices.js'
import { planForward } from './forward.js'
import { gainsFromGpu } from './gains-from-gpu.js'
import { Gradients, valuesOf } from './gradients.js'
import { OnnxruntimeModel } from './model.js'
import { takePrecautions } from './provider-faults.js'
import { loadRuntime, openSession } from './session.js'

/** Larger tensors are weights; smaller ones may be shapes and axes, which differentiation wants to know. */
const SMALL_TENSOR_BYTES = 4096

/** @param origin the file that `source` was converted from, and what it says about itself */
export async function openOnnxModel(source: string | Uint8Array, options: LoadOptions, origin?: { readonly label: string; readonly format: string; readonly producer: string }): Promise<LoadedModel> {
  const label = origin?.label ?? (typeof source === 'string' ? source : 'the model')
  const bytes = typeof source === 'string' ? await readBytes(source) : source
  const parsed = await naming(label, () => readModel(bytes))
  const [location] = externalLocations(parsed)
  if (location !== undefined && typeof source !== 'string') {
    throw new ProbityError('engine/external-data', `The model keeps weights in another file, ${location}, and bytes have no folder to find it in. Load the model by its path.`)
  }
  const externalFolder = location === undefined ? undefined : resolve(dirname(source as string))
  const model = externalFolder === undefined ? parsed : await naming(label, () => readExternalData(parsed, externalFolder, { upToBytes: SMALL_TENSOR_BYTES }))

  const named = options.prediction?.name
  const detected = detect(model, named !== undefined && valuesOf(model.graph).has(named) ? named : null)
  const plan = planForward(model, detected.output === null ? [] : [detected.output])
  const blockRows = options.blockRows ?? DEFAULT_BLOCK_ROWS
  const { device = 'auto', probe = true } = options
  const provider = probe || device === 'auto' ? await chooseProvider(device, () => gainsFromGpu(model.graph, blockRows)) : device
  const session = { label, provider, ...(options.threads === undefined ? {} : { threads: options.threads }), ...(externalFolder === undefined ? {} : { externalFolder }) }
  const run = plan.rewritten ?? model
  const { graph: runnable, precautions } = takePrecautions(run.graph, provider)
  const isOriginal = run === model && runnable === model.graph
  const forward = await openSession(isOriginal ? bytes : writeModel({ ...run, graph: runnable }), { ...session, precautions })
  // The binding reports an unknown rank as no axes, like a scalar's; only the file can tell them apart.
  const settle = (value: Signature): Signature => (value.dims?.length === 0 && !isScalar(model, value.name) ? { ...value, dims: null } : value)
  const { inputs, outputs, fixedBatch } = detectBatchAxes(forward.inputs.map(settle), forward.outputs.map(settle))
  const prediction = settlePrediction(detected, options.prediction, outputs, plan.aliases)
  const gradients = new Gradients({
    model, inputs, outputs, prediction, fixedBatch, blockRows, memory: options.memory ?? 'normal', session,
    aliases: plan.aliases,
    chosenOutput: named === undefined ? null : prediction.output,
    independentColumns: producersOf(model.graph).get(prediction.output ?? '')?.opType === 'Sigmoid',
  })
  const { env } = await loadRuntime()
  const opened = new OnnxruntimeModel(
    {
      inputs, outputs, fixedBatch, prediction,
      engine: { name: 'onnxruntime', version: env.versions.node ?? env.versions.common, provider },
      metadata: model.metadata, format: origin?.format ?? 'onnx', producer: origin?.producer ?? producerOf(model), opset: opsetOf(model.graph) || null,
    },
    forward, gradients, blockRows,
  )
  return provider === 'cpu' ? opened : checkedAgainst(opened, () => openOnnxModel(source, { ...options, device: 'cpu' }, origin), hasHalf(model) ? 'float16' : 'float32')
}

const isHalf = (dtype: DType | undefined): boolean => dtype === 'float16' || dtype === 'bfloat16'
const hasHalf = ({ graph }: OnnxModel): boolean =>
  [...graph.initializers.values()].some(({ dtype }) => isHalf(dtype)) || graph.inputs.some(({ type }) => type?.kind === 'tensor' && isHalf(type.dtype))

/** Errors about a file begin with its name. */
async function naming<T>(label: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
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

const producerOf = ({ producerName, producerVersion }: OnnxModel): string => [producerName, producerVersion].filter(Boolean).join(' ')
