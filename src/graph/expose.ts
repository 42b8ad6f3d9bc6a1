/** @file Makes internal values fetchable. */
import type { Graph, OnnxModel, ValueInfo } from './ir.js'
import { inferShapes } from './shapes/infer.js'
import { infoOf, prune } from './walk.js'

/**
 * The model with `names` (any values of the graph) added to its outputs, and without outputs that are not tensors: onnxruntime-node
 * cannot return the maps and sequences of ZipMap. Inputs stay, also where nothing reads them any more.
 *
 * @throws ProbityError `graph/unknown-value`
 */
export function exposeValues(model: OnnxModel, names: readonly string[]): OnnxModel {
  const graph = inferShapes(model.graph)
  const kept = graph.outputs.filter(({ type }) => type === null || type.kind === 'tensor')
  const added = names.filter((name, i) => names.indexOf(name) === i && !kept.some((output) => output.name === name)).map((name) => infoOf(graph, name))
  return { ...model, graph: withOutputs(model.graph, [...kept, ...added]) }
}

function withOutputs(graph: Graph, outputs: readonly ValueInfo[]): Graph {
  const pruned = prune(graph, outputs.map(({ name }) => name))
  return { ...pruned, inputs: graph.inputs, outputs }
}
