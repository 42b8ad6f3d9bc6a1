/** @file LayerNormalization, where an exporter wrote it in pieces: one operator, with a gradient that uses the statistics of the forward pass. */
import { toAttributes } from '../../graph/builder.js'
import { float, intAttribute, type Graph, type Node } from '../../graph/ir.js'
import { Emitter } from '../emitter.js'
import { GraphReader } from './graph-reader.js'

type Found = { readonly x: string; readonly scale: string; readonly bias: string; readonly epsilon: number }

export function joinLayerNorm(graph: Graph, kept: ReadonlySet<string>): Graph {
  const e = new Emitter(graph, { empty: true })
  const reader = new GraphReader(e, kept)
  let isChanged = false
  for (const node of e.graph.nodes) {
    const found = recognise(e, reader, node)
    isChanged ||= found !== null
    e.keep(found === null ? node : {
      name: node.name, opType: 'LayerNormalization', domain: '', inputs: [found.x, found.scale, found.bias], outputs: node.outputs, attributes: toAttributes({ axis: -1, epsilon: float(found.epsilon) }),
    })
  }
  return isChanged ? { ...e.builder.build(), outputs: graph.outputs } : graph
}

/** (x − mean x) / √(mean (x − mean x)² + ε)·scale + bias over the last axis, where nothing else reads what lies between. */
function recognise(e: Emitter, reader: GraphReader, node: Node): Found | null {
  if (node.domain !== '' || node.opType !== 'Add' || e.knownDtype(node.outputs[0]) !== 'float32') return null
  const [scaled, bias] = eitherWay(node, (name) => reader.isPrivate(name) && reader.maker(name, 'Mul'))
  const product = scaled && reader.maker(scaled, 'Mul')
  const [normal, scale] = product ? eitherWay(product, (name) => reader.isPrivate(name) && reader.maker(name, 'Div')) : []
  const quotient = normal && reader.maker(normal, 'Div')
  if (!quotient || !scale || !bias) return null
  const [centred, deviation] = quotient.inputs
  const root = reader.isPrivate(deviation) ? reader.maker(deviation, 'Sqrt') : null
  const sum = root && reader.isPrivate(root.inputs[0]) ? reader.maker(root.inputs[0], 'Add') : null
  const [variance, number] = sum ? eitherWay(sum, (name) => reader.isPrivate(name) && reader.maker(name, 'ReduceMean')) : []
  const difference = reader.maker(centred, 'Sub')
  if (!variance || !number || !difference) return null
  const epsilon = reader.scalar(number)
  const [x, mean] = difference.inputs
  const rank = e.rank(x)
  const isMean = (name: string, of: string): boolean => {
    const maker = reader.isPrivate(name) ? reader.maker(name, 'ReduceMean') : null
    return maker?.inputs[0] === of && intAttribute(maker, 'keepdims', 1) === 1 && isLastAxis(e, maker, rank)
  }
  const square = reader.maker(variance, 'ReduceMean')!.inputs[0]
  const power = reader.isPrivate(square) ? reader.maker(square, 'Pow', 'Mul') : null
  const isSquare = power?.inputs[0] === centred && (power.opType === 'Mul' ? power.inputs[1] === centred : reader.scalar(power.inputs[1]) === 2)
  const reads = power?.opType === 'Mul' ? 3 : 2
  const isVector = [scale, bias].every((name) => e.rank(name) === 1 && e.dims(name)?.[0] === e.dims(x)?.[(rank ?? 0) - 1])
  if (epsilon === null || !isSquare || !isVector || reader.uses(centred) !== reads || !isMean(mean, x) || !isMean(variance, square)) return null
  return { x, scale, bias, epsilon }
}

/** Both inputs of a node, that which fits first. */
function eitherWay({ inputs: [a, b] }: Node, fits: (name: string) => unknown): [string, string] | [] {
  return fits(a) ? [a, b] : fits(b) ? [b, a] : []
}

function isLastAxis(e: Emitter, node: Node, rank: number | null): boolean {
  const axes = node.inputs[1] ? e.constantNumbers(node.inputs[1]) : null
  return axes?.length === 1 && (axes[0] === -1 || (rank !== null && axes[0] === rank - 1))
}
