/** @file The part of a graph that is an affine function of some inputs, row by row: from there a path of points can be drawn as well as from the inputs. */
import { intAttribute, type Node } from '../graph/ir.js'
import { reaches, readsOf } from '../graph/walk.js'
import type { Emitter } from './emitter.js'

export type AffinePart = {
  /** In the order of the graph. */
  readonly nodes: readonly Node[]
  /** Values of the part, inputs included, that the rest of the graph reads. */
  readonly frontier: readonly string[]
}

/** Operators that are affine in every input at once. */
const IN_ALL: ReadonlySet<string> = new Set(['Add', 'Sub', 'Sum', 'Neg', 'Identity', 'Concat'])
/** Operators that are linear in the first input. */
const IN_FIRST: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'Div', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Slice', 'Pad', 'Gather', 'ReduceSum', 'ReduceMean', 'AveragePool', 'GlobalAveragePool', 'BatchNormalization'])
/** Operators that are linear in either input, if not in both. */
const IN_ONE: ReadonlySet<string> = new Set(['Mul', 'MatMul'])
/** Multiplications for each element of the output from which on it pays to take them once for each path and not for each point. */
const HEAVY = 64

/**
 * The largest affine part that starts from `inputs`, where it holds a large product; without one, drawing points behind it would cost more than it saves,
 * and the part is empty. Values of the part have the inputs' rows along their first axis, and nothing else in it differs from row to row.
 *
 * @param perRow inputs of the graph that have rows
 */
export function affinePart(e: Emitter, inputs: readonly string[], perRow: readonly string[], kept: ReadonlySet<string>): AffinePart {
  const { graph } = e
  const rows = e.dims(inputs[0])?.[0]
  const varies = reaches(graph, perRow)
  const affine = new Set(inputs)
  const hasRows = (name: string) => typeof rows === 'string' && e.dims(name)?.[0] === rows
  const nodes = inputs.every(hasRows) ? graph.nodes.filter((node) => {
    const [output, ...more] = node.outputs
    const isPart = !kept.has(output) && more.every((name) => name === '') && isAffine(node, (name) => affine.has(name), (name) => varies.has(name)) && hasRows(output)
    if (isPart) affine.add(output)
    return isPart
  }) : []
  const part = nodes.some((node) => weightOf(e, node) >= HEAVY) ? new Set(nodes) : new Set<Node>()
  const made = new Set([...inputs, ...[...part].flatMap(({ outputs }) => outputs)])
  const read = new Set(graph.nodes.filter((node) => !part.has(node) && !isShapeOf(node, (name) => made.has(name))).flatMap(readsOf))
  return { nodes: [...part], frontier: [...made].filter((name) => read.has(name) || graph.outputs.some((output) => output.name === name)) }
}

/** Whether the node reads nothing of a value but its shape, rows included. */
export const isShapeOf = (node: Node, isWanted: (name: string) => boolean): boolean => node.domain === '' && node.opType === 'Shape' && intAttribute(node, 'start', 0) === 0 && isWanted(node.inputs[0])

function isAffine(node: Node, isPart: (name: string) => boolean, varies: (name: string) => boolean): boolean {
  const reads = readsOf(node)
  if (node.domain !== '' || !reads.some(isPart) || reads.some((name) => varies(name) && !isPart(name))) return false
  if (IN_ALL.has(node.opType)) return true
  if (IN_FIRST.has(node.opType)) return !reads.slice(1).some(isPart) && (node.opType !== 'BatchNormalization' || intAttribute(node, 'training_mode', 0) === 0)
  return IN_ONE.has(node.opType) && reads.filter(isPart).length === 1
}

/** Multiplications for one element of the output, for products. */
function weightOf(e: Emitter, node: Node): number {
  const size = (name: string, axis: number) => {
    const dims = e.dims(name)
    const dim = dims?.[axis < 0 ? axis + dims.length : axis]
    return typeof dim === 'number' ? dim : 0
  }
  if (node.opType === 'MatMul') return size(node.inputs[0], -1)
  if (node.opType === 'Gemm') return size(node.inputs[0], 1 - intAttribute(node, 'transA', 0))
  if (node.opType === 'Conv') return (e.staticDims(node.inputs[1])?.slice(1) ?? [0]).reduce((all, dim) => all * dim, 1)
  return 0
}
