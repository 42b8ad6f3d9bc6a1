/** @file Rewrites nodes without a rule of their own to operators that have one, before a graph is differentiated. */
import type { Graph, Node } from '../graph/ir.js'
import { readsOf } from '../graph/walk.js'
import { Emitter } from './emitter.js'
import { floatTwins } from './float-twins.js'
import { listedTurns } from './listed-turns.js'
import { loweringFor } from './lowerings/index.js'
import { NodeContext, noGradient } from './node-context.js'
import { withoutSequences } from './sequences.js'

/** Lowerings may use one another; deeper than this they go in circles. */
const MOST_PASSES = 10

/**
 * The same computation, with every node that `isOnPath` and has a lowering in simpler operators. Names of values stay. Other nodes stay as they
 * are: a fused operator that no gradient passes through is the faster one.
 *
 * @param approximations where lowerings note what they do not say exactly
 * @param outer for a body of control flow, the emitter of the graph around it; bodies inside the graph are lowered when their node is differentiated
 */
export function lower(graph: Graph, isOnPath: (graph: Graph) => (node: Node) => boolean, approximations: Set<string>, outer?: Emitter): Graph {
  const kept = new Set<string>()
  let lowered = withoutSequences(listedTurns(graph, outer), outer)
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const onPath = isOnPath(lowered)
    const wanted = new Set(lowered.nodes.flatMap((node, position) => (loweringFor(node) !== null && onPath(node) && !kept.has(node.outputs[0]) ? [position] : [])))
    if (wanted.size === 0) return floatTwins(lowered, onPath, outer)
    lowered = lowerOnce(lowered, wanted, kept, approximations, outer)
  }
  throw new Error(`Lowering did not come to an end: ${lowered.nodes.map(({ opType }) => opType).join(', ')}`)
}

/** @param kept gains the first output of each node that a lowering repeats as it is, for results that no gradient passes through, such as labels */
function lowerOnce(graph: Graph, wanted: ReadonlySet<number>, kept: Set<string>, approximations: Set<string>, outer: Emitter | undefined): Graph {
  const emitter = new Emitter(graph, { empty: true, outer, approximations })
  const isRead = new Set(graph.nodes.flatMap(readsOf))
  emitter.graph.nodes.forEach((node, position) => {
    const lowering = wanted.has(position) ? loweringFor(node) : null
    if (lowering === null) {
      emitter.keep(node)
      return
    }
    const before = emitter.builder.nodes.length
    const results = lowering(new NodeContext(emitter, node))
    for (const written of emitter.builder.nodes.slice(before)) if (written.inputs === node.inputs && written.attributes === node.attributes) kept.add(written.outputs[0])
    node.outputs.forEach((output, i) => {
      if (output !== '' && !results[i] && isRead.has(output)) throw noGradient(node, `its output "${output}" is read by other nodes and cannot be said in simpler operators. Export the model without that output.`)
      if (output !== '' && results[i]) emitter.keep({ name: output, opType: 'Identity', domain: '', inputs: [results[i]], outputs: [output], attributes: new Map() })
    })
  })
  return { ...emitter.builder.build(), outputs: graph.outputs }
}
