/** @file Nodes that a GPU provider takes and computes wrong: they are named, so that the session can keep them on the CPU. */
import { mapSubgraphs, type Graph } from '../../graph/index.js'
import type { Provider } from './devices.js'

export type KeptOnCpu = {
  /** The same object where every such node has a name already. */
  readonly graph: Graph
  readonly names: readonly string[]
}

/**
 * Bodies of Loop and Scan on WebGPU: what one turn hands to the next is wrong there (found by scripts/nightly-webgpu.mjs on ONNX Runtime 1.30, where the gradient of an
 * RNN with sequence lengths is 6 % off; with the body on the CPU it is right). The loop itself runs on the CPU anyway.
 */
export function keptOnCpu(graph: Graph, provider: Provider): KeptOnCpu {
  if (provider !== 'webgpu') return { graph, names: [] }
  const names: string[] = []
  let renamed = false
  const visit = (inner: Graph, inLoop: boolean): Graph => {
    const nodes = inner.nodes.map((node) => {
      const visited = mapSubgraphs(node, (body) => visit(body, inLoop || node.opType === 'Loop' || node.opType === 'Scan'))
      if (!inLoop) return visited
      // A node without a name cannot be told apart for the runtime.
      const name = node.name || `probity/cpu_${names.length}`
      renamed ||= node.name === ''
      names.push(name)
      return { ...visited, name }
    })
    return { ...inner, nodes }
  }
  const visited = visit(graph, false)
  return { graph: renamed ? visited : graph, names }
}
