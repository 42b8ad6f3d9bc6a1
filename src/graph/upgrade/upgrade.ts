/** @file Brings graphs of ai.onnx opsets 7–17 to opset 18, the one that differentiation speaks. */
import { ProbityError } from '../../contracts/errors.js'
import { collectNames, GraphBuilder } from '../builder.js'
import { opsetOf, type Graph, type OnnxModel, type ValueType } from '../ir.js'
import { inferShapes } from '../shapes/infer.js'
import { mapSubgraphs, subgraphsOf } from '../walk.js'
import { UPGRADES } from './rules.js'

export const INTERNAL_OPSET = 18

/** First IR version that goes with opset 18. */
const INTERNAL_IR_VERSION = 8

/**
 * The same computation in opset 18; graphs at 18 or above stay as they are. Value names do not change. Subgraphs are upgraded too.
 *
 * @throws ProbityError `graph/opset` naming the node that cannot be said in opset 18, or when the graph is older than opset 7
 */
export function upgradeOpset(graph: Graph): Graph {
  const usesDefaultDomain = hasNodeOf(graph, '')
  const opset = usesDefaultDomain ? opsetOf(graph) : Math.max(opsetOf(graph), INTERNAL_OPSET)
  if (opset >= INTERNAL_OPSET) return graph.opsets.get('') === opset ? graph : { ...graph, opsets: withOpset(graph, opset) }
  if (opset < 7) throw new ProbityError('graph/opset', `The model uses ai.onnx opset ${opset}; opsets before 7 broadcast in another way and are not supported. Export the model with opset 18 or newer.`)
  const names = new Set<string>()
  collectNames(graph, names)
  const types = new Map<string, ValueType>()
  collectTypes(inferShapes(graph), types)
  const opsets = withOpset(graph, INTERNAL_OPSET)
  const upgrade = (part: Graph): Graph => {
    const builder = new GraphBuilder({ ...part, nodes: [] }, names)
    for (const node of part.nodes) {
      const inner = mapSubgraphs(node, upgrade)
      const rule = node.domain === '' ? UPGRADES.get(node.opType) : undefined
      if (rule && opset < rule.before) rule.apply({ node: inner, opset, builder, typeOf: (name) => types.get(name) ?? null })
      else builder.nodes.push(inner)
    }
    return { ...builder.build(), outputs: part.outputs, opsets }
  }
  return upgrade(graph)
}

/** `upgradeOpset` for a whole file, whose IR version rises with it. Local functions keep the opsets they import. */
export function upgradeModel(model: OnnxModel): OnnxModel {
  return { ...model, irVersion: Math.max(model.irVersion, INTERNAL_IR_VERSION), graph: upgradeOpset(model.graph) }
}

const withOpset = (graph: Graph, version: number): Map<string, number> => new Map([...graph.opsets, ['', version]])

const hasNodeOf = (graph: Graph, domain: string): boolean => graph.nodes.some((node) => node.domain === domain || subgraphsOf(node).some((inner) => hasNodeOf(inner, domain)))

function collectTypes(graph: Graph, types: Map<string, ValueType>): void {
  for (const info of [...graph.inputs, ...graph.valueInfo.values(), ...graph.outputs]) if (info.type) types.set(info.name, info.type)
  for (const [name, { dtype, dims }] of graph.initializers) types.set(name, { kind: 'tensor', dtype, dims })
  for (const node of graph.nodes) for (const inner of subgraphsOf(node)) collectTypes(inner, types)
}
