/** @file Gradients and objective values of one model: compiled once per (objective, values) and run in blocks. */
import { differentiate, gradientModel, objectiveGraph, obstacles, pathGradient, type ObjectiveGraph, type PathGraph } from '../../autodiff/index.js'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Capability, Dim, GradientPaths, ModelInput } from '../../contracts/model.js'
import { nearest } from '../../contracts/near-names.js'
import type { Objective } from '../../contracts/objective.js'
import type { Tensor } from '../../contracts/tensor.js'
import { exposeLogits, inferShapes, infoOf, reaches, upgradeModel, writeModel, type Graph, type OnnxModel } from '../../graph/index.js'
import { isFloat } from '../../tensor/dtypes.js'
import { blocksOf, joinBlocks, sumBlocks, type Block } from '../blocks.js'
import type { CheckedFeeds } from '../feeds.js'
import type { ExportedGradient } from '../options.js'
import { attach, targetTensor, type Attachment, type ObjectiveSources } from '../objective.js'
import { runPaths } from './path-runs.js'
import { takePrecautions } from './provider-faults.js'
import { openSession, type Session, type SessionOptions } from './session.js'

export type GradientSource = Omit<ObjectiveSources, 'values'> & {
  readonly model: OnnxModel
  readonly inputs: readonly ModelInput[]
  readonly fixedBatch: number | null
  readonly blockRows: number
  readonly memory: 'normal' | 'low'
  readonly session: SessionOptions
}

type Compilable = ObjectiveGraph | PathGraph
type Compiled<G extends Compilable> = { readonly graph: G; readonly session: Session }
/** At the internal opset and with shapes; `perRow` are the values that depend on per-row inputs. */
type Prepared = { readonly model: OnnxModel; readonly perRow: ReadonlySet<string>; readonly values: ReadonlySet<string> }
type Answer = { readonly block: Block; readonly outputs: ReadonlyMap<string, Tensor> }

export class Gradients {
  readonly #source: GradientSource
  readonly #compiled = new Map<string, Promise<Compiled<Compilable>>>()
  readonly #sessions = new Set<Session>()
  readonly #floatInputs: readonly string[]
  #prepared: Prepared | null = null
  #capability: Capability | null = null

  constructor(source: GradientSource) {
    this.#source = source
    this.#floatInputs = source.inputs.filter(({ dtype }) => isFloat(dtype)).map(({ name }) => name)
  }

