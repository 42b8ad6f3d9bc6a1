/** @file Shape and type inference over a whole graph. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute, opsetOf, tensorAttribute, type Attribute, type Graph, type Node, type ValueInfo, type ValueType } from '../ir.js'
import { mergeDim } from './dims.js'
import { known, knownConstant, normalizeAxis, UNKNOWN, type Known } from './known.js'
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
  const results: Known[][] = []
  for (const [name, attribute] of node.attributes) {
    if (attribute.type !== 'graph') attributes.set(name, attribute)
    else {
      const { graph: body, values: inside } = inferGraph(withInputTypes(node, attribute.value, inputs, values), values)
      bodies.push(body)
      results.push(body.outputs.map((output) => ({ ...knownType(output.type), values: inside.get(output.name)?.values ?? null })))
      attributes.set(name, { type: 'graph', value: body })
    }
  }
  if (bodies.length === 0) return { node, outputs: [] }
  return { node: { ...node, attributes }, outputs: node.domain === '' ? controlOutputs(node, bodies, results, inputs) : [] }
}

/** Turns in which the shapes of carried values are followed; what still changes then is taken to change always. */
const SHAPE_TURNS = 3

/** A body with the types of what it is given. */
function withInputTypes(node: Node, body: Graph, inputs: readonly Known[], values: ReadonlyMap<string, Known>): Graph {
  if (node.opType === 'Scan') return typed(body, inputs.map((value, i) => sliceOf(node, value, i, inputs.length)))
  if (node.opType !== 'Loop') return body
  let carried = inputs.slice(2)
  for (let turn = 0; turn < SHAPE_TURNS && carried.some(({ dims }) => dims !== null); turn++) {
    const after = inferGraph(loopTyped(body, carried), values).graph.outputs.slice(1).map(({ type }) => knownType(type))
    const merged = carried.map((value, i) => ({ ...common(value, after[i] ?? UNKNOWN), dtype: value.dtype }))
    if (merged.every((value, i) => sameDims(value, carried[i]))) return loopTyped(body, carried)
    carried = merged
  }
  return loopTyped(body, carried.map((value) => ({ ...value, dims: null })))
}

const sameDims = (a: Known, b: Known): boolean => a.dims === b.dims || (a.dims?.length === b.dims?.length && a.dims?.every((dim, axis) => dim === b.dims?.[axis]) === true)

const loopTyped = (body: Graph, carried: readonly Known[]): Graph => typed(body, [known('int64', []), known('bool', []), ...carried.map(({ dtype, dims, other }) => ({ ...known(dtype, dims), ...(other ? { other } : {}) }))])

/** What a file says of a body's inputs holds, and what it leaves open is filled in. */
const typed = (body: Graph, inputs: readonly Known[]): Graph => ({ ...body, inputs: body.inputs.map((info, i) => ({ ...info, type: typeOfKnown(merge(knownType(info.type), inputs[i] ?? UNKNOWN)) })) })

/** What the body of a Scan gets of one of the node's inputs: states whole, the others without the axis that is scanned. */
function sliceOf(node: Node, value: Known, i: number, count: number): Known {
  const scanned = i - (count - (intAttribute(node, 'num_scan_inputs', 0)))
  if (scanned < 0) return known(value.dtype, value.dims)
  const axis = normalizeAxis(intsAttribute(node, 'scan_input_axes', [])[scanned] ?? 0, value.dims?.length ?? 0)
  return known(value.dtype, axis === null ? null : value.dims && value.dims.filter((_, at) => at !== axis))
}

function controlOutputs(node: Node, bodies: readonly Graph[], results: readonly (readonly Known[])[], inputs: readonly Known[]): Known[] {
  if (node.opType === 'If' && results.length === 2) {
    const branch = inputs[0]?.values?.[0] === 1 ? 'then_branch' : inputs[0]?.values?.[0] === 0 ? 'else_branch' : null
    const taken = [...node.attributes].filter(([, { type }]) => type === 'graph').findIndex(([name]) => name === branch)
    if (taken >= 0) return [...results[taken]]
    return results[0].map((value, i) => common(value, results[1][i] ?? UNKNOWN))
  }
  if (node.opType === 'Scan') return scanOutputs(node, results[0], inputs)
  if (node.opType !== 'Loop') return []
  const carried = inputs.length - 2
  const turns = turnsOf(node, bodies[0], inputs)
  return results[0].slice(1).map((value, i) => {
    if (i >= carried) return known(value.dtype, value.dims && [turns, ...value.dims])
    // Without any turn, what comes in comes out.
    const before = knownType(bodies[0].inputs[i + 2]?.type ?? null)
    return turns === null || turns === 0 ? { ...common(value, before), dtype: value.dtype, ...(value.other ? { other: value.other } : {}) } : { ...value, values: null }
  })
}

function scanOutputs(node: Node, results: readonly Known[], inputs: readonly Known[]): Known[] {
  const scanned = intAttribute(node, 'num_scan_inputs', 0)
  const states = inputs.length - scanned
  const first = inputs[states]?.dims ?? null
  const inputAxis = normalizeAxis(intsAttribute(node, 'scan_input_axes', [])[0] ?? 0, first?.length ?? 0)
  const turns = first && inputAxis !== null ? first[inputAxis] : null
  return results.map((value, i) => {
    if (i < states || value.dims === null) return { ...value, values: null }
    const axis = normalizeAxis(intsAttribute(node, 'scan_output_axes', [])[i - states] ?? 0, value.dims.length + 1)
    return known(value.dtype, axis === null ? null : [...value.dims.slice(0, axis), turns, ...value.dims.slice(axis)])
  })
}

/** How often a Loop runs, where nothing can end it early. */
function turnsOf(node: Node, body: Graph, inputs: readonly Known[]): Dim {
  const [most, condition] = inputs
  const makers = new Map(body.nodes.flatMap((inner) => inner.outputs.map((name) => [name, inner] as const)))
  const isTrue = (name: string): boolean => {
    if (name === body.inputs[1]?.name) return true
    const initializer = body.initializers.get(name)
    if (initializer) return knownConstant(initializer).values?.[0] === 1
    const maker = makers.get(name)
    if (maker?.opType === 'Identity') return isTrue(maker.inputs[0])
    const value = maker?.opType === 'Constant' ? tensorAttribute(maker, 'value') : null
    return value !== null && knownConstant(value).values?.[0] === 1
  }
  const starts = !node.inputs[1] || condition?.values?.[0] === 1
  return starts && node.inputs[0] && isTrue(body.outputs[0]?.name ?? '') ? most?.values?.[0] ?? null : null
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
