/** @file Whether a graph is one that its operators can mean something in, before passes rely on it. */
import { ProbityError } from '../../contracts/errors.js'
import { storageLength } from '../../tensor/dtypes.js'
import { describeNode } from '../codec/read-graph.js'
import { settleGraph } from '../codec/scopes.js'
import { isExternal, type Graph, type Node } from '../ir.js'
import { inferValues } from '../shapes/infer.js'
import type { Known } from '../shapes/known.js'
import { subgraphsOf } from '../walk.js'
import { operatorOf, parameterOf, type Operator } from './operators.js'
import { rangeProblem } from './ranges.js'

/**
 * The graph with its nodes in order. Names are defined once and before their use; nodes have the inputs, outputs and attributes that their
 * operator's schema asks for, of types that agree, with axes and windows that can be. Operators without a schema are let through: whoever comes to them says so.
 *
 * @throws ProbityError `graph/malformed` or `graph/cycle`, naming node and value
 */
export function checkGraph(graph: Graph): Graph {
  const settled = settleGraph(graph)
  checkScope(settled, new Map())
  return settled
}

function checkScope(graph: Graph, outer: ReadonlyMap<string, Known>): void {
  for (const [name, initializer] of graph.initializers) {
    if (isExternal(initializer)) continue
    const needed = initializer.dtype === 'string' ? initializer.dims.reduce((size, dim) => size * dim, 1) : storageLength(initializer.dtype, initializer.dims.reduce((size, dim) => size * dim, 1))
    if (initializer.data.length !== needed) throw malformed(`Initializer "${name}"`, `has shape [${initializer.dims.join(', ')}], which needs ${needed} stored values, and holds ${initializer.data.length}`)
  }
  for (const node of graph.nodes) checkNode(node, graph)
  const { graph: inferred, values } = inferValues(graph, { outer })
  for (const node of inferred.nodes) {
    checkTypes(node, graph, values)
    const problem = rangeProblem(node, values)
    if (problem !== null) throw malformed(describeNode(node), problem)
    for (const body of subgraphsOf(node)) checkScope(body, values)
  }
}

function checkNode(node: Node, graph: Graph): void {
  const operator = operatorOf(node, graph)
  if (operator === null) return
  const refuse = (problem: string) => malformed(describeNode(node), problem)
  const { leastInputs, mostInputs, leastOutputs, mostOutputs } = operator
  // Absent optional inputs at the end are as good as none.
  const inputs = node.inputs.findLastIndex((name) => name !== '') + 1
  if (inputs < leastInputs || inputs > mostInputs) throw refuse(`has ${plural(inputs, 'input')}, and takes ${range(leastInputs, mostInputs)}`)
  if (node.outputs.length < leastOutputs || node.outputs.length > mostOutputs) throw refuse(`has ${plural(node.outputs.length, 'output')}, and gives ${range(leastOutputs, mostOutputs)}`)
  for (let i = 0; i < inputs; i++) {
    if (node.inputs[i] === '' && parameterOf(operator, i)?.mayBeAbsent === false) throw refuse(`its input ${i} is absent, and must be there`)
  }
  checkAttributes(node, operator, refuse)
}

function checkAttributes(node: Node, operator: Operator, refuse: (problem: string) => ProbityError): void {
  for (const [name, { type, isRequired }] of operator.attributes) {
    const attribute = node.attributes.get(name)
    if (attribute === undefined && isRequired) throw refuse(`its attribute "${name}" is missing`)
    const actual = attribute?.type === 'reference' ? attribute.of : attribute?.type
    if (actual !== undefined && actual !== type) throw refuse(`its attribute "${name}" is of type ${actual}, and must be of type ${type}`)
    if (attribute?.type === 'int' && FLAGS.has(name) && attribute.value !== 0n && attribute.value !== 1n) throw refuse(`its attribute "${name}" is ${attribute.value}, and must be 0 or 1`)
  }
}

/** Attributes that say yes or no: what else they hold, runtimes read one way or the other. */
const FLAGS: ReadonlySet<string> = new Set([
  'align_corners', 'allowzero', 'antialias', 'ceil_mode', 'channels_last', 'count_include_pad', 'do_rotary', 'exclude_outside', 'exclusive', 'fmod', 'interleaved', 'inverse', 'is_causal', 'keepdims', 'largest', 'layout', 'linear_before_reset',
  'new_axis', 'noop_with_empty_axes', 'one_class', 'onesided', 'reverse', 'saturate', 'select_last_index', 'sorted', 'storage_order', 'training_mode', 'transA', 'transB', 'transBatchA', 'transBatchB', 'unidirectional', 'upper',
])

/** Inputs of one type variable have one element type, and those of a fixed one have that. */
function checkTypes(node: Node, graph: Graph, values: ReadonlyMap<string, Known>): void {
  const operator = operatorOf(node, graph)
  if (operator === null) return
  const bound = new Map<string, { readonly name: string; readonly dtype: string }>()
  node.inputs.forEach((name, i) => {
    const dtype = name === '' ? null : values.get(name)?.dtype ?? null
    const type = parameterOf(operator, i)?.type ?? '_'
    if (dtype === null || type === '_') return
    if (isElementType(type) && type !== dtype) throw malformed(describeNode(node), `its input "${name}" holds ${dtype}, and must hold ${type}`)
    const before = bound.get(type)
    if (before !== undefined && before.dtype !== dtype) throw malformed(describeNode(node), `its inputs "${before.name}" and "${name}" hold ${before.dtype} and ${dtype}, and must hold the same`)
    bound.set(type, { name, dtype })
  })
}

/** Type variables begin with a capital letter. */
const isElementType = (type: string): boolean => /^[a-z]/.test(type)

const malformed = (what: string, problem: string): ProbityError => new ProbityError('graph/malformed', `${what}${problem.startsWith('has ') ? '' : ':'} ${problem}. Export the model again.`)
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
const range = (least: number, most: number): string => (least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`)
