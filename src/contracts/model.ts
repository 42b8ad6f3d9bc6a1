/** @file The Model contract that every engine implements. */
import type { Objective } from './objective.js'
import type { DType, Feeds, Tensor, Tensors } from './tensor.js'

/** A size, a symbolic size by its name, or null where nothing is known. */
export type Dim = number | string | null

export type ModelInput = {
  readonly name: string
  readonly dtype: DType
  /** null when the rank is unknown. */
  readonly dims: readonly Dim[] | null
  /** The axis along which rows lie; null when the input is not per row. */
  readonly batchAxis: 0 | number | null
}
export type ModelOutput = ModelInput

export type OutputKind = 'logits' | 'probabilities' | 'score' | 'label'

/** How a classifier's or regressor's answer is read from its outputs. */
export type Prediction = {
  /** The output that carries logits, probabilities or a score; null when the model gives nothing but labels. */
  readonly output: string | null
  readonly kind: OutputKind
  /** For probabilities: the value before softmax or sigmoid where the graph shows it. Objectives attach here. */
  readonly logits: string | null
  /** The model's own label output, if it has one. */
  readonly labelOutput: string | null
  /** Class labels by output index, from model metadata or classifier attributes; null when the model does not say. */
  readonly classes: readonly string[] | null
  /** What the label output calls the classes, by index, where the config gives them names that the model does not know. */
  readonly labelClasses?: readonly string[]
  /** Columns of `output`: 1 for [batch] and [batch, 1]; null when only known at run time. */
  readonly columns: number | null
}

export const ENGINES = ['onnxruntime', 'tfjs'] as const
export type EngineName = (typeof ENGINES)[number]

/** Where a model runs. `auto` takes what the machine and the installed packages offer. */
export const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda'] as const
export type Device = (typeof DEVICES)[number]

/** What TensorFlow.js calculates with: TensorFlow itself on a GPU or a CPU, WebGPU, WebAssembly, or JavaScript. */
export const BACKENDS = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const
export type Backend = (typeof BACKENDS)[number]

/** `provider` is what calculates within the engine: cpu, webgpu or cuda; for TensorFlow.js the backend. */
export type EngineInfo = { readonly name: string; readonly version: string; readonly provider: string }

/** An operator of the model, or of its gradient, that the GPU provider lacks and the CPU ran instead. */
export type Fallback = { readonly operator: string; readonly nodes: number; readonly during: 'predictions' | 'gradients' }

/** How far a GPU's answers lay from the CPU's for the same rows. */
export type DeviceDifference = {
  /** Rows that were computed on both; a row counts each time. */
  readonly rows: number
  /** Rows of these whose answer on the CPU alone changes as much when the inputs are moved by a rounding error: nothing can be told from them. */
  readonly unsettled: number
  /** The largest difference over the settled rows, relative to the largest magnitude among the rows it was found with. */
  readonly largest: number
}

/** A seeded sample of what a GPU answered, computed again on the CPU; null for what was not asked of the model. */
export type DeviceCheck = {
  readonly predictions: DeviceDifference | null
  readonly gradients: DeviceDifference | null
  /** The difference beyond which a result is refused. */
  readonly tolerance: number
}

/** What is known of work on a GPU: how it was checked, and what the CPU did after all. */
export type DeviceRecord = { readonly check: DeviceCheck; readonly fallbacks: readonly Fallback[] }

export type GradientOptions = {
  /** Names of inputs or of any internal float value of the graph. Default: every float input. */
  readonly withRespectTo?: string | readonly string[]
}

/**
 * Whether the model can do something, and if not, why. `approximations`, where there are any, say in a sentence each where what it does is not exact, such
 * as a gradient that passes straight through a rounding.
 */
export type Capability = { readonly available: true; readonly approximations?: readonly string[] } | { readonly available: false; readonly reason: string }

/** Straight paths, one per row, and the points on them at which gradients are taken. */
export type GradientPaths = {
  /** Every input, at the ends of the paths. */
  readonly ends: Feeds
  /** The inputs whose path is followed, where it starts; the others stay at their values. */
  readonly starts: Feeds
  /** Where the points lie, from 0 at the start to 1 at the end, and what the gradient at each counts. */
  readonly nodes: Float64Array
  readonly weights: Float64Array
  /** Points per run of the model, at most. */
  readonly blockRows: number
}

export interface Model {
  readonly inputs: readonly ModelInput[]
  readonly outputs: readonly ModelOutput[]
  readonly prediction: Prediction
  readonly engine: EngineInfo
  /** The batch size that the graph is fixed to, else null. Smaller batches are padded, larger ones cut, by the engine. */
  readonly fixedBatch: number | null
  /** Metadata of the file, such as a training record. Null-prototype. */
  readonly metadata: Readonly<Record<string, string>>
  readonly capabilities: { readonly gradient: Capability }

  /** Runs the original graph. Feeds by input name; all outputs that are tensors come back by name. */
  predict(feeds: Feeds): Promise<Tensors>
  /** The objective's value per row: [batch], float32. Default: the model's only float output, where it has one column. */
  evaluate(feeds: Feeds, objective?: Objective): Promise<Tensor>
  /** Gradients of the objective summed over rows, one tensor per name in `withRespectTo`, shaped like the value. */
  gradient(feeds: Feeds, objective?: Objective, options?: GradientOptions): Promise<Tensors>
  /**
   * An optional speed-up: Σ weight · gradient over the points of each row's path, one tensor per input in `starts`, float64 and shaped like the input.
   * The same numbers as from `gradient` at every point, up to rounding. Where a model lacks it, callers take the points one by one.
   */
  readonly pathGradient?: (paths: GradientPaths, objective?: Objective) => Promise<Tensors>
  dispose(): Promise<void>
}

/** What an audit needs to know of a model before it plans; plain JSON, sent from the child process that opened the model. */
export type ModelSummary = Pick<Model, 'inputs' | 'outputs' | 'prediction' | 'engine' | 'fixedBatch' | 'metadata' | 'capabilities'> & {
  /** Whether a row alone gives the same answer as the row in a block; false makes per-row metrics not-applicable. */
  readonly rowIndependent: boolean
  readonly format: string
  readonly producer: string
  readonly opset: number | null
  /** Of predictions, on a GPU. */
  readonly fallbacks?: readonly Fallback[]
}
