/** @file Shape and type inference over a whole graph. */
import type { Dim } from '../../contracts/model.js'
import { opsetOf, type Attribute, type Graph, type Node, type ValueInfo, type ValueType } from '../ir.js'
import { mergeDim } from './dims.js'
import { known, knownConstant, UNKNOWN, type Known } from './known.js'
import { shapeRuleOf } from './rules.js'

export type InferOptions = {
  /** Sizes to bind inputs to, by input name; symbols that they replace are replaced everywhere. */
  readonly inputs?: ReadonlyMap<string, readonly Dim[]>
  /** What is known of the values of the graphs around this one. */
  readonly outer?: ReadonlyMap<string, Known>
}

/**
 * Fills in types and sizes of every value that can be known, also inside subgraphs. What nobody can infer stays as the file states it, or unknown.
 *
 * Sizes are numbers, symbols (a batch size N stays N through Reshape, Concat and the like) or null. Integer values are followed through
 * Shape, Gather, Concat and arithmetic, so that computed Reshape targets become known. Never throws for an operator without a rule.
 */
export function inferShapes(graph: Graph, options: InferOptions = {}): Graph {
  return inferValues(graph, options).graph
}

/** The graph with its shapes, and what is known of each of its values: besides the type, the elements of integers that follow from sizes. */
export function inferValues(graph: Graph, options: InferOptions = {}): { readonly graph: Graph; readonly values: Map<string, Known> } {
  return inferGraph(bindInputs(graph, options.inputs ?? new Map()), options.outer ?? new Map())
}

/** What is known of each output of one node, given its inputs. */
export function inferNode(node: Node, opsets: Graph['opsets'], values: ReadonlyMap<string, Known>): readonly Known[] {
  return applyNode(node, opsets, values).outputs
}

function inferGraph(graph: Graph, outer: ReadonlyMap<string, Known>): { graph: Graph; values: Map<string, Known> } {
  const values = new Map(outer)
  for (const input of graph.inputs) values.set(input.name, knownType(input.type))
  for (const [name, initializer] of graph.initializers) values.set(name, knownConstant(initializer))
  for (const name of graph.overridable) values.set(name, { ...(values.get(name) ?? UNKNOWN), values: null })
  for (const [name, sparse] of graph.sparseInitializers) values.set(name, known(sparse.values.dtype, sparse.dims))
  const stated = new Map([...graph.valueInfo, ...graph.outputs.filter(({ type }) => type !== null).map((info) => [info.name, info] as const)])
  const valueInfo = new Map(graph.valueInfo)
  const nodes = graph.nodes.map((node) => {
    const { node: inner, outputs } = applyNode(node, graph.opsets, values)
    node.outputs.forEach((name, i) => {
      if (name === '') return
      const value = merge(outputs[i] ?? UNKNOWN, knownType(stated.get(name)?.type ?? null))
      values.set(name, value)
      const type = typeOfKnown(value)
      if (type) valueInfo.set(name, { ...(graph.valueInfo.get(name) ?? { name }), type })
    })
    return inner
  })
  const outputs = graph.outputs.map((info): ValueInfo => {
    const type = typeOfKnown(merge(values.get(info.name) ?? UNKNOWN, knownType(info.type)))
    return type ? { ...info, type } : info
  })
  for (const { name } of outputs) if (!graph.valueInfo.has(name)) valueInfo.delete(name)
  return { graph: { ...graph, nodes, outputs, valueInfo }, values }
}

function applyNode(node: Node, opsets: Graph['opsets'], values: ReadonlyMap<string, Known>): { node: Node; outputs: readonly Known[] } {
  const inputs = node.inputs.map((name) => (name === '' ? UNKNOWN : values.get(name) ?? UNKNOWN))
  const rule = shapeRuleOf(node.domain, node.opType)
  if (rule) {
    const application = { node, inputs, input: (i: number) => inputs[i] ?? UNKNOWN, has: (i: number) => Boolean(node.inputs[i]), opset: opsetOf({ opsets }, node.domain) }
    return { node, outputs: rule(application) }
  }
  return applySubgraphs(node, inputs, values)
}

