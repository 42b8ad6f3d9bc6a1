/** @file Reverse-mode differentiation: a graph in, a graph of plain ai.onnx operators out. Nothing is run here. */
import { ProbityError } from '../contracts/errors.js'
import { isFloat } from '../tensor/dtypes.js'
import { checkGraph, liesBetween, operatorOf, prune, reaches, upgradeOpset, type Graph, type ValueInfo } from '../graph/index.js'
import { backpropagate } from './backpropagate.js'
import { chooseSegments } from './checkpoints.js'
import { Emitter } from './emitter.js'
import { fuse } from './fusions/index.js'
import type { Shortcuts } from './fusions/shortcut.js'
import { foldKnownIntegers } from './fusions/known-integers.js'
import { lower } from './lower.js'
import { loweringFor } from './lowerings/index.js'
import { emitObjective, type ObjectiveSpec, type TargetInput } from './objective.js'
import { recompute } from './recompute.js'
import { isConstant, ruleFor } from './rules/index.js'

/** A graph with the objective's value per row among its outputs. It takes the inputs of the model, and the target. */
export type ObjectiveGraph = Graph & {
  /** [batch] */
  readonly objectiveOutput: string
  readonly target: TargetInput | null
}

/** A graph with the gradients of Σ rows objective. */
export type GradientGraph = ObjectiveGraph & {
  /** Sentences that say where the gradient is an approximation, such as straight through a rounding; empty where it is exact. */
  readonly approximations: readonly string[]
  /** Name of the value → name of the graph output with its gradient, which has the value's shape and type. */
  readonly gradients: ReadonlyMap<string, string>
}

export type DifferentiateOptions = {
  readonly objective: ObjectiveSpec
  /** Graph inputs, internal float values or initializers. */
  readonly withRespectTo: readonly string[]
  /** `low`: activations are computed again instead of kept, which takes about one more forward pass. Default `normal`. */
  readonly memory?: 'normal' | 'low'
}

/**
 * The forward pass up to an objective, without gradients.
 *
 * @throws ProbityError `graph/malformed`, `graph/unknown-value`, `objective/output`
 */
export function objectiveGraph(graph: Graph, objective: ObjectiveSpec): ObjectiveGraph {
  const { graph: forward, value, target } = withObjective(checkGraph(graph), objective)
  return { ...keepInputs(prune(forward, [value]), forward), objectiveOutput: value, target }
}

/**
 * The gradients of an objective, summed over rows, with respect to any float values of a graph. Row i of a gradient belongs to row i alone
 * where the model treats rows one by one. A value that the objective does not depend on gets zeros. Conventions at ties and kinks are
 * PyTorch's; each rule states its own.
 *
 * @throws ProbityError `graph/malformed` or `graph/no-gradient` naming node and operator; `graph/unknown-value`; `graph/not-differentiable`; `objective/output`
 */
export function differentiate(graph: Graph, { objective, withRespectTo, memory = 'normal' }: DifferentiateOptions): GradientGraph {
  const { graph: prepared, shortcuts, approximations } = prepare(graph, objective, withRespectTo)
  const { graph: forward, value, target } = withObjective(prepared, objective)
  const emitter = new Emitter(forward, { approximations })
  for (const name of withRespectTo) requireFloat(emitter, name)
  const seeds = new Map([[value, () => emitter.filled(1, emitter.shapeOf(value), emitter.dtype(value))]])
  const segments = memory === 'low' ? chooseSegments(forward, (name) => emitter.type(name)) : null
  const gradients = backpropagate(emitter, seeds, segments === null ? withRespectTo : [...new Set([...withRespectTo, ...activations(forward, emitter, withRespectTo)])], shortcuts)

  const outputs = new Map<string, string>()
  const taken = new Set([...emitter.builder.initializers.keys(), ...forward.inputs.map(({ name }) => name), value])
  for (const name of new Set(withRespectTo)) {
    const gradient = gradients.get(name) ?? emitter.zerosLike(name)
    // A graph output is a value of its own: two names may share one gradient, and constants and inputs are no results.
    const output = taken.has(gradient) ? emitter.builder.add('Identity', [gradient], {}, 'gradient') : gradient
    taken.add(output)
    emitter.builder.valueInfo.set(output, { name: output, type: emitter.type(name) })
    outputs.set(name, output)
  }
  emitter.stateTypes()
  const pruned = prune({ ...emitter.builder.build(), outputs: [] }, [value, ...outputs.values()])
  const lean = segments === null ? pruned : recompute(pruned, { segments, forward: new Set(forward.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''))), gradients: new Set(gradients.values()), typeOf: (name) => emitter.type(name) })
  return { ...keepInputs(lean, forward), objectiveOutput: value, target, gradients: outputs, approximations: [...approximations] }
}

