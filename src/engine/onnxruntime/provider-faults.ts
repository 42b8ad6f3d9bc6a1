/**
 * @file What a GPU provider computes wrong, and how a session is opened so that it does not. Found by scripts/nightly-webgpu.mjs on ONNX Runtime 1.30; what is not known
 * yet is for the check of every run against the CPU (device-check.ts) to find.
 */
import { infoOf, inferShapes, mapSubgraphs, type Graph } from '../../graph/index.js'
import type { Provider } from './devices.js'

export type Precautions = {
  /** Names of nodes that the CPU runs whatever the provider. */
  readonly cpuNodes: readonly string[]
  /** In which order WebGPU keeps images; null: the provider's choice, which is NHWC. */
  readonly layout: 'NCHW' | null
}

/** @returns the same graph where every node that has to be named has a name already */
export function takePrecautions(graph: Graph, provider: Provider): { readonly graph: Graph; readonly precautions: Precautions } {
  if (provider !== 'webgpu') return { graph, precautions: { cpuNodes: [], layout: null } }
  const named = nameLoopBodies(graph)
  return { graph: named.graph, precautions: { cpuNodes: named.names, layout: hasMisreadChannels(graph) ? 'NCHW' : null } }
}

/**
 * Bodies of Loop and Scan: what one turn hands to the next is wrong on WebGPU (the gradient of an RNN with sequence lengths is 6 % off; with the body on the CPU it is
 * right). The loop itself runs on the CPU anyway.
 */
function nameLoopBodies(graph: Graph): { readonly graph: Graph; readonly names: readonly string[] } {
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

/**
 * In the order NHWC a Conv reads its input three channels at a time where their number is a multiple of three and not of four, and gets all but three wrong (6, 9, 15, 18,
 * 30 and 66 channels are off by a fifth to sevenfold; 3, 12 and 24 are right, and in the order NCHW all are). What is not known may be such a number.
 */
function hasMisreadChannels(graph: Graph): boolean {
  const shaped = inferShapes(graph)
  return shaped.nodes.some(({ opType, inputs }) => {
    if (opType !== 'Conv') return false
    const { type } = infoOf(shaped, inputs[1])
    const channels = type?.kind === 'tensor' ? type.dims?.[1] : null // [outputs, channels, …]
    return typeof channels !== 'number' || (channels > 3 && channels % 3 === 0 && channels % 4 !== 0)
  })
}
