/** @file One ONNX Runtime session: opened from bytes or a path, fed and read as Probity tensors. */
import type * as Ort from 'onnxruntime-node'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { DType, Tensor } from '../../contracts/tensor.js'
import type { Signature } from '../batch.js'
import type { Provider } from './devices.js'
import { probeFallbacks } from './provider-fallbacks.js'
import type { Precautions } from './provider-faults.js'

type Runtime = typeof Ort

let runtime: Promise<Runtime> | null = null

/** The binding takes a tenth of a second to load, which commands that run no model need not pay. */
export function loadRuntime(): Promise<Runtime> {
  runtime ??= import('onnxruntime-node').then(
    (loaded) => {
      loaded.env.logLevel = 'fatal'
      return loaded
    },
    (error: unknown) => {
      runtime = null
      throw new ProbityError('engine/missing', `ONNX Runtime could not be loaded: ${messageOf(error)}. Install onnxruntime-node for this platform.`, { cause: error })
    },
  )
  return runtime
}

export type SessionOptions = {
  readonly threads?: number
  /** How messages call the model. */
  readonly label: string
  /** Where bytes find the files that they keep weights in; weights are mapped from there and never copied. */
  readonly externalFolder?: string
  /** Default: cpu. What a GPU provider lacks, the CPU provider runs. */
  readonly provider?: Provider
  /** Against what the provider is known to compute wrong. */
  readonly precautions?: Precautions
}

export type Session = {
  readonly inputs: readonly Signature[]
  /** Outputs that are tensors. */
  readonly outputs: readonly Signature[]
  /** Fetches every tensor output, or the named ones. */
  run(feeds: ReadonlyMap<string, Tensor>, fetches?: readonly string[]): Promise<ReadonlyMap<string, Tensor>>
  /** Operators that a GPU provider left to the CPU and their number of nodes, known after the first run. */
  readonly fallbacks: ReadonlyMap<string, number>
  release(): Promise<void>
}

/**
 * All optimisations are on: the level decides the bits of outputs, so it is no option, and convolutions are a third slower without the layout pass. Only where
 * the runtime's own fusions break a graph, so that it opens with the basic ones alone (a Gelu by tanh whose inside is asked for), are those what it gets.
 * Runs are sequential and threads only split operators, which leaves the bits alone. Buffers come and go with the values: one block laid out for all of
 * them saves no time, and takes a third more memory (gradients of a residual network: 479 against 375 MB).
 *
 * @throws ProbityError `engine/open`
 */
export async function openSession(source: string | Uint8Array, { threads, label, externalFolder, provider = 'cpu', precautions }: SessionOptions): Promise<Session> {
  const ort = await loadRuntime()
  const probe = provider === 'cpu' ? null : await probeFallbacks()
  // NVIDIA's libraries round products to ten bits where they may, which is an error of a thousandth; the runtime's own option does not reach through Node.
  if (provider === 'cuda') process.env['NVIDIA_TF32_OVERRIDE'] = '0'
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider === 'webgpu' ? webGpu(precautions) : provider], graphOptimizationLevel: 'all', executionMode: 'sequential', interOpNumThreads: 1, logSeverityLevel: 4, enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(probe && { enableProfiling: true, profileFilePrefix: probe.prefix }),
    ...(externalFolder === undefined ? {} : { extra: { session: { model_external_initializers_file_folder_path: externalFolder } } }),
  }
  const create = (level: 'all' | 'basic') => {
    const chosen = { ...options, graphOptimizationLevel: level }
    return typeof source === 'string' ? ort.InferenceSession.create(source, chosen) : ort.InferenceSession.create(source, chosen)
  }
  const session = await create('all').catch((error: unknown) =>
    create('basic').catch(() => {
      throw new ProbityError('engine/open', `ONNX Runtime could not open ${label}: ${messageOf(error)}`, { cause: error })
    }),
  )
  const outputs = signatures(session.outputMetadata)
  let fallbacks: ReadonlyMap<string, number> = new Map()
  let unread = probe
  return {
    inputs: signatures(session.inputMetadata),
    outputs,
    async run(feeds, fetches = outputs.map(({ name }) => name)) {
      try {
        const fed = Object.fromEntries(Array.from(feeds, ([name, tensor]) => [name, toOrt(ort, tensor)]))
        // The binding sets outputs as properties, and this property is an object's prototype.
        if (fetches.includes('__proto__')) throw new Error('its binding hands out no value named "__proto__". Give the output another name')
        const answers = await session.run(fed, fetches)
        if (unread) {
          session.endProfiling()
          fallbacks = await unread.read()
          unread = null
        }
        return new Map(fetches.map((name) => [name, fromOrt(answers[name])]))
      } catch (error) {
        throw new ProbityError('engine/run', `ONNX Runtime could not run ${label}${provider === 'cpu' ? '' : ` on ${provider}`}: ${messageOf(error)}${provider === 'cpu' ? '' : '. Use --device cpu.'}`, { cause: error })
      }
    },
    get fallbacks() {
      return fallbacks
    },
    async release() {
      await session.release()
      // A session that never ran writes its empty profile as it closes.
      await unread?.read()
    },
  }
}

function webGpu(precautions: Precautions | undefined): InferenceSession.ExecutionProviderConfig {
  const { layout = null, cpuNodes = [] } = precautions ?? {}
  // An empty list is refused.
  return { name: 'webgpu', ...(layout && { preferredLayout: layout }), ...(cpuNodes.length > 0 && { forceCpuNodeNames: cpuNodes }) }
}

function signatures(metadata: readonly InferenceSession.ValueMetadata[]): Signature[] {
  return metadata.flatMap((value) => (value.isTensor ? [{ name: value.name, dtype: value.type as DType, dims: value.shape.map((dim) => (dim === '' ? null : dim)) }] : []))
}

function toOrt(ort: Runtime, { data, dims, dtype }: Tensor): OrtTensor {
  return new ort.Tensor(dtype as OrtTensor.Type, data as OrtTensor.DataType, dims)
}

function fromOrt({ data, dims, type }: OrtTensor): Tensor {
  // Newer versions of Node have a Float16Array, which the runtime then prefers; Probity keeps raw bits.
  const bits = type === 'float16' && ArrayBuffer.isView(data) ? new Uint16Array(data.buffer, data.byteOffset, data.length) : (data as Tensor['data'])
  return { data: bits, dims, dtype: type as DType }
}