/**
 * What keeps a graph from being differentiated, one sentence for each node; empty where nothing does.
 *
 * @throws ProbityError when a value that is named does not exist
 */
export function obstacles(graph: Graph, options: DifferentiateOptions): string[] {
  const { objective, withRespectTo } = options
  const upgraded = upgradeOpset(checkGraph(graph))
  for (const name of [objective.output, ...withRespectTo]) requireValue(upgraded, name)
  const isOnPath = liesBetween(upgraded, withRespectTo, [objective.output])
  const refused = refusal(() => differentiate(upgraded, options))
  // Past a constant operator no rule is needed, so a missing one is in the way only where something is.
  const missing = refused.length === 0 ? [] : upgraded.nodes.filter(isOnPath).flatMap((node) => (isConstant(node) || loweringFor(node) !== null ? [] : refusal(() => ruleFor(node))))
  return missing.length > 0 ? missing : refused
}

function refusal(work: () => unknown): string[] {
  try {
    work()
    return []
  } catch (error) {
    if (error instanceof ProbityError) return [error.message]
    throw error
  }
}

/** The model's graph in operators that have rules, in the form that is differentiated. */
export function prepare(graph: Graph, objective: ObjectiveSpec, withRespectTo: readonly string[]): { graph: Graph; shortcuts: Shortcuts; approximations: Set<string> } {
  const upgraded = upgradeOpset(checkGraph(graph))
  requireValue(upgraded, objective.output)
  for (const name of withRespectTo) requireValue(upgraded, name)
  const approximations = new Set<string>()
  const lowered = lower(foldKnownIntegers(upgraded), (candidate) => liesBetween(candidate, withRespectTo, [objective.output]), approximations)
  // Behind an operator that nobody knows shapes are unknown too: the operator is the reason to give.
  for (const node of lowered.nodes.filter(liesBetween(lowered, withRespectTo, [objective.output]))) if (!isConstant(node) && operatorOf(node, lowered) === null) ruleFor(node)
  return { ...fuse(lowered, new Set([...withRespectTo, objective.output])), approximations }
}

/** The graph with the objective behind it, on the internal opset and with every shape that can be known. */
export function withObjective(graph: Graph, objective: ObjectiveSpec): { graph: Graph; value: string; target: TargetInput | null } {
  requireValue(graph, objective.output)
  const emitter = new Emitter(upgradeOpset(graph))
  const { value, target, batch, dtype } = emitObjective(emitter, objective)
  const info: ValueInfo = { name: value, type: { kind: 'tensor', dtype, dims: [batch] } }
  emitter.builder.output(info)
  emitter.builder.valueInfo.set(value, info)
  return { graph: emitter.builder.build(), value, target }
}

/** Callers feed what the model takes, whether or not a gradient happens to need it. */
const keepInputs = (pruned: Graph, whole: Graph): Graph => ({ ...pruned, inputs: whole.inputs })

function requireValue(graph: Graph, name: string): void {
  const exists = graph.inputs.some((info) => info.name === name) || graph.initializers.has(name) || graph.nodes.some((node) => node.outputs.includes(name))
  if (name === '' || !exists) throw new ProbityError('graph/unknown-value', `The model has no value named "${name}". Name an input, an output or an internal value of the graph.`)
}

function requireFloat(emitter: Emitter, name: string): void {
  const dtype = emitter.knownDtype(name)
  if (dtype !== null && !isFloat(dtype)) throw new ProbityError('graph/not-differentiable', `"${name}" holds ${dtype} values, which have no gradient. Name a float value, such as the embedding that is looked up with it.`)
}

/** Float values that change with `sources`. */
const activations = (graph: Graph, emitter: Emitter, sources: readonly string[]): string[] => {
  const changing = reaches(graph, sources)
  return graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => changing.has(name) && isFloat(emitter.knownDtype(name) ?? 'bool')))
}
