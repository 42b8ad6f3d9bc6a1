/** @file The Model contract on TensorFlow.js. */
import { ProbityError } from '../../contracts/errors.js'
import type { Capability, GradientOptions } from '../../contracts/model.js'
import type { Objective } from '../../contracts/objective.js'
import type { Feeds, Tensor, Tensors } from '../../contracts/tensor.js'
import { joinBlocks, sameForAllBlocks } from '../blocks.js'
import { checkFeeds } from '../feeds.js'
import type { LoadedModel } from '../options.js'
import type { Runs } from './gradients.js'

export type Description = Pick<LoadedModel, 'inputs' | 'outputs' | 'prediction' | 'engine' | 'fixedBatch' | 'metadata' | 'format' | 'producer'>

export class TfjsModel implements LoadedModel {
  readonly inputs: LoadedModel['inputs']
  readonly outputs: LoadedModel['outputs']
  readonly prediction: LoadedModel['prediction']
  readonly engine: LoadedModel['engine']
  readonly fixedBatch: LoadedModel['fixedBatch']
  readonly metadata: LoadedModel['metadata']
  readonly format: string
  readonly producer: string
  readonly opset = null
  readonly capabilities: { readonly gradient: Capability }
  readonly #runs: Runs
  readonly #free: () => Promise<void>
  #disposed = false

  constructor(description: Description, gradient: Capability, runs: Runs, free: () => Promise<void>) {
    this.inputs = description.inputs
    this.outputs = description.outputs
    this.prediction = description.prediction
    this.engine = description.engine
    this.fixedBatch = description.fixedBatch
    this.metadata = description.metadata
    this.format = description.format
    this.producer = description.producer
    this.capabilities = { gradient }
    this.#runs = runs
    this.#free = free
  }

  async predict(feeds: Feeds): Promise<Tensors> {
    this.#refuseDisposed()
    const answers = await this.#runs.forward(checkFeeds(feeds, this.inputs), this.outputs.map(({ name }) => name))
    return record(this.outputs.map(({ name, batchAxis }) => {
      const parts = answers.map(({ block, values }) => ({ block, tensor: values.get(name)! }))
      return [name, batchAxis === null ? sameForAllBlocks(name, parts.map(({ tensor }) => tensor)) : joinBlocks(`Output ${name}`, parts, batchAxis)]
    }))
  }

  async evaluate(feeds: Feeds, objective: Objective = {}): Promise<Tensor> {
    this.#refuseDisposed()
    return this.#runs.evaluate(checkFeeds(feeds, this.inputs), objective)
  }

  async gradient(feeds: Feeds, objective: Objective = {}, { withRespectTo }: GradientOptions = {}): Promise<Tensors> {
    this.#refuseDisposed()
    return record(await this.#runs.gradient(checkFeeds(feeds, this.inputs), objective, typeof withRespectTo === 'string' ? [withRespectTo] : withRespectTo))
  }

  /** Frees the weights. Calling it twice is harmless; using the model afterwards is an error. */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#free()
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw new ProbityError('engine/disposed', 'The model was disposed of and cannot be used any more. Load it again.')
  }
}

/** Names come from the file: a null prototype keeps `__proto__` a name like any other. */
function record(entries: Iterable<readonly [string, Tensor]>): Tensors {
  const tensors = Object.create(null) as Record<string, Tensor>
  for (const [name, tensor] of entries) tensors[name] = tensor
  return tensors
}
