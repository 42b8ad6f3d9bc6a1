/** @file Questions about a graph's structure, and cutting pieces out of it. Subgraphs of If, Loop and Scan count as readers of what they capture. */
import { ProbityError } from '../contracts/errors.js'
import type { Attribute, Graph, Initializer, Node, ValueInfo } from './ir.js'

/** The subgraphs that a node carries in its attributes. */
export function subgraphsOf(node: Node): Graph[] {
  const graphs: Graph[] = []
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'graph') graphs.push(attribute.value)
    else if (attribute.type === 'graphs') graphs.push(...attribute.value)
  }
  return graphs
}

/** The node with each of its subgraphs replaced. */
export function mapSubgraphs(node: Node, change: (graph: Graph) => Graph): Node {
  if (subgraphsOf(node).length === 0) return node
  const attributes = new Map<string, Attribute>()
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') attributes.set(name, { type: 'graph', value: change(attribute.value) })
    else if (attribute.type === 'graphs') attributes.set(name, { type: 'graphs', value: attribute.value.map(change) })
    else attributes.set(name, attribute)
  }
  return { ...node, attributes }
}

/** Names that a graph reads and does not define: what it captures from the graphs around it. */
export function freeVariables(graph: Graph): Set<string> {
  const defined = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.sparseInitializers.keys()])
  for (const node of graph.nodes) for (const output of node.outputs) defined.add(output)
  const free = new Set<string>()
  for (const node of graph.nodes) for (const name of readsOf(node)) if (!defined.has(name)) free.add(name)
  for (const { name } of graph.outputs) if (!defined.has(name)) free.add(name)
  return free
}

/** Every value that a node needs: its inputs and what its subgraphs capture. */
export function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((name) => name !== '')
  for (const graph of subgraphsOf(node)) reads.push(...freeVariables(graph))
  return reads
}

/** The node that makes each value. */
export function producersOf(graph: Graph): Map<string, Node> {
  const producers = new Map<string, Node>()
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') producers.set(output, node)
  return producers
}

/** The nodes that read each value, in order, each once. */
export function consumersOf(graph: Graph): Map<string, Node[]> {
  const consumers = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    for (const name of new Set(readsOf(node))) {
      const list = consumers.get(name)
      if (list) list.push(node)
      else consumers.set(name, [node])
    }
  }
  return consumers
}

/**
 * Nodes in an order in which every value is made before it is read; nodes that already are keep their order.
 *
 * @throws ProbityError `graph/cycle` naming a node
 */
export function topologicalSort(nodes: readonly Node[], available: ReadonlySet<string>): Node[] {
  const reads = nodes.map(readsOf)
  const maker = new Map<string, number>()
  nodes.forEach((node, index) => node.outputs.forEach((output) => output !== '' && maker.set(output, index)))
  const needs = reads.map((names) => new Set(names.flatMap((name) => (available.has(name) ? [] : maker.get(name) ?? []))))
  if (needs.every((before, index) => [...before].every((other) => other < index))) return [...nodes]
  const readers = nodes.map((): number[] => [])
  needs.forEach((before, index) => before.forEach((other) => readers[other].push(index)))
  const ready = needs.flatMap((before, index) => (before.size === 0 ? [index] : []))
  const sorted: Node[] = []
  for (let next = 0; next < ready.length; next++) {
    sorted.push(nodes[ready[next]])
    for (const reader of readers[ready[next]]) {
      needs[reader].delete(ready[next])
      if (needs[reader].size === 0) ready.push(reader)
    }
  }
  if (sorted.length < nodes.length) {
    const stuck = nodes[needs.findIndex((before) => before.size > 0)]
    throw new ProbityError('graph/cycle', `Node "${stuck.name || stuck.outputs[0]}" (${stuck.opType}) needs its own result: the graph has a cycle. Export the model again.`)
  }
  return sorted
}

/** Every value that depends on one of `names`, themselves included. */
export function reaches(graph: Graph, names: Iterable<string>): Set<string> {
  const reached = new Set(names)
  for (const node of graph.nodes) {
    if (readsOf(node).some((name) => reached.has(name))) for (const output of node.outputs) if (output !== '') reached.add(output)
  }
  return reached
}

