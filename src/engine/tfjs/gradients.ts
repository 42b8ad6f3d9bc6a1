/** @file Predictions, objective values and gradients of one network, block by block. */
import type * as Tf from '@tensorflow/tfjs'
import { ProbityError } from '../../contracts/errors.js'
import type { Capability, ModelInput } from '../../contracts/model.js'
import { nearest } from '../../contracts/near-names.js'
import type { Objective } from '../../contracts/objective.js'
import type { DType, Tensor } from '../../contracts/tensor.js'
import { isFloat } from '../../tensor/dtypes.js'
import { type Block, blocksOf, joinBlocks, sumBlocks } from '../blocks.js'
import type { CheckedFeeds } from '../feeds.js'
import { attach, type Attachment, type ObjectiveSources, targetTensor } from '../objective.js'
import { explainFailure } from './kernel-errors.js'
import { gradientsOf } from './backward.js'
import type { Network } from './network.js'
import { objectivePerRow, wantsTarget } from './objective.js'
import type { Runtime } from './runtime.js'
import { fromTf, scoped, toTf } from './tensors.js'

export type RunSource = Omit<ObjectiveSources, 'values' | 'aliases'> & {
  readonly runtime: Runtime
  readonly network: Network
  readonly inputs: readonly ModelInput[]
  readonly fixedBatch: number | null
  readonly blockRows: number
  readonly label: string
}

/** What is done with one block, fed tensors and the target among them: named tensors that the caller wants. */
type Work = (tensors: ReadonlyMap<string, Tf.Tensor>, kept: Tf.Tensor[]) => Promise<(readonly [string, Tf.Tensor])[]>
type Answer = { readonly block: Block; readonly values: ReadonlyMap<string, Tensor> }
/** Named so that no input can have the name. */
const TARGET = '\u0000target'

export class Runs {
  readonly #source: RunSource
  readonly #floatInputs: readonly string[]

  constructor(source: RunSource) {
    this.#source = source
    this.#floatInputs = source.inputs.filter(({ dtype }) => isFloat(dtype)).map(({ name }) => name)
  }

