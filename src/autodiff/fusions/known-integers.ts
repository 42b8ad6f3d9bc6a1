/** @file Integers that follow from known sizes need no nodes that compute them. */
import type { Graph, Initializer } from '../../graph/ir.js'
import { inferValues } from '../../graph/shapes/infer.js'
import { fromNumbers } from '../../tensor/tensor.js'

/**
 * The graph with shapes, bounds and axes as constants where exporters compute them. Besides the work, this saves ONNX Runtime from fusing two Reshapes
 * of known shapes, which fails where a node computes the first shape. Zeros stay computed: it also drops an Expand to a constant shape without elements.
 */
export function foldKnownIntegers(graph: Graph): Graph {
  const { values } = inferValues(graph)
  const results = new Set(graph.outputs.map(({ name }) => name))
  const constants = new Map<string, Initializer>()
  const nodes = graph.nodes.filter(({ opType, outputs: [name, ...others] }) => {
    const known = values.get(name)
    if (opType === 'Constant' || others.length > 0 || results.has(name) || known?.dtype !== 'int64' || known.dims === null) return true
    if (!known.values?.every((value): value is number => typeof value === 'number' && value !== 0)) return true
    constants.set(name, fromNumbers(known.values as readonly number[], known.dims as readonly number[], 'int64'))
    return false
  })
  return constants.size === 0 ? graph : { ...graph, nodes, initializers: new Map([...graph.initializers, ...constants]) }
}
