/**
 * @file Max pooling before Relu instead of after it: the same values from fewer elements, and a gradient that masks fewer. It also goes to the same elements:
 * where the maximum is positive Relu changes nothing, so the first one stays the first, and elsewhere the gradient is 0.
 */
import type { Graph, Node } from '../../graph/ir.js'
import { Emitter } from '../emitter.js'
import { GraphReader } from './graph-reader.js'

export function poolFirst(graph: Graph, kept: ReadonlySet<string>): Graph {
  const e = new Emitter(graph, { empty: true })
  const reader = new GraphReader(e, kept)
  const exchanged = new Map<Node, Node>()
  for (const node of e.graph.nodes) {
    const activation = isPlainMaxPool(node) && reader.isPrivate(node.inputs[0]) ? reader.maker(node.inputs[0], 'Relu') : null
    if (activation) exchanged.set(node, activation)
  }
  if (exchanged.size === 0) return graph
  const dropped = new Set(exchanged.values())
  for (const node of e.graph.nodes) {
    const activation = exchanged.get(node)
    if (activation) {
      const pooled = e.builder.fresh('probity/pooled')
      e.keep({ ...node, name: pooled, inputs: activation.inputs, outputs: [pooled] })
      e.keep({ ...activation, inputs: [pooled], outputs: node.outputs })
    } else if (!dropped.has(node)) e.keep(node)
  }
  return { ...e.builder.build(), outputs: graph.outputs }
}

const isPlainMaxPool = (node: Node): boolean => node.domain === '' && node.opType === 'MaxPool' && node.outputs.slice(1).every((name) => name === '')
