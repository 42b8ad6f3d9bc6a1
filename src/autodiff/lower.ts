/** @file Rewrites nodes without a rule of their own to operators that have one, before a graph is differentiated. */
import type { Graph, Node } from '../graph/ir.js'
import { Emitter } from './emitter.js'
import { floatTwins } from './float-twins.js'
import { listedTurns } from './listed-turns.js'
import { loweringFor } from './lowerings/index.js'
import { NodeContext } from './node-context.js'
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
  let lowered = withoutSequences(listedTurns(graph, outer), outer)
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const onPath = isOnPath(lowered)
    const wanted = new Set(lowered.nodes.flatMap((node, position) => (loweringFor(node) !== null && onPath(node) ? [position] : [])))
    if (wanted.size === 0) return floatTwins(lowered, onPath, outer)
    lowered = lowerOnce(lowered, wanted, approximations, outer)
  }
  throw new Error(`Lowering did not come to an end: ${lowered.nodes.map(({ opType }) => opType).join(', ')}`)
}

function lowerOnce(graph: Graph, wanted: ReadonlySet<number>, approximations: Set<string>, outer: Emitter | undefined): Graph {
  const emitter = new Emitter(graph, { empty: true, outer, approximations })
  emitter.graph.nodes.forEach((node, position) => {
    const lowering = wanted.has(position) ? loweringFor(node) : null
    if (lowering === null) {
      emitter.keep(node)
      return
    }
    const results = lowering(new NodeContext(emitter, node))
    node.outputs.forEach((output, i) => {
      if (output !== '' && results[i]) emitter.keep({ name: output, opType: 'Identity', domain: '', inputs: [results[i]], outputs: [output], attributes: new Map() })
    })
  })
  return { ...emitter.builder.build(), outputs: graph.outputs }
}
