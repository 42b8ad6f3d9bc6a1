/** @file One call of a function: its body with the caller's attributes, and with names that are the call's own. */
import { ProbityError } from '../../contracts/errors.js'
import type { Dim } from '../../contracts/model.js'
import type { Attribute, FunctionDefinition, Graph, Initializer, Node, ValueInfo } from '../ir.js'
import { upgradeOpset } from '../upgrade/upgrade.js'

/** What stands before the names of everything inside a call. */
export const labelOf = (call: Node): string => call.name || call.outputs.find((output) => output !== '') || call.opType

/** What takes a call's place. */
export type Expansion = {
  readonly nodes: readonly Node[]
  readonly initializers: ReadonlyMap<string, Initializer>
  readonly valueInfo: ReadonlyMap<string, ValueInfo>
}

/**
 * The body of a function as nodes that read the call's inputs and make the call's outputs.
 *
 * @param opset version of ai.onnx that the body is brought to
 * @param rename gives an inner value a name that nothing else has
 */
export function instantiate(definition: FunctionDefinition, call: Node, opset: number, rename: (inner: string) => string): Expansion {
  if (call.inputs.length > definition.inputs.length || call.outputs.length > definition.outputs.length) {
    throw new ProbityError('graph/malformed', `Node "${call.name || call.outputs[0]}" gives the function ${definition.name} more inputs or takes more outputs than it has. Export the model again.`)
  }
  const body = upgradeOpset(bodyOf(definition, new Map([...definition.attributeDefaults, ...call.attributes])), opset)
  const names = new Map<string, string>(definition.inputs.map((formal, i) => [formal, call.inputs[i] ?? '']))
  const copies: Node[] = []
  definition.outputs.forEach((formal, i) => {
    const wanted = call.outputs[i] ?? ''
    if (wanted === '') return
    // An output that is an input, or another output too, needs a value of its own.
    if (names.has(formal)) copies.push({ name: wanted, opType: 'Identity', domain: '', inputs: [names.get(formal)!], outputs: [wanted], attributes: new Map() })
    else names.set(formal, wanted)
  })
  const inside = renamed(body, names, rename)
  const label = labelOf(call)
  const nodes = inside.nodes.map((node) => (node.name === '' ? node : { ...node, name: `${label}/${node.name}` }))
  return { nodes: [...nodes, ...copies], initializers: inside.initializers, valueInfo: inside.valueInfo }
}

/** A body as nodes that read `inputs`, with names of its own; what it captures stays. Gives the new names of its outputs too. */
export function inlineBody(body: Graph, inputs: readonly string[], rename: (inner: string) => string): Expansion & { readonly outputs: readonly string[] } {
  const names = new Map<string, string>(body.inputs.map(({ name }, i) => [name, inputs[i] ?? '']))
  const { nodes, initializers, valueInfo, outputs } = renamed(body, names, rename)
  const named = nodes.map((node) => (node.name === '' ? node : { ...node, name: rename(node.name) }))
  return { nodes: named, initializers, valueInfo, outputs: outputs.map(({ name }) => name) }
}

function bodyOf({ name, inputs, outputs, nodes, opsets, valueInfo }: FunctionDefinition, given: ReadonlyMap<string, Attribute>): Graph {
  return {
    name, overridable: [], initializers: new Map(), sparseInitializers: new Map(), opsets, valueInfo,
    inputs: inputs.map((formal) => ({ name: formal, type: null })),
    outputs: outputs.map((formal) => ({ name: formal, type: null })),
    nodes: nodes.map((node) => withAttributes(node, given)),
  }
}

/** The node with what the caller gave where it refers to that; a reference to nothing is an absent attribute. */
function withAttributes(node: Node, given: ReadonlyMap<string, Attribute>): Node {
  const attributes = new Map<string, Attribute>()
  const inGraph = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map((inner) => withAttributes(inner, given)) })
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') attributes.set(name, { type: 'graph', value: inGraph(attribute.value) })
    else if (attribute.type === 'graphs') attributes.set(name, { type: 'graphs', value: attribute.value.map(inGraph) })
    else if (attribute.type !== 'reference') attributes.set(name, attribute)
    else if (given.has(attribute.value)) attributes.set(name, given.get(attribute.value)!)
  }
  return { ...node, attributes }
}

/** The graph with every value that it defines under a new name; `names` holds the new names of values around it, and gains its own. */
function renamed(graph: Graph, names: Map<string, string>, rename: (inner: string) => string): Graph {
  const nameOf = (name: string): string => names.get(name) ?? name
  const define = (name: string): string => {
    if (name !== '' && !names.has(name)) names.set(name, rename(name))
    return nameOf(name)
  }
  for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) define(name)
  const nodes = graph.nodes.map((node): Node => {
    const inputs = node.inputs.map(nameOf)
    const attributes = new Map([...node.attributes].map(([name, attribute]) => [name, renamedAttribute(attribute, names, rename)] as const))
    return { ...node, inputs, outputs: node.outputs.map(define), attributes }
  })
  const info = ({ name, ...rest }: ValueInfo): ValueInfo => ({ ...rest, name: nameOf(name), type: withoutSymbols(rest.type) })
  const keys = <V>(map: ReadonlyMap<string, V>) => new Map([...map].map(([name, value]) => [nameOf(name), value] as const))
  return {
    name: graph.name, nodes, opsets: graph.opsets,
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    overridable: graph.overridable.map(nameOf),
    initializers: keys(graph.initializers),
    sparseInitializers: keys(graph.sparseInitializers),
    valueInfo: new Map([...graph.valueInfo.values()].map(info).filter(({ name }) => name !== '').map((value) => [value.name, value])),
  }
}

function renamedAttribute(attribute: Attribute, names: ReadonlyMap<string, string>, rename: (inner: string) => string): Attribute {
  const inner = (graph: Graph): Graph => {
    const scope = new Map(names)
    for (const { name } of graph.inputs) scope.set(name, rename(name))
    return renamed(graph, scope, rename)
  }
  if (attribute.type === 'graph') return { type: 'graph', value: inner(attribute.value) }
  return attribute.type === 'graphs' ? { type: 'graphs', value: attribute.value.map(inner) } : attribute
}

/** A function's size names are its own: "N" inside need not be the "N" of the graph. */
function withoutSymbols(type: ValueInfo['type']): ValueInfo['type'] {
  if (type?.kind !== 'tensor' || type.dims === null) return type
  return { ...type, dims: type.dims.map((dim): Dim => (typeof dim === 'number' ? dim : null)) }
}
