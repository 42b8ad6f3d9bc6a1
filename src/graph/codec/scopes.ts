/** @file After reading: every name is defined once and before its use; nodes are sorted where the file did not. */
import { ProbityError } from '../../contracts/errors.js'
import type { Attribute, Graph, Node } from '../ir.js'
import { topologicalSort } from '../walk.js'
import { describeNode } from './read-graph.js'

/** Sorts the graph and its subgraphs. `outer` holds the names that enclosing graphs define. */
export function settleGraph(graph: Graph, outer: ReadonlySet<string> = new Set()): Graph {
  const own = new Set<string>()
  for (const { name } of graph.inputs) {
    if (name === '') throw new ProbityError('graph/malformed', 'An input has no name. Export the model again.')
    define(own, name, `Input "${name}"`)
  }
  for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) define(own, name, `Initializer "${name}"`)
  const scope = new Set([...outer, ...own])
  const nodes = settleNodes(graph.nodes, own, scope)
  for (const { name } of graph.outputs) {
    if (!scope.has(name)) throw new ProbityError('graph/malformed', `Output "${name}" is made by no node. Export the model again.`)
  }
  return { ...graph, nodes }
}

/** Checks, sorts and descends; `own` and `scope` gain the outputs. */
export function settleNodes(nodes: readonly Node[], own: Set<string>, scope: Set<string>): Node[] {
  const outer = new Set(scope)
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue
      define(own, output, `Value "${output}", made by ${describeNode(node)},`)
      scope.add(output)
    }
  }
  const settled = nodes.map((node) => (hasSubgraph(node) ? settleSubgraphs(node, scope) : node))
  for (const node of settled) {
    for (const input of node.inputs) {
      if (input !== '' && !scope.has(input)) throw new ProbityError('graph/malformed', `${describeNode(node)} reads "${input}", which is no input, initializer or output of another node. Export the model again.`)
    }
  }
  return topologicalSort(settled, outer)
}

function define(own: Set<string>, name: string, what: string): void {
  if (own.has(name)) throw new ProbityError('graph/malformed', `${what} is defined twice. Export the model again.`)
  own.add(name)
}

const hasSubgraph = (node: Node): boolean => [...node.attributes.values()].some(({ type }) => type === 'graph' || type === 'graphs')

function settleSubgraphs(node: Node, scope: ReadonlySet<string>): Node {
  const attributes = new Map<string, Attribute>()
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') attributes.set(name, { type: 'graph', value: settleGraph(attribute.value, scope) })
    else if (attribute.type === 'graphs') attributes.set(name, { type: 'graphs', value: attribute.value.map((graph) => settleGraph(graph, scope)) })
    else attributes.set(name, attribute)
  }
  return { ...node, attributes }
}