  /** The model as the differentiator speaks it, made when first needed. */
  get #model(): Prepared {
    if (this.#prepared) return this.#prepared
    const upgraded = upgradeModel(this.#source.model)
    const graph = inferShapes(exposeLogits(upgraded.graph))
    const perRow = reaches(graph, this.#source.inputs.filter(({ batchAxis }) => batchAxis !== null).map(({ name }) => name))
    return (this.#prepared = { model: { ...upgraded, graph }, perRow, values: valuesOf(graph) })
  }

  /** Found out by differentiating the prediction's output with respect to the float inputs, once. */
  get capability(): Capability {
    return (this.#capability ??= this.#findCapability())
  }

  #findCapability(): Capability {
    const { prediction } = this.#source
    const output = prediction.logits ?? prediction.output
    if (output === null) return { available: false, reason: 'The model gives labels only, which have no gradient' }
    if (this.#floatInputs.length === 0) return { available: false, reason: 'No input of the model is a float: name an internal value, such as an embedding' }
    try {
      const { approximations } = differentiate(this.#model.model.graph, { objective: { output }, withRespectTo: this.#floatInputs })
      return approximations.length === 0 ? { available: true } : { available: true, approximations }
    } catch (error) {
      return { available: false, reason: messageOf(error) }
    }
  }

  /** [rows] */
  async evaluate(feeds: CheckedFeeds, objective: Objective): Promise<Tensor> {
    const attachment = attach(objective, { ...this.#source, values: this.#model.values })
    const { graph, session } = await this.#compile(JSON.stringify([attachment]), () => objectiveGraph(this.#model.model.graph, attachment))
    const answers = await this.#run(session, graph, attachment, feeds, objective, [graph.objectiveOutput])
    return joinBlocks('The objective', parts(answers, graph.objectiveOutput), 0)
  }

  async gradient(feeds: CheckedFeeds, objective: Objective, withRespectTo: readonly string[] = this.#floatInputs): Promise<[string, Tensor][]> {
    const { attachment, names, graph: forward } = this.#request(objective, withRespectTo)
    const { graph, session } = await this.#compile(JSON.stringify([attachment, ...names]), () => differentiate(forward, { objective: attachment, withRespectTo: names, memory: this.#source.memory }))
    const outputs = names.map((name) => [name, graph.gradients.get(name)!] as const)
    const answers = await this.#run(session, graph, attachment, feeds, objective, outputs.map(([, output]) => output))
    return outputs.map(([name, output]) => [name, this.#join(name, parts(answers, output))])
  }

  /** Whether rows lie along the first axis of every input that has rows, and any number of them can be fed. */
  get hasPaths(): boolean {
    const { inputs, fixedBatch } = this.#source
    return fixedBatch === null && inputs.every(({ batchAxis }) => batchAxis === null || batchAxis === 0)
  }

  /** @param starts rows of the inputs whose path is followed, as many as there are ends */
  async pathGradient(paths: GradientPaths, { tensors, rows }: CheckedFeeds, starts: ReadonlyMap<string, Tensor>, objective: Objective): Promise<[string, Tensor][]> {
    const along = [...starts.keys()]
    const { attachment, graph: forward } = this.#request(objective, along)
    const perRow = new Set(this.#source.inputs.filter(({ batchAxis }) => batchAxis !== null).map(({ name }) => name))
    const { graph, session } = await this.#compile(JSON.stringify(['paths', attachment, ...along]), () => pathGradient(forward, { objective: attachment, along, perRow: [...perRow] }))
    const fixed = [...tensors].filter(([name]) => !starts.has(name))
    const followed = new Map(fixed.filter(([name]) => perRow.has(name)))
    if (graph.target) followed.set(graph.target.name, targetTensor(objective.target, attachment, dimsOf(forward, attachment.output), graph.target.dtype, rows ?? 1))
    return runPaths(session, graph, paths, {
      starts, ends: new Map([...tensors].filter(([name]) => starts.has(name))), perRow: followed, shared: new Map(fixed.filter(([name]) => !perRow.has(name))),
      rows: rows ?? 1, blockRows: Math.min(paths.blockRows, this.#source.blockRows),
    })
  }

  /** The gradient as a file of its own, instead of a session here. */
  export(objective: Objective, withRespectTo: readonly string[] = this.#floatInputs): ExportedGradient {
    const { attachment, names, graph } = this.#request(objective, withRespectTo)
    const gradient = differentiate(graph, { objective: attachment, withRespectTo: names, memory: this.#source.memory })
    const { approximations } = gradient
    const metadata = { 'probity:objective': JSON.stringify(attachment), ...(approximations.length > 0 && { 'probity:approximations': approximations.join('\n') }) }
    const { externalFolder } = this.#source.session
    return { ...gradientModel(this.#model.model, gradient, metadata), approximations, ...(externalFolder !== undefined && { externalFolder }) }
  }

  /** What keeps the gradient from being made, node by node. */
  obstacles(objective: Objective, withRespectTo: readonly string[] = this.#floatInputs): string[] {
    const { attachment, names, graph } = this.#request(objective, withRespectTo)
    return obstacles(graph, { objective: attachment, withRespectTo: names })
  }

  #request(objective: Objective, withRespectTo: readonly string[]): { attachment: Attachment; names: string[]; graph: Graph } {
    const names = [...new Set(withRespectTo)]
    for (const name of names) this.#requireValue(name)
    if (names.length === 0) throw new ProbityError('engine/no-float-input', 'No input of the model is a float. Name an internal float value, such as an embedding, in withRespectTo.')
    return { attachment: attach(objective, { ...this.#source, values: this.#model.values }), names, graph: this.#model.model.graph }
  }

  /** Operators that a GPU provider left to the CPU, in the gradients that have run; the most nodes of any one graph. */
  get fallbacks(): ReadonlyMap<string, number> {
    const most = new Map<string, number>()
    for (const session of this.#sessions) {
      for (const [operator, nodes] of session.fallbacks) most.set(operator, Math.max(nodes, most.get(operator) ?? 0))
    }
    return most
  }

  async release(): Promise<void> {
    const compiled = await Promise.allSettled(this.#compiled.values())
    this.#compiled.clear()
    this.#sessions.clear()
    await Promise.all(compiled.map((one) => (one.status === 'fulfilled' ? one.value.session.release() : null)))
  }

  /** Per-row values get their rows back in order; what all rows share (weights, constants) gets the sum over blocks. */
  #join(name: string, answers: readonly { block: Block; tensor: Tensor }[]): Tensor {
    const axis = this.#rowAxisOf(name)
    if (axis !== null) return joinBlocks(`The gradient of ${name}`, answers, axis)
    if (answers.some(({ block: { rows, fed } }) => rows !== fed)) {
      throw new ProbityError('engine/fixed-batch', `The gradient of ${name} sums over all rows, and the model is fixed to batches of ${this.#source.fixedBatch}: feed a multiple of that many rows`)
    }
    return sumBlocks(answers.map(({ tensor }) => tensor))
  }

  #rowAxisOf(name: string): number | null {
    const input = this.#source.inputs.find((known) => known.name === name)
    if (input) return input.batchAxis
    if (!this.#model.perRow.has(name)) return null
    const { inputs, fixedBatch } = this.#source
    const dims = dimsOf(this.#model.model.graph, name)
    const batch = inputs.map((known) => (known.batchAxis === null ? null : known.dims?.[known.batchAxis])).find((dim) => typeof dim === 'string')
    if (batch != null && dims?.includes(batch)) return dims.indexOf(batch)
    // What only takes the sizes of per-row inputs, as positions do, is shared by all rows.
    return fixedBatch === null && (dims?.length === 0 || typeof dims?.[0] === 'number') ? null : 0
  }

  async #run(session: Session, graph: ObjectiveGraph, attachment: Attachment, { tensors, rows }: CheckedFeeds, { target }: Objective, fetches: readonly string[]): Promise<Answer[]> {
    const { inputs, fixedBatch, blockRows } = this.#source
    const axes = new Map(inputs.map(({ name, batchAxis }) => [name, batchAxis]))
    const feeds = new Map(tensors)
    if (graph.target) {
      feeds.set(graph.target.name, targetTensor(target, attachment, dimsOf(this.#model.model.graph, attachment.output), graph.target.dtype, rows ?? 1))
      axes.set(graph.target.name, rows === null ? null : 0)
    }
    const answers: Answer[] = []
    for (const block of blocksOf(feeds, { axes, rows, blockRows, fixedBatch })) answers.push({ block, outputs: await session.run(block.feeds, fetches) })
    return answers
  }

  #compile<G extends Compilable>(key: string, build: () => G): Promise<Compiled<G>> {
    const known = this.#compiled.get(key) as Promise<Compiled<G>> | undefined
    if (known) return known
    const compiled = this.#open(build)
    this.#compiled.set(key, compiled)
    compiled.catch(() => this.#compiled.delete(key))
    return compiled
  }

  async #open<G extends Compilable>(build: () => G): Promise<Compiled<G>> {
    const { session: options } = this.#source
    const graph = build()
    const { graph: runnable, precautions } = takePrecautions(graph, options.provider ?? 'cpu')
    const bytes = writeModel({ ...this.#model.model, graph: runnable })
    const session = await openSession(bytes, { ...options, precautions, label: `the gradient of ${options.label}` })
    this.#sessions.add(session)
    return { graph, session }
  }

  #requireValue(name: string): void {
    const { values } = this.#model
    if (!values.has(name)) throw new ProbityError('engine/unknown-value', `The model has no value ${name}. ${nearest(name, [...this.#floatInputs, ...values])}`)
  }
}

/** Inputs, weights and everything that nodes make. */
export function valuesOf({ inputs, initializers, nodes }: Graph): Set<string> {
  return new Set([...inputs.map(({ name }) => name), ...initializers.keys(), ...nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''))])
}

const parts = (answers: readonly Answer[], output: string) => answers.map(({ block, outputs }) => ({ block, tensor: outputs.get(output)! }))

function dimsOf(graph: Graph, name: string): readonly Dim[] | null {
  const { type } = infoOf(graph, name)
  return type?.kind === 'tensor' ? type.dims : null
}

