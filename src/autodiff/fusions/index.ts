/** @file Rewrites of a graph before it is differentiated, which keep its values and make its gradient cheaper. */
import type { Graph } from '../../graph/ir.js'
import { ancestorsOf } from '../../graph/walk.js'
import { foldBatchNorm } from './fold-batch-norm.js'
import { foldScale } from './fold-scale.js'
import { shareGates } from './gated.js'
import { joinTransposes } from './join-transposes.js'
import { joinLayerNorm } from './layer-norm.js'
import { poolFirst } from './pool-first.js'
import { selectRows } from './select-rows.js'
import type { Shortcuts } from './shortcut.js'

const REWRITES: readonly ((graph: Graph, kept: ReadonlySet<string>) => Graph)[] = [joinLayerNorm, joinTransposes, selectRows, foldScale, foldBatchNorm, poolFirst]

/**
 * The same computation in fewer or cheaper operators, and ways past some of them for the gradient.
 *
 * @param kept values that must stay, whole and under their names: those that gradients are wanted of, and the objective's
 */
export function fuse(graph: Graph, kept: ReadonlySet<string>): { readonly graph: Graph; readonly shortcuts: Shortcuts } {
  const rewritten = REWRITES.reduce((current, rewrite) => withoutUnread(rewrite(current, kept), kept), graph)
  const shared = shareGates(rewritten, kept)
  return { ...shared, graph: withoutUnread(shared.graph, kept) }
}

/** Without the pieces that a rewrite left behind, whose reads would keep later ones from theirs. */
function withoutUnread(graph: Graph, kept: ReadonlySet<string>): Graph {
  const needed = ancestorsOf(graph, [...kept, ...graph.outputs.map(({ name }) => name)])
  return { ...graph, nodes: graph.nodes.filter(({ outputs }) => outputs.some((name) => needed.has(name))) }
}
