/** @file Expands calls of a model's own functions, so that what is left is one graph of operators. */
import { ProbityError } from '../../contracts/errors.js'
import { collectNames } from '../builder.js'
import { opsetOf, type FunctionDefinition, type Graph, type Initializer, type Node, type OnnxModel, type ValueInfo } from '../ir.js'
import { mapSubgraphs, subgraphsOf } from '../walk.js'
import { INTERNAL_OPSET, upgradeOpset } from '../upgrade/upgrade.js'
import { instantiate, labelOf } from './instantiate.js'

type Identified = { readonly domain: string; readonly overload?: string }
type Functions = ReadonlyMap<string, FunctionDefinition>

const keyOf = ({ domain, overload = '' }: Identified, name: string): string => JSON.stringify([domain, name, overload])

/**
 * The same model without local functions. A value inside a call is named after the node that calls and itself: `<call node>/<inner value>`,
 * where an unnamed node goes by its first output. Bodies may import other operator sets than the model: everything is brought to
 * the newest version among them, or to the internal one.
 *
 * @throws ProbityError `graph/function-cycle` when a function calls itself; `graph/opset` when a body cannot be upgraded
 */
export function inlineFunctions(model: OnnxModel): OnnxModel {
  const functions: Functions = new Map(model.functions.map((definition) => [keyOf(definition, definition.name), definition]))
  const called = calledBy(model.graph, functions)
  if (called.size === 0) return model
  const opset = Math.max(INTERNAL_OPSET, opsetOf(model.graph), ...[...called].map((definition) => definition.opsets.get('') ?? 0))
  const names = new Set<string>()
  collectNames(model.graph, names)
  const opsets = new Map([...opsetsOf(model.graph, called), ['', opset]])
  return { ...model, graph: expand(upgradeOpset(model.graph, opset), { functions, opsets, names, open: [] }), functions: [] }
}

/** Every function that the graph calls, directly or through others. */
function calledBy(graph: Pick<Graph, 'nodes'>, functions: Functions, found = new Set<FunctionDefinition>()): Set<FunctionDefinition> {
  for (const node of graph.nodes) {
    for (const inner of subgraphsOf(node)) calledBy(inner, functions, found)
    const definition = functions.get(keyOf(node, node.opType))
    if (definition && !found.has(definition)) calledBy(definition, functions, found.add(definition))
  }
  return found
}

function opsetsOf(graph: Graph, called: ReadonlySet<FunctionDefinition>): Map<string, number> {
  const opsets = new Map(graph.opsets)
  for (const { opsets: imported } of called) {
    for (const [domain, version] of imported) if (domain !== '') opsets.set(domain, Math.max(version, opsets.get(domain) ?? 0))
  }
  return opsets
}

type Scope = {
  readonly functions: Functions
  readonly opsets: Graph['opsets']
  readonly names: Set<string>
  /** Functions whose bodies are being expanded. */
  readonly open: readonly FunctionDefinition[]
}

function expand(graph: Graph, scope: Scope): Graph {
  const initializers = new Map(graph.initializers)
  const valueInfo = new Map(graph.valueInfo)
  const nodes = graph.nodes.flatMap((node) => expandNode(node, scope, initializers, valueInfo))
  return { ...graph, nodes, initializers, valueInfo, opsets: scope.opsets }
}

function expandNode(node: Node, scope: Scope, initializers: Map<string, Initializer>, valueInfo: Map<string, ValueInfo>): Node[] {
  const definition = scope.functions.get(keyOf(node, node.opType))
  if (!definition) return [mapSubgraphs(node, (inner) => expand(inner, scope))]
  if (scope.open.includes(definition)) throw new ProbityError('graph/function-cycle', `The function ${definition.name} calls itself. Export the model again.`)
  const label = labelOf(node)
  const expansion = instantiate(definition, node, opsetOf(scope), (inner) => unused(`${label}/${inner}`, scope.names))
  expansion.initializers.forEach((value, name) => initializers.set(name, value))
  expansion.valueInfo.forEach((info, name) => { if (!valueInfo.has(name)) valueInfo.set(name, info) })
  const inside = { ...scope, open: [...scope.open, definition] }
  return expansion.nodes.flatMap((inner) => expandNode(inner, inside, initializers, valueInfo))
}

function unused(hint: string, names: Set<string>): string {
  let name = hint
  for (let i = 1; names.has(name); i++) name = `${hint}_${i}`
  names.add(name)
  return name
}
