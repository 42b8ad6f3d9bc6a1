/**
 * @file The logits inside a LinearClassifier, which computes scores and what its post_transform makes of them in one step. Losses attach to logits: on
 * probabilities near 0 and 1 their gradients vanish.
 */
import { GraphBuilder } from './builder.js'
import { string, stringAttribute, type Graph, type Node } from './ir.js'

/** Name of the value that `exposeLogits` gives the logits; null for a node that has none. */
export const logitsInside = (node: Node): string | null => (transformOf(node) === null ? null : `${node.outputs[1]}/logits`)

/**
 * The graph (of opset 18 or newer) with linear classifiers written as a linear map, whose output `logitsInside` names, and softmax or sigmoid behind
 * it. Other values keep their names. Two classes told apart by a sigmoid have logits of one column, z for [0, z].
 */
export function exposeLogits(graph: Graph): Graph {
  if (!graph.nodes.some((node) => transformOf(node) !== null)) return graph
  const builder = new GraphBuilder({ ...graph, nodes: [] })
  for (const node of graph.nodes) {
    const transform = transformOf(node)
    if (transform === null) builder.nodes.push(node)
    else expose(builder, node, transform)
  }
  return { ...builder.build(), outputs: graph.outputs }
}

function expose(builder: GraphBuilder, node: Node, transform: 'softmax' | 'sigmoid'): void {
  const [label, scores] = node.outputs
  const logits = `${scores}/logits`
  const make = (name: string, opType: string, inputs: readonly string[], attributes: Node['attributes'] = new Map()) => void builder.nodes.push({ name, opType, domain: '', inputs, outputs: [name], attributes })
  if (label !== '') builder.nodes.push({ ...node, outputs: [label, builder.fresh(`${scores}/unread`)] })
  const linear = transform === 'softmax' ? logits : builder.fresh(`${scores}/linear`)
  builder.nodes.push({ ...node, name: linear, outputs: [builder.fresh(`${label}/unread`), linear], attributes: new Map([...node.attributes, ['post_transform', string('NONE')]]) })
  const axis = { type: 'int', value: 1n } as const
  if (transform === 'softmax') {
    make(scores, 'Softmax', [logits], new Map([['axis', axis]]))
    return
  }
  make(logits, 'Gather', [linear, builder.shape([1])], new Map([['axis', axis]])) // [rows, 1]
  const second = builder.add('Sigmoid', [logits])
  const first = builder.add('Sub', [builder.constant(1, 'float32'), second])
  make(scores, 'Concat', [first, second], new Map([['axis', axis]]))
}

/** How scores become probabilities that belong to one choice; sigmoids of classes that know nothing of each other do not. */
function transformOf(node: Node): 'softmax' | 'sigmoid' | null {
  if (node.domain !== 'ai.onnx.ml' || node.opType !== 'LinearClassifier' || !node.outputs[1]) return null
  const transform = stringAttribute(node, 'post_transform', 'NONE')
  const [coefficients, intercepts] = ['coefficients', 'intercepts'].map((name) => {
    const attribute = node.attributes.get(name)
    return attribute?.type === 'floats' ? attribute.value : []
  })
  if (transform === 'SOFTMAX') return intercepts.length > 1 ? 'softmax' : null
  if (transform !== 'LOGISTIC' || classCount(node) !== 2) return null
  return intercepts.length === 1 || (intercepts.length === 2 && areOpposite(intercepts) && areOpposite(coefficients)) ? 'sigmoid' : null
}

function classCount(node: Node): number {
  const [texts, integers] = [node.attributes.get('classlabels_strings'), node.attributes.get('classlabels_ints')]
  return (texts?.type === 'strings' ? texts.value.length : 0) || (integers?.type === 'ints' ? integers.value.length : 0)
}

/** Whether the second half is the first with other signs. */
function areOpposite(values: readonly number[]): boolean {
  const half = values.length / 2
  return values.slice(0, half).every((value, i) => value === -values[half + i])
}
