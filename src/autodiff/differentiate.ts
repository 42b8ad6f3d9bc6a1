/** @file Reverse-mode differentiation: a graph in, a graph of plain ai.onnx operators out. Nothing is run here. */
import { ProbityError } from '../contracts/errors.js'
import { isFloat } from '../tensor/dtypes.js'
import { inferShapes, prune, readsOf, upgradeOpset, type Graph, type ValueInfo } from '../graph/index.js'
import { Emitter } from './emitter.js'
import { emitObjective, type ObjectiveSpec, type TargetInput } from './objective.js'
import { RuleContext } from './rule.js'
import { isConstant, ruleFor } from './rules/index.js'

/** A graph with the objective's value per row among its outputs. It takes the inputs of the model, and the target. */
export type ObjectiveGraph = Graph & {
  /** [batch] */
  readonly objectiveOutput: string
  readonly target: TargetInput | null
}

/** A graph with the gradients of Σ rows objective. */
export type GradientGraph = ObjectiveGraph & {
  /** Name of the value → name of the graph output with its gradient, which has the value's shape and type. */
  readonly gradients: ReadonlyMap<string, string>
}

export type DifferentiateOptions = {
  readonly objective: ObjectiveSpec
  /** Graph inputs, internal float values or initializers. */
  readonly withRespectTo: readonly string[]
}

/**
 * The forward pass up to an objective, without gradients.
 *
 * @throws ProbityError `graph/unknown-value`, `objective/output`
 */
export function objectiveGraph(graph: Graph, objective: ObjectiveSpec): ObjectiveGraph {
  const { graph: forward, value, target } = withObjective(graph, objective)
  return { ...keepInputs(prune(forward, [value]), forward), objectiveOutput: value, target }
}

/**
 * The gradients of an objective, summed over rows, with respect to any float values of a graph. Row i of a gradient belongs to row i alone
 * where the model treats rows one by one. A value that the objective does not depend on gets zeros. Conventions at ties and kinks are
 * PyTorch's; each rule states its own.
 *
 * @throws ProbityError `graph/no-gradient` naming node and operator; `graph/unknown-value`; `graph/not-differentiable`; `objective/output`
 */
export function differentiate(graph: Graph, { objective, withRespectTo }: DifferentiateOptions): GradientGraph {
  const { graph: forward, value, target } = withObjective(graph, objective)
  const emitter = new Emitter(forward)
  for (const name of withRespectTo) requireFloat(forward, emitter, name)
  const active = activeValues(forward, emitter, withRespectTo)
  const gradients = walkBack(forward, emitter, value, active)

  const outputs = new Map<string, string>()
  const taken = new Set([...emitter.builder.initializers.keys(), ...forward.inputs.map(({ name }) => name), value])
  for (const name of new Set(withRespectTo)) {
    const gradient = gradients(name) ?? emitter.zerosLike(name)
    // A graph output is a value of its own: two names may share one gradient, and constants and inputs are no results.
    const output = taken.has(gradient) ? emitter.builder.add('Identity', [gradient], {}, 'gradient') : gradient
    taken.add(output)
    emitter.builder.valueInfo.set(output, { name: output, type: emitter.type(name) })
    outputs.set(name, output)
  }
  const pruned = prune({ ...emitter.builder.build(), outputs: [] }, [value, ...outputs.values()])
  return { ...keepInputs(pruned, forward), objectiveOutput: value, target, gradients: outputs }
}

/** The graph with the objective behind it, on the internal opset and with every shape that can be known. */
function withObjective(graph: Graph, objective: ObjectiveSpec): { graph: Graph; value: string; target: TargetInput | null } {
  requireValue(graph, objective.output)
  const emitter = new Emitter(inferShapes(upgradeOpset(graph)))
  const { value, target, batch, dtype } = emitObjective(emitter, objective)
  const info: ValueInfo = { name: value, type: { kind: 'tensor', dtype, dims: [batch] } }
  emitter.builder.output(info)
  emitter.builder.valueInfo.set(value, info)
  return { graph: inferShapes(emitter.builder.build()), value, target }
}

/** Callers feed what the model takes, whether or not a gradient happens to need it. */
const keepInputs = (pruned: Graph, whole: Graph): Graph => ({ ...pruned, inputs: whole.inputs })

function requireValue(graph: Graph, name: string): void {
  const exists = graph.inputs.some((info) => info.name === name) || graph.initializers.has(name) || graph.nodes.some((node) => node.outputs.includes(name))
  if (name === '' || !exists) throw new ProbityError('graph/unknown-value', `The model has no value named "${name}". Name an input, an output or an internal value of the graph.`)
}

function requireFloat(graph: Graph, emitter: Emitter, name: string): void {
  requireValue(graph, name)
  const dtype = emitter.knownDtype(name)
  if (dtype !== null && !isFloat(dtype)) throw new ProbityError('graph/not-differentiable', `"${name}" holds ${dtype} values, which have no gradient. Name a float value, such as the embedding that is looked up with it.`)
}

/** Every float value that changes with one of `sources`, themselves included. */
function activeValues(graph: Graph, emitter: Emitter, sources: readonly string[]): Set<string> {
  const active = new Set(sources)
  const isNumber = (name: string) => {
    const dtype = emitter.knownDtype(name)
    return name !== '' && (dtype === null || isFloat(dtype))
  }
  for (const node of graph.nodes) {
    if (isConstant(node) || !readsOf(node).some((name) => active.has(name))) continue
    for (const output of node.outputs) if (isNumber(output)) active.add(output)
  }
  return active
}

/** Walks from the objective to what is active; the result tells the gradient of a value, or null where none arrives. */
function walkBack(graph: Graph, emitter: Emitter, objective: string, active: ReadonlySet<string>): (name: string) => string | null {
  const contributions = new Map<string, string[]>()
  const sums = new Map<string, string>()
  const gradientOf = (name: string): string | null => {
    const parts = contributions.get(name)
    if (!parts) return null
    const known = sums.get(name)
    if (known !== undefined) return known
    const sum = parts.length === 1 ? parts[0] : emitter.emit(parts.length === 2 ? 'Add' : 'Sum', parts)
    sums.set(name, emitter.describe(sum, emitter.type(name)))
    return sum
  }
  if (active.has(objective)) contributions.set(objective, [emitter.filled(1, emitter.shapeOf(objective), emitter.dtype(objective))])
  for (const node of [...graph.nodes].reverse()) {
    const gradients = node.outputs.map((name) => (active.has(name) ? gradientOf(name) : null))
    const wanted = node.inputs.flatMap((name, input) => (active.has(name) ? [input] : []))
    if (gradients.every((gradient) => gradient === null) || isConstant(node) || !readsOf(node).some((name) => active.has(name))) continue
    const rule = ruleFor(node)
    const context = new RuleContext(emitter, node, (name) => active.has(name), gradients)
    for (const input of wanted) {
      const gradient = rule(context, input)
      if (gradient === null) continue
      const name = node.inputs[input]
      contributions.set(name, [...(contributions.get(name) ?? []), gradient])
    }
  }
  return gradientOf
}
