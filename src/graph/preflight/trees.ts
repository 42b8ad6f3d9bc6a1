/** @file How deep decision trees are: ONNX Runtime 1.30 builds them by recursion, and 20,000 levels overflow its stack, which no process survives. */
import { intsAttribute, type Graph, type Node } from '../ir.js'
import { subgraphsOf } from '../walk.js'
import { overLimit, type PreflightLimits } from './limits.js'

const ENSEMBLES: ReadonlySet<string> = new Set(['TreeEnsemble', 'TreeEnsembleClassifier', 'TreeEnsembleRegressor'])

/**
 * Lists that contradict each other are the runtime's to refuse, which it does before it builds anything.
 *
 * @throws ProbityError `preflight/max-tree-depth`
 */
export function checkTrees(graph: Graph, limits: PreflightLimits): void {
  for (const node of graph.nodes) {
    if (node.domain === 'ai.onnx.ml' && ENSEMBLES.has(node.opType)) {
      const depth = deepest(childrenOf(node), limits.maxTreeDepth)
      if (depth > limits.maxTreeDepth) overLimit('maxTreeDepth', `Node "${node.name || node.outputs[0]}" (${node.opType}) holds a tree of ${depth} levels or more`, limits)
    }
    for (const body of subgraphsOf(node)) checkTrees(body, limits)
  }
}

/** For each node its two children by position; −1 for a leaf. */
type Children = { readonly left: Int32Array; readonly right: Int32Array }

function childrenOf(node: Node): Children {
  const [yes, no] = [intsAttribute(node, 'nodes_truenodeids', []), intsAttribute(node, 'nodes_falsenodeids', [])]
  if (node.opType === 'TreeEnsemble') {
    const [yesLeafs, noLeafs] = [intsAttribute(node, 'nodes_trueleafs', []), intsAttribute(node, 'nodes_falseleafs', [])]
    return { left: Int32Array.from(yes, (id, i) => (yesLeafs[i] === 1 ? -1 : id)), right: Int32Array.from(no, (id, i) => (noLeafs[i] === 1 ? -1 : id)) }
  }
  const [trees, ids] = [intsAttribute(node, 'nodes_treeids', []), intsAttribute(node, 'nodes_nodeids', [])]
  const position = new Map(ids.map((id, i) => [`${trees[i]}:${id}`, i]))
  // Leaves are written as their own children, or as children of node 0.
  const child = (list: readonly number[], i: number): number => (isLeaf(node, i) ? -1 : position.get(`${trees[i]}:${list[i]}`) ?? -1)
  return { left: Int32Array.from(ids, (_, i) => child(yes, i)), right: Int32Array.from(ids, (_, i) => child(no, i)) }
}

const LEAF = 'L'.charCodeAt(0)
function isLeaf(node: Node, i: number): boolean {
  const modes = node.attributes.get('nodes_modes')
  return modes?.type === 'strings' && modes.value[i]?.[0] === LEAF
}

/** Levels below the deepest root; beyond `most` it stops counting, and so in circles. */
function deepest({ left, right }: Children, most: number): number {
  const isChild = new Uint8Array(left.length)
  for (const list of [left, right]) for (const child of list) if (child >= 0 && child < isChild.length) isChild[child] = 1
  let level = Array.from(left.keys()).filter((i) => isChild[i] === 0)
  let depth = 0
  while (level.length > 0 && depth <= most) {
    depth++
    level = level.flatMap((i) => [left[i], right[i]].filter((child) => child >= 0 && child < left.length))
    // Where nodes are shared, levels would grow without end.
    if (level.length > left.length) level = [...new Set(level)]
  }
  return depth
}
