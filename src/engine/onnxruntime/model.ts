/** @file The Model contract on ONNX Runtime, whatever its provider. */
import { ProbityError } from '../../contracts/errors.js'
import type { Capability, EngineInfo, Fallback, GradientOptions, GradientPaths, ModelInput, ModelOutput, Prediction } from '../../contracts/model.js'
import type { Objective } from '../../contracts/objective.js'
import type { Feeds, Tensor, Tensors } from '../../contracts/tensor.js'
import { blocksOf, joinBlocks, sameForAllBlocks, type Block, type Blocking } from '../blocks.js'
import { checkFeeds } from '../feeds.js'
import type { ExportedGradient, LoadedModel } from '../options.js'
import type { Gradients } from './gradients.js'
import type { Session } from './session.js'

export type Description = Pick<LoadedModel, 'inputs' | 'outputs' | 'prediction' | 'engine' | 'fixedBatch' | 'metadata' | 'format' | 'producer' | 'opset'>

export class OnnxruntimeModel implements LoadedModel {
  readonly inputs: readonly ModelInput[]
  readonly outputs: readonly ModelOutput[]
  readonly prediction: Prediction
  readonly engine: EngineInfo
  readonly fixedBatch: number | null
  readonly metadata: Readonly<Record<string, string>>
  readonly format: string
  readonly producer: string
  readonly opset: number | null
  readonly capabilities: { readonly gradient: Capability }
  readonly pathGradient?: (paths: GradientPaths, objective?: Objective) => Promise<Tensors>
  readonly #forward: Session
  readonly #gradients: Gradients
  readonly #blockRows: number
  #disposed = false

  constructor(description: Description, forward: Session, gradients: Gradients, blockRows: number) {
    this.inputs = description.inputs
    this.outputs = description.outputs
    this.prediction = description.prediction
    this.engine = description.engine
    this.fixedBatch = description.fixedBatch
    this.metadata = description.metadata
    this.format = description.format
    this.producer = description.producer
    this.opset = description.opset
    this.#forward = forward
    this.#gradients = gradients
    this.#blockRows = blockRows
    if (gradients.hasPaths) this.pathGradient = (paths, objective = {}) => this.#alongPaths(paths, objective)
    // Differentiating a large graph takes longer than opening it, and most audits never ask.
    this.capabilities = Object.defineProperty({} as { gradient: Capability }, 'gradient', { enumerable: true, get: () => gradients.capability })
  }

  async predict(feeds: Feeds): Promise<Tensors> {
    this.#refuseDisposed()
    const { tensors, rows } = checkFeeds(feeds, this.inputs)
    const blocking: Blocking = { axes: new Map(this.inputs.map(({ name, batchAxis }) => [name, batchAxis])), rows, blockRows: this.#blockRows, fixedBatch: this.fixedBatch }
    const answers: { block: Block; outputs: ReadonlyMap<string, Tensor> }[] = []
    for (const block of blocksOf(tensors, blocking)) answers.push({ block, outputs: await this.#forward.run(block.feeds) })
    return record(this.outputs.map(({ name, batchAxis }) => {
      const parts = answers.map(({ block, outputs }) => ({ block, tensor: outputs.get(name)! }))
      return [name, batchAxis === null ? sameForAllBlocks(name, parts.map(({ tensor }) => tensor)) : joinBlocks(`Output ${name}`, parts, batchAxis)]
    }))
  }

  async evaluate(feeds: Feeds, objective: Objective = {}): Promise<Tensor> {
    this.#refuseDisposed()
    return this.#gradients.evaluate(checkFeeds(feeds, this.inputs), objective)
  }

  async gradient(feeds: Feeds, objective: Objective = {}, { withRespectTo }: GradientOptions = {}): Promise<Tensors> {
    this.#refuseDisposed()
    return record(await this.#gradients.gradient(checkFeeds(feeds, this.inputs), objective, listOf(withRespectTo)))
  }

  async #alongPaths(paths: GradientPaths, objective: Objective): Promise<Tensors> {
    this.#refuseDisposed()
    const ends = checkFeeds(paths.ends, this.inputs)
    const starts = checkFeeds(paths.starts, this.inputs.filter(({ name }) => Object.hasOwn(paths.starts, name)))
    if (starts.rows !== ends.rows) throw new ProbityError('engine/rows', `There are ${starts.rows} starts of paths for ${ends.rows} ends: give one for each`)
    return record(await this.#gradients.pathGradient(paths, ends, starts.tensors, objective))
  }

  get fallbacks(): readonly Fallback[] {
    const listed = (during: Fallback['during'], operators: ReadonlyMap<string, number>) => Array.from(operators, ([operator, nodes]) => ({ operator, nodes, during }))
    return [...listed('predictions', this.#forward.fallbacks), ...listed('gradients', this.#gradients.fallbacks)]
  }

  exportGradient(objective: Objective = {}, { withRespectTo }: GradientOptions = {}): ExportedGradient {
    this.#refuseDisposed()
    return this.#gradients.export(objective, listOf(withRespectTo))
  }

  gradientObstacles(objective: Objective = {}, { withRespectTo }: GradientOptions = {}): string[] {
    this.#refuseDisposed()
    return this.#gradients.obstacles(objective, listOf(withRespectTo))
  }

  /** Frees the runtime's memory. Calling it twice is harmless; using the model afterwards is an error. */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#forward.release()
    await this.#gradients.release()
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw new ProbityError('engine/disposed', 'The model was disposed of and cannot be used any more. Load it again.')
  }
}

const listOf = (names: GradientOptions['withRespectTo']): readonly string[] | undefined => (typeof names === 'string' ? [names] : names)

/** Names come from the file: a null prototype keeps `__proto__` a name like any other. */
function record(entries: Iterable<readonly [string, Tensor]>): Tensors {
  const tensors = Object.create(null) as Record<string, Tensor>
  for (const [name, tensor] of entries) tensors[name] = tensor
  return tensors
}
