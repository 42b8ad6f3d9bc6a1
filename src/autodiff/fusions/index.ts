/** @file Rewrites of a graph before it is differentiated, which keep its values and make its gradient cheaper. */
import type { Graph } from '../../graph/ir.js'
import { selectRows } from './select-rows.js'

/**
 * The same computation in fewer or cheaper operators.
 *
 * @param kept values that must stay, whole and under their names: those that gradients are wanted of, and the objective's
 */
export function fuse(graph: Graph, kept: ReadonlySet<string>): Graph {
  return [selectRows].reduce((fused, rewrite) => rewrite(fused, kept), graph)
}
