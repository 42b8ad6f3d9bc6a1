/** @file A gradient as a file of its own, with names that a person can feed and fetch. */
import type { Graph, Node, OnnxModel, ValueInfo } from '../graph/index.js'
import { infoOf } from '../graph/index.js'
import type { GradientGraph } from './differentiate.js'

export type GradientModel = {
  readonly model: OnnxModel
  /** Graph input with the target, in the form that the objective reads; null where it needs none. */
  readonly target: string | null
  /** Graph output [batch]: the objective's value per row. */
  readonly objective: string
  /** Value of the original model → graph output with its gradient. */
  readonly gradients: ReadonlyMap<string, string>
}

/**
 * A gradient graph as a whole ONNX file: inputs of the model and `target` in, `objective` and one `gradient_<value>` for each value out. Names
 * that the model has taken get a number behind them.
 *
 * @param model what the file says about itself; its graph is replaced
 */
export function gradientModel(model: OnnxModel, graph: GradientGraph, metadata: Readonly<Record<string, string>> = {}): GradientModel {
  const taken = namesOf(graph)
  const fresh = (hint: string): string => {
    let name = hint
    for (let i = 1; taken.has(name); i++) name = `${hint}_${i}`
    taken.add(name)
    return name
  }
  const nodes: Node[] = [...graph.nodes]
  const outputs: ValueInfo[] = []
  const publish = (value: string, hint: string): string => {
    const name = fresh(hint)
    nodes.push({ name, opType: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: new Map() })
    outputs.push({ name, type: infoOf(graph, value).type })
    return name
  }
  const objective = publish(graph.objectiveOutput, 'objective')
  const gradients = new Map([...graph.gradients].map(([value, gradient]) => [value, publish(gradient, `gradient_${value}`)]))
  const named: Graph = { ...graph, nodes, outputs }
  return { model: { ...model, graph: named, metadata: { ...model.metadata, ...metadata } }, target: graph.target?.name ?? null, objective, gradients }
}

const namesOf = (graph: Graph): Set<string> =>
  new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])])