/** Control flow: bodies are inferred in the scope around them, and the node's outputs follow from theirs. */
function applySubgraphs(node: Node, inputs: readonly Known[], values: ReadonlyMap<string, Known>): { node: Node; outputs: readonly Known[] } {
  const attributes = new Map<string, Attribute>()
  const bodies: Graph[] = []
  for (const [name, attribute] of node.attributes) {
    if (attribute.type !== 'graph') attributes.set(name, attribute)
    else {
      const body = inferGraph(node.opType === 'Loop' ? withLoopTypes(attribute.value, inputs) : attribute.value, values).graph
      bodies.push(body)
      attributes.set(name, { type: 'graph', value: body })
    }
  }
  if (bodies.length === 0) return { node, outputs: [] }
  return { node: { ...node, attributes }, outputs: node.domain === '' ? controlOutputs(node, bodies, inputs.length) : [] }
}

function controlOutputs(node: Node, bodies: readonly Graph[], inputCount: number): Known[] {
  const results = bodies.map((body) => body.outputs.map(({ type }) => knownType(type)))
  if (node.opType === 'If' && results.length === 2) return results[0].map((value, i) => common(value, results[1][i] ?? UNKNOWN))
  if (node.opType !== 'Loop') return []
  const carried = inputCount - 2
  return results[0].slice(1).map((value, i) => (i < carried ? { ...value, dims: null } : known(value.dtype, value.dims && [null, ...value.dims])))
}

/** A carried value may change its shape from turn to turn; its dtype may not. */
function withLoopTypes(body: Graph, inputs: readonly Known[]): Graph {
  const inner = (i: number): Known => (i === 0 ? known('int64', []) : i === 1 ? known('bool', []) : known(inputs[i]?.dtype ?? null, null))
  return { ...body, inputs: body.inputs.map((info, i) => ({ ...info, type: info.type ?? typeOfKnown(inner(i)) })) }
}

function bindInputs(graph: Graph, bound: ReadonlyMap<string, readonly Dim[]>): Graph {
  if (bound.size === 0) return graph
  const symbols = new Map<string, Dim>()
  let contradicted = false
  const inputs = graph.inputs.map((info): ValueInfo => {
    const dims = bound.get(info.name)
    if (dims === undefined || info.type?.kind !== 'tensor') return info
    info.type.dims?.forEach((dim, axis) => {
      if (typeof dim === 'string') symbols.set(dim, dims[axis] ?? null)
      else if (dim !== null && dim !== dims[axis]) contradicted = true
    })
    return { ...info, type: { ...info.type, dims } }
  })
  // Where a fixed size is overruled, what the exporter computed from it is stale.
  const rebind = (info: ValueInfo): ValueInfo => {
    if (info.type?.kind !== 'tensor' || info.type.dims === null) return info
    return { ...info, type: { ...info.type, dims: info.type.dims.map((dim) => (contradicted ? null : typeof dim === 'string' && symbols.has(dim) ? symbols.get(dim) ?? null : dim)) } }
  }
  return {
    ...graph,
    inputs: inputs.map((info) => (bound.has(info.name) || contradicted ? info : rebind(info))),
    outputs: graph.outputs.map(rebind),
    valueInfo: new Map([...graph.valueInfo].map(([name, info]) => [name, rebind(info)])),
  }
}

export function knownType(type: ValueType | null): Known {
  if (type === null) return UNKNOWN
  return type.kind === 'tensor' ? known(type.dtype, type.dims) : { ...UNKNOWN, other: type }
}

export function typeOfKnown({ dtype, dims, other }: Known): ValueType | null {
  return other ?? (dtype === null ? null : { kind: 'tensor', dtype, dims })
}

function merge(inferred: Known, stated: Known): Known {
  const dims = inferred.dims === null ? stated.dims : stated.dims?.length === inferred.dims.length ? inferred.dims.map((dim, axis) => mergeDim(dim, stated.dims?.[axis] ?? null)) : inferred.dims
  const other = inferred.other ?? (inferred.dtype === null ? stated.other : undefined)
  return { dtype: inferred.dtype ?? stated.dtype, dims, values: inferred.values, ...(other ? { other } : {}) }
}

/** What holds whichever of the two comes out. */
function common(a: Known, b: Known): Known {
  if (a.other || b.other) return a.other && JSON.stringify(a.other) === JSON.stringify(b.other) ? a : UNKNOWN
  const dims = a.dims && b.dims && a.dims.length === b.dims.length ? a.dims.map((dim, axis) => (dim === b.dims?.[axis] ? dim : null)) : null
  return known(a.dtype === b.dtype ? a.dtype : null, dims)
}
