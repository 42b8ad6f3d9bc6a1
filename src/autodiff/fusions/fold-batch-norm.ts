/**
 * @file Batch normalization with fixed statistics, written into the weights of the convolution before it: y = s·(W∗x + b − mean) + B with s = scale / √(var + ε)
 * is a convolution with weights s·W and bias s·(b − mean) + B. Runtimes compute those once, when they load the graph, and then multiply no map by s on the
 * way back either.
 */
import { floatAttribute, intAttribute, type Graph, type Node } from '../../graph/ir.js'
import { Emitter } from '../emitter.js'
import { GraphReader } from './graph-reader.js'

export function foldBatchNorm(graph: Graph, kept: ReadonlySet<string>): Graph {
  if (!graph.nodes.some(({ opType }) => opType === 'BatchNormalization')) return graph
  const e = new Emitter(graph, { empty: true })
  const reader = new GraphReader(e, kept)
  const folded = new Map<Node, Node>()
  for (const node of e.graph.nodes) {
    const conv = isFixed(e, node, kept) && reader.isPrivate(node.inputs[0]) ? reader.maker(node.inputs[0], 'Conv') : null
    if (conv?.inputs.slice(1).every((name) => name === '' || isConstant(e, name, kept))) folded.set(node, conv)
  }
  if (folded.size === 0) return graph
  const dropped = new Set(folded.values())
  for (const node of e.graph.nodes) {
    const conv = folded.get(node)
    if (conv) e.keep(joined(e, node, conv))
    else if (!dropped.has(node)) e.keep(node)
  }
  return { ...e.builder.build(), outputs: graph.outputs }
}

function joined(e: Emitter, node: Node, conv: Node): Node {
  const [, scale, bias, mean, variance] = node.inputs
  const [x, weights, before] = conv.inputs
  const s = e.div(scale, e.emit('Sqrt', [e.add(variance, e.scalar(floatAttribute(node, 'epsilon', 1e-5), variance))])) // [O]
  const column = e.emit('Reshape', [s, e.ints([-1, ...Array.from({ length: (e.rank(weights) ?? 1) - 1 }, () => 1)])]) // [O, 1, …]
  const shifted = e.add(e.mul(before ? e.sub(before, mean) : e.neg(mean), s), bias) // [O]
  return { ...conv, inputs: [x, e.mul(weights, column), shifted], outputs: [node.outputs[0]] }
}

/** Inference, with statistics and factors that never change, in one type. */
function isFixed(e: Emitter, node: Node, kept: ReadonlySet<string>): boolean {
  if (node.domain !== '' || node.opType !== 'BatchNormalization' || intAttribute(node, 'training_mode', 0) === 1 || node.outputs.slice(1).some((name) => name !== '')) return false
  const dtype = e.knownDtype(node.inputs[0])
  return node.inputs.slice(1).every((name) => isConstant(e, name, kept) && e.knownDtype(name) === dtype)
}

const isConstant = (e: Emitter, name: string, kept: ReadonlySet<string>): boolean => !kept.has(name) && e.constantTensor(name) !== null
