/** @file Tree ensembles and other classical models whose lists contradict each other. */
import { bytesOf, file, graph, node, value, type attribute } from './onnx-files.js'

type Given = Readonly<Record<string, Parameters<typeof attribute>[1]>>

const strings = (values: readonly string[]) => ({ type: 8, strings: values.map(bytesOf) })
const reals = (values: readonly number[]) => ({ type: 6, floats: [...values] })

/** One node that asks for the first feature, and its two leaves; each leaf votes for one of two classes. */
const STUMP: Given = {
  nodes_treeids: [0, 0, 0], nodes_nodeids: [0, 1, 2], nodes_featureids: [0, 0, 0], nodes_values: reals([0, 0, 0]), nodes_modes: strings(['BRANCH_LEQ', 'LEAF', 'LEAF']),
  nodes_truenodeids: [1, 0, 0], nodes_falsenodeids: [2, 0, 0], post_transform: 'NONE',
}
const VOTES: Given = { class_treeids: [0, 0], class_nodeids: [1, 2], class_ids: [0, 1], class_weights: reals([1, 1]), classlabels_int64s: [0, 1] }

const OUTPUTS = { output: [value('label', ['N'], 7), value('scores', ['N', 2])] }
export const classifier = (changed: Given = {}): Uint8Array =>
  file(graph([node('TreeEnsembleClassifier', ['x'], ['label', 'scores'], { ...STUMP, ...VOTES, ...changed }, { domain: 'ai.onnx.ml' })], OUTPUTS))
export const regressor = (changed: Given = {}): Uint8Array =>
  file(graph([node('TreeEnsembleRegressor', ['x'], 'y', { ...STUMP, n_targets: 1, target_treeids: [0, 0], target_nodeids: [1, 2], target_ids: [0, 0], target_weights: reals([1, 2]), ...changed }, { domain: 'ai.onnx.ml' })], { output: [value('y', ['N', 1])] }))

const BRANCHES = strings(['BRANCH_LEQ', 'BRANCH_LEQ', 'LEAF'])
/** A branch per level, each with a leaf on the other side. */
export function chain(depth: number): Uint8Array {
  const ids = Array.from({ length: 2 * depth + 1 }, (_, i) => i)
  const zeros = ids.map(() => 0)
  const isLeaf = (id: number): boolean => id % 2 === 1 || id === 2 * depth
  return regressor({
    nodes_treeids: zeros, nodes_nodeids: ids, nodes_featureids: zeros, nodes_values: reals(zeros), nodes_modes: strings(ids.map((id) => (isLeaf(id) ? 'LEAF' : 'BRANCH_LEQ'))),
    nodes_truenodeids: ids.map((id) => (isLeaf(id) ? 0 : id + 1)), nodes_falsenodeids: ids.map((id) => (isLeaf(id) ? 0 : id + 2)),
  })
}

export const TREES: Readonly<Record<string, () => Uint8Array>> = {
  'a node that is its own child': () => regressor({ nodes_truenodeids: [0, 0, 0] }),
  'two nodes that are each other\'s child': () => regressor({ nodes_modes: BRANCHES, nodes_truenodeids: [1, 0, 0], nodes_falsenodeids: [2, 2, 0] }),
  'a child that does not exist': () => regressor({ nodes_truenodeids: [7, 0, 0] }),
  'a negative child': () => regressor({ nodes_truenodeids: [-1, 0, 0] }),
  'a list that is too short': () => regressor({ nodes_featureids: [0] }),
  'no thresholds': () => regressor({ nodes_values: reals([]) }),
  'a node twice': () => regressor({ nodes_nodeids: [0, 1, 1] }),
  'an unknown kind of node': () => regressor({ nodes_modes: strings(['BRANCH_MAYBE', 'LEAF', 'LEAF']) }),
  'a feature beyond the input': () => regressor({ nodes_featureids: [1_000_000_000, 0, 0] }),
  'a negative feature': () => regressor({ nodes_featureids: [-1_000_000, 0, 0] }),
  'a target beyond the last': () => regressor({ target_ids: [0, 1_000_000] }),
  'a negative target': () => regressor({ target_ids: [0, -1_000_000] }),
  'no targets at all': () => regressor({ n_targets: 0 }),
  'targets without end': () => regressor({ n_targets: 2 ** 40 }),
  'fewer weights than targets': () => regressor({ target_weights: reals([1]) }),
  'weights of a node that does not exist': () => regressor({ target_nodeids: [1, 9] }),
  'a class beyond the last': () => classifier({ class_ids: [0, 1_000_000] }),
  'a negative class': () => classifier({ class_ids: [-5, 1] }),
  'fewer class weights than classes': () => classifier({ class_weights: reals([1]) }),
}