  forward(feeds: CheckedFeeds, fetches: readonly string[]): Promise<Answer[]> {
    const { network, label } = this.#source
    return this.#inBlocks(feeds, null, `run ${label}`, async (tensors, kept) => {
      const values = await network.run({ feeds: tensors, fetches, kept })
      return fetches.map((name) => [name, values.get(name)!])
    })
  }

  /** [rows] */
  async evaluate(feeds: CheckedFeeds, objective: Objective): Promise<Tensor> {
    const attachment = this.#attach(objective)
    const answers = await this.#inBlocks(feeds, this.#target(objective, attachment, feeds), `evaluate the objective of ${this.#source.label}`, async (tensors, kept) => [
      ['value', this.#perRow(attachment, await this.#source.network.run({ feeds: withoutTarget(tensors), fetches: [attachment.output], kept }), tensors)],
    ])
    return joinBlocks('The objective', answers.map(({ block, values }) => ({ block, tensor: values.get('value')! })), 0)
  }

  async gradient(feeds: CheckedFeeds, objective: Objective, withRespectTo: readonly string[] = this.#floatInputs): Promise<[string, Tensor][]> {
    const { network } = this.#source
    if (network.noGradient !== null) throw new ProbityError('engine/no-gradient', `${this.#source.label}: ${network.noGradient}`)
    const names = [...new Set(withRespectTo)].map((name) => ({ asked: name, value: this.#settle(name) }))
    if (names.length === 0) throw new ProbityError('engine/no-float-input', 'No input of the model is a float. Name an internal float value, such as an embedding, in withRespectTo.')
    const attachment = this.#attach(objective)
    const answers = await this.#inBlocks(feeds, this.#target(objective, attachment, feeds), `differentiate ${this.#source.label}`, (tensors, kept) =>
      this.#differentiate(tensors, attachment, names.map(({ value }) => value), kept))
    return names.map(({ asked, value }) => [asked, this.#join(asked, value, answers.map(({ block, values }) => ({ block, tensor: values.get(value)! })))])
  }

  /** Found out by a gradient of one row of zeros; where the row does not fit the model, nothing speaks against one. */
  async findCapability(): Promise<Capability> {
    const { network, prediction, inputs } = this.#source
    if (network.noGradient !== null) return { available: false, reason: network.noGradient }
    if (prediction.output === null) return { available: false, reason: 'The model gives labels only, which have no gradient' }
    if (this.#floatInputs.length === 0) return { available: false, reason: 'No input of the model is a float: name an internal value, such as an embedding' }
    const rows = this.#source.fixedBatch ?? 1
    const tensors = new Map(inputs.map(({ name, dtype, dims, batchAxis }) => [name, zeros(dtype, (dims ?? [rows]).map((dim, axis) => (axis === batchAxis ? rows : typeof dim === 'number' ? dim : 1)))]))
    try {
      await this.gradient({ tensors, rows: inputs.some(({ batchAxis }) => batchAxis !== null) ? rows : null }, { output: prediction.output, loss: 'mse', target: 0 })
    } catch (error) {
      if (error instanceof ProbityError && ['engine/no-gradient', 'engine/missing-kernel'].includes(error.code)) return { available: false, reason: error.message }
    }
    return { available: true }
  }

  /** Inputs together in one run; each internal value in one of its own, in which it is given and stands still. */
  async #differentiate(tensors: ReadonlyMap<string, Tf.Tensor>, attachment: Attachment, names: readonly string[], kept: Tf.Tensor[]): Promise<[string, Tf.Tensor][]> {
    const { network, runtime: { tf } } = this.#source
    const feeds = withoutTarget(tensors)
    const total = (values: ReadonlyMap<string, Tf.Tensor>) => this.#perRow(attachment, values, tensors).sum<Tf.Scalar>()
    const fetches = [attachment.output]
    const gradientsAt = (given: ReadonlyMap<string, Tf.Tensor> | null, at: readonly Tf.Tensor[]) =>
      gradientsOf(tf, at, network.waits, () => {
        const values = network.run({ feeds, fetches, kept, ...(given && { given }) })
        return values instanceof Promise ? values.then(total) : total(values)
      })
    const inputs = names.filter((name) => feeds.has(name))
    const found = new Map<string, Tf.Tensor>()
    if (inputs.length > 0) (await gradientsAt(null, inputs.map((name) => feeds.get(name)!))).forEach((gradient, i) => found.set(inputs[i], gradient))
    for (const name of names) {
      if (feeds.has(name)) continue
      const value = (await network.run({ feeds, fetches: [name], kept })).get(name)!
      if (value.dtype !== 'float32') throw new ProbityError('engine/no-gradient', `${name} is ${value.dtype}, which has no gradient. Name a float value.`)
      const [gradient] = await gradientsAt(new Map([[name, value]]), [value])
      found.set(name, gradient)
    }
    return [...found]
  }

  #perRow(attachment: Attachment, values: ReadonlyMap<string, Tf.Tensor>, tensors: ReadonlyMap<string, Tf.Tensor>): Tf.Tensor1D {
    return objectivePerRow(this.#source.runtime.tf, attachment, values.get(attachment.output)!, tensors.get(TARGET) ?? null)
  }

  #attach(objective: Objective): Attachment {
    const { network } = this.#source
    return attach(objective, { ...this.#source, aliases: network.aliases, values: new Set(network.values.keys()) })
  }

  #target({ target }: Objective, attachment: Attachment, { rows }: CheckedFeeds): Tensor | null {
    const { prediction, network } = this.#source
    // The value before a softmax has the shape of the value behind it.
    const dims = network.values.get(attachment.output)?.dims ?? (attachment.output === prediction.logits ? network.values.get(prediction.output!)?.dims : null) ?? null
    if (dims === null ? target === undefined && attachment.loss === undefined : !wantsTarget(attachment, dims)) return null
    return targetTensor(target, attachment, dims, 'float32', rows ?? 1)
  }

  /** The value that a name means, which must be a float. */
  #settle(asked: string): string {
    const { network, inputs } = this.#source
    const name = network.aliases.get(asked) ?? asked
    const value = network.values.get(name)
    if (!value) throw new ProbityError('engine/unknown-value', `The model has no value ${asked}. ${nearest(asked, [...this.#floatInputs, ...network.values.keys()])}`)
    const dtype = inputs.find((input) => input.name === name)?.dtype
    if (!value.isFloat || (dtype && !isFloat(dtype))) throw new ProbityError('engine/no-gradient', `${asked} is ${dtype ?? 'no float'}, and integers have no gradient. Name an internal float value, such as an embedding, in withRespectTo.`)
    return name
  }

  /** Per-row values get their rows back in order; what all rows share gets the sum over blocks. */
  #join(asked: string, name: string, answers: readonly { block: Block; tensor: Tensor }[]): Tensor {
    const { inputs, network, fixedBatch } = this.#source
    const input = inputs.find((known) => known.name === name)
    const axis = input ? input.batchAxis : network.values.get(name)!.kind === 'weight' ? null : 0
    if (axis !== null) return joinBlocks(`The gradient of ${asked}`, answers, axis)
    const [{ block: { rows: all }, tensor: { dims } }] = answers
    if (all === 0) return zeros('float32', dims)
    if (answers.some(({ block: { rows, fed } }) => rows !== fed)) {
      throw new ProbityError('engine/fixed-batch', `The gradient of ${asked} sums over all rows, and the model is fixed to batches of ${fixedBatch}: feed a multiple of that many rows`)
    }
    return sumBlocks(answers.map(({ tensor }) => tensor))
  }

  async #inBlocks({ tensors, rows }: CheckedFeeds, target: Tensor | null, doing: string, work: Work): Promise<Answer[]> {
    const { runtime, inputs, fixedBatch, blockRows } = this.#source
    const axes = new Map<string, number | null>([...inputs.map(({ name, batchAxis }) => [name, batchAxis] as const), [TARGET, rows === null ? null : 0]])
    const feeds = target === null ? tensors : new Map([...tensors, [TARGET, target]])
    const answers: Answer[] = []
    // Backends do not run on no rows at all: one is made up and cut off again.
    for (const block of blocksOf(feeds, { axes, rows, blockRows, fixedBatch: fixedBatch ?? (rows === 0 ? 1 : null) })) {
      const values = await runtime.alone(() => this.#once(block, doing, work))
      answers.push({ block, values })
    }
    return answers
  }

  async #once(block: Block, doing: string, work: Work): Promise<ReadonlyMap<string, Tensor>> {
    const { runtime } = this.#source
    const kept: Tf.Tensor[] = []
    try {
      return await scoped(runtime.tf, async () => {
        const fed = new Map([...block.feeds].map(([name, tensor]) => [name, toTf(runtime.tf, tensor)]))
        const values = await work(fed, kept)
        return new Map(await Promise.all(values.map(async ([name, tensor]) => [name, await fromTf(tensor)] as const)))
      })
    } catch (error) {
      throw explainFailure(error, runtime, doing)
    } finally {
      for (const tensor of kept) tensor.dispose()
    }
  }
}

const withoutTarget = (tensors: ReadonlyMap<string, Tf.Tensor>): ReadonlyMap<string, Tf.Tensor> => new Map([...tensors].filter(([name]) => name !== TARGET))

function zeros(dtype: DType, dims: readonly number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1)
  if (dtype === 'string') return { data: new Array<string>(size).fill(''), dims, dtype }
  return { data: dtype === 'bool' ? new Uint8Array(size) : dtype === 'float32' ? new Float32Array(size) : new Int32Array(size), dims, dtype }
}

