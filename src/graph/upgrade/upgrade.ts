/** @file Brings graphs of older ai.onnx opsets to opset 18, the one that differentiation speaks, or to a newer one. */
import { ProbityError } from '../../contracts/errors.js'
import { collectNames, GraphBuilder } from '../builder.js'
import { opsetOf, type Graph, type ValueType } from '../ir.js'
import { inferShapes } from '../shapes/infer.js'
import { mapSubgraphs, subgraphsOf } from '../walk.js'
import { UPGRADES } from './rules.js'

export const INTERNAL_OPSET = 18

/**
 * The same computation in opset 18, or in a newer one that is asked for; graphs that are there already stay as they are. Value names do not
 * change. Subgraphs are upgraded too.
 *
 * @throws ProbityError `graph/opset` naming the node that cannot be said in that opset, or when the graph is older than opset 7
 */
export function upgradeOpset(graph: Graph, target = INTERNAL_OPSET): Graph {
  const usesDefaultDomain = hasNodeOf(graph, '')
  const opset = usesDefaultDomain ? opsetOf(graph) : Math.max(opsetOf(graph), target)
  if (opset >= target) return graph.opsets.get('') === opset ? graph : { ...graph, opsets: withOpset(graph, opset) }
  if (opset < 7) throw new ProbityError('graph/opset', `The model uses ai.onnx opset ${opset}; opsets before 7 broadcast in another way and are not supported. Export the model with opset 18 or newer.`)
  const names = new Set<string>()
  collectNames(graph, names)
  const types = new Map<string, ValueType>()
  collectTypes(inferShapes(graph), types)
  const opsets = withOpset(graph, target)
  const upgrade = (part: Graph): Graph => {
    const builder = new GraphBuilder({ ...part, nodes: [] }, names)
    for (const node of part.nodes) {
      const inner = mapSubgraphs(node, upgrade)
      const rule = node.domain === '' ? UPGRADES.get(node.opType) : undefined
      if (rule && opset < rule.before && rule.before <= target) rule.apply({ node: inner, opset, builder, typeOf: (name) => types.get(name) ?? null })
      else builder.nodes.push(inner)
    }
    return { ...builder.build(), outputs: part.outputs, opsets }
  }
  return upgrade(graph)
}

const withOpset = (graph: Graph, version: number): Map<string, number> => new Map([...graph.opsets, ['', version]])

const hasNodeOf = (graph: Graph, domain: string): boolean => graph.nodes.some((node) => node.domain === domain || subgraphsOf(node).some((inner) => hasNodeOf(inner, domain)))

function collectTypes(graph: Graph, types: Map<string, ValueType>): void {
  for (const info of [...graph.inputs, ...graph.valueInfo.values(), ...graph.outputs]) if (info.type) types.set(info.name, info.type)
  for (const [name, { dtype, dims }] of graph.initializers) types.set(name, { kind: 'tensor', dtype, dims })
  for (const node of graph.nodes) for (const inner of subgraphsOf(node)) collectTypes(inner, types)
}