/** Every value that one of `names` depends on, themselves included. */
export function ancestorsOf(graph: Graph, names: Iterable<string>): Set<string> {
  const wanted = new Set(names)
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]
    if (node.outputs.some((output) => wanted.has(output))) for (const name of readsOf(node)) wanted.add(name)
  }
  return wanted
}

/** Tells whether a node lies on a way from `sources` to `targets`. */
export function liesBetween(graph: Graph, sources: readonly string[], targets: readonly string[]): (node: Node) => boolean {
  const [before, after] = [reaches(graph, sources), ancestorsOf(graph, targets)]
  return (node) => node.outputs.some((name) => after.has(name)) && readsOf(node).some((name) => before.has(name))
}

/**
 * The part of the graph that `outputs` need; `outputs` may be any values. Nodes, inputs, initializers and value infos that nothing needs are dropped.
 *
 * @throws ProbityError `graph/unknown-value` when a wanted value does not exist
 */
export function prune(graph: Graph, outputs: readonly string[] = graph.outputs.map(({ name }) => name)): Graph {
  return cut(graph, graph.inputs, outputs, new Set())
}

/**
 * The part of the graph between `inputs` and `outputs` (any values): what makes the inputs is cut away, and they are fed instead.
 * Inputs of the graph that are needed still come after them; inputs that are not needed are dropped.
 *
 * @throws ProbityError `graph/unknown-value` when a name does not exist
 */
export function extract(graph: Graph, inputs: readonly string[], outputs: readonly string[]): Graph {
  const fed = new Set(inputs)
  return cut(graph, [...inputs.map((name) => infoOf(graph, name)), ...graph.inputs.filter(({ name }) => !fed.has(name))], outputs, fed)
}

function cut(graph: Graph, inputs: readonly ValueInfo[], outputs: readonly string[], fed: ReadonlySet<string>): Graph {
  const needed = new Set(outputs)
  const nodes: Node[] = []
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]
    const made = node.outputs.filter((output) => needed.has(output) && !fed.has(output))
    if (made.length === 0) continue
    const clash = node.outputs.find((output) => fed.has(output))
    nodes.push(clash === undefined ? node : { ...node, outputs: node.outputs.map((output) => (fed.has(output) ? '' : output)) })
    for (const name of readsOf(node)) needed.add(name)
  }
  nodes.reverse()
  const made = new Set(nodes.flatMap((node) => node.outputs))
  const keep = <V>(map: ReadonlyMap<string, V>, wanted: (name: string) => boolean) => new Map([...map].filter(([name]) => wanted(name)))
  const constant = (name: string) => needed.has(name) && !fed.has(name)
  const initializers = keep<Initializer>(graph.initializers, constant)
  return {
    ...graph,
    inputs: inputs.filter(({ name }) => needed.has(name)),
    overridable: graph.overridable.filter(constant),
    outputs: outputs.map((name) => infoOf(graph, name)),
    nodes,
    initializers,
    sparseInitializers: keep(graph.sparseInitializers, constant),
    ...(graph.initializerNotes ? { initializerNotes: keep(graph.initializerNotes, constant) } : {}),
    valueInfo: keep(graph.valueInfo, (name) => made.has(name) || initializers.has(name)),
    ...(graph.quantization ? { quantization: graph.quantization.filter(({ tensor }) => needed.has(tensor)) } : {}),
  }
}

/**
 * What the graph says about a value: input, output, internal or constant. `type` is null where it says nothing.
 *
 * @throws ProbityError `graph/unknown-value`
 */
export function infoOf(graph: Graph, name: string): ValueInfo {
  const stated = graph.outputs.find((info) => info.name === name) ?? graph.inputs.find((info) => info.name === name)
  if (stated?.type) return stated
  const known = graph.valueInfo.get(name)
  if (known) return known
  if (stated) return stated
  const initializer = graph.initializers.get(name)
  if (initializer) return { name, type: { kind: 'tensor', dtype: initializer.dtype, dims: initializer.dims } }
  const sparse = graph.sparseInitializers.get(name)
  if (sparse) return { name, type: { kind: 'tensor', dtype: sparse.values.dtype, dims: sparse.dims } }
  if (graph.nodes.some((node) => node.outputs.includes(name))) return { name, type: null }
  throw new ProbityError('graph/unknown-value', `The model has no value named "${name}". Name an input, an output or an internal value of the graph.`)
}
