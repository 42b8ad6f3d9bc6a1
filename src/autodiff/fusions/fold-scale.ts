/**
 * @file Products with a number, such as the 1/√size of attention, written into the weights of the dense layer before them: runtimes scale those once, when they
 * load the graph, instead of every activation and every gradient.
 */
import type { Graph, Node } from '../../graph/ir.js'
import { Emitter } from '../emitter.js'
import { GraphReader } from './graph-reader.js'

const MOVES: readonly string[] = ['Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']

export function foldScale(graph: Graph, kept: ReadonlySet<string>): Graph {
  const e = new Emitter(graph, { empty: true })
  const reader = new GraphReader(e, kept)
  /** What the constant inputs of a node are multiplied by. */
  const scales = new Map<Node, number>()
  const folded = new Map<Node, string>()
  for (const node of e.graph.nodes) {
    const found = scaled(e, reader, node)
    const layer = found && layerBefore(e, reader, found.value, kept)
    if (!found || !layer) continue
    for (const part of layer) scales.set(part, (scales.get(part) ?? 1) * found.number)
    folded.set(node, found.value)
  }
  if (folded.size === 0) return graph
  for (const node of e.graph.nodes) {
    const [scale, value] = [scales.get(node), folded.get(node)]
    if (value !== undefined) e.keep({ ...node, opType: 'Identity', inputs: [value], attributes: new Map() })
    else if (scale === undefined) e.keep(node)
    else e.keep({ ...node, inputs: node.inputs.map((name) => (e.constantTensor(name) === null ? name : e.mul(name, e.scalar(scale, name)))) })
  }
  return { ...e.builder.build(), outputs: graph.outputs }
}

/** A value times a number that changes neither its shape nor its type. */
function scaled(e: Emitter, reader: GraphReader, node: Node): { value: string; number: number } | null {
  if (node.domain !== '' || (node.opType !== 'Mul' && node.opType !== 'Div') || !['float32', 'float64'].includes(e.knownDtype(node.outputs[0]) ?? '')) return null
  const [a, b] = node.inputs
  const [left, right] = [node.opType === 'Mul' ? reader.scalar(a) : null, reader.scalar(b)]
  const value = right === null ? b : a
  const number = right === null ? left : node.opType === 'Div' ? 1 / right : right
  const rank = e.rank(value)
  return number === null || !Number.isFinite(number) || rank === null || rank === 0 ? null : { value, number }
}

/** The nodes of a dense layer whose constants make a value, through operators that only move its elements; null where something else reads what lies between. */
function layerBefore(e: Emitter, reader: GraphReader, value: string, kept: ReadonlySet<string>): Node[] | null {
  const isConstant = (name: string) => name !== '' && !kept.has(name) && e.constantTensor(name) !== null
  if (!reader.isPrivate(value)) return null
  const move = reader.maker(value, ...MOVES)
  if (move) return layerBefore(e, reader, move.inputs[0], kept)
  const gemm = reader.maker(value, 'Gemm')
  if (gemm) return !isConstant(gemm.inputs[0]) && gemm.inputs.slice(1).every((name) => name === '' || isConstant(name)) ? [gemm] : null
  const product = (name: string) => {
    const matMul = reader.isPrivate(name) ? reader.maker(name, 'MatMul') : null
    return matMul !== null && matMul.inputs.filter(isConstant).length === 1 ? matMul : null
  }
  const alone = product(value)
  if (alone) return [alone]
  const sum = reader.maker(value, 'Add')
  const bias = sum?.inputs.find(isConstant)
  const matMul = sum && bias !== undefined ? product(sum.inputs[0] === bias ? sum.inputs[1] : sum.inputs[0]) : null
  return sum && matMul ? [matMul, sum] : null
}
