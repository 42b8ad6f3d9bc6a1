/** @file FlexAttention of ai.onnx.preview: attention with graphs of its own in it. */
import { dtypeOfNumber } from '../../graph/codec/data-types.js'
import { inlineBody, labelOf } from '../../graph/functions/instantiate.js'
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import { bodyOf } from '../body.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'
import { groupHeads, inverseRootOfSize } from './scaled-dot-product.js'

function flexAttention(c: NodeContext): string[] {
  const e = c.emitter
  const [q, k, v] = [0, 1, 2].map((index) => withFourAxes(c, c.input(index)))
  const own = c.dtype(q)
  const precision = dtypeOfNumber(intAttribute(c.node, 'softmax_precision', 0)) ?? (own === 'float64' ? own : 'float32')
  const into = (name: string, dtype: typeof own) => (own === precision ? name : e.cast(name, dtype))
  const grouping = groupHeads(c, q, k)
  const scale = floatAttribute(c.node, 'scale', null)
  const scaled = e.mul(q, scale === null ? inverseRootOfSize(c, q) : e.scalar(scale, q))
  const scores = grouping.apart(c.emit('MatMul', [grouping.together(scaled), c.emit('Transpose', [k], { perm: [0, 1, 3, 2] })])) // [batch, heads, queries, keys]
  const probabilities = modified(c, 'prob_mod', c.emit('Softmax', [modified(c, 'score_mod', into(scores, precision))], { axis: -1 }))
  return [grouping.apart(c.emit('MatMul', [grouping.together(into(probabilities, own)), v]))]
}

const withFourAxes = (c: NodeContext, x: string): string => (c.emitter.rank(x) === null ? c.emit('Reshape', [x, c.emitter.ints([0, 0, 0, -1])]) : x)

/** What the node's graph of that name makes of a value; the value itself where there is no such graph. */
function modified(c: NodeContext, name: string, value: string): string {
  if (!c.node.attributes.has(name)) return value
  const e = c.emitter
  const body = inlineBody(bodyOf(e, c.node, name, { inputs: 1, outputs: 1 }), [value], (inner) => e.builder.fresh(`${labelOf(c.node)}/${inner}`))
  for (const [output, tensor] of body.initializers) e.keep({ name: output, opType: 'Constant', domain: '', inputs: [], outputs: [output], attributes: new Map([['value', { type: 'tensor', value: tensor }]]) })
  for (const node of body.nodes) e.keep(node)
  return body.outputs[0]
}

export const flexible = {
  /** Softmax(score_mod(q·kᵀ·scale)), then prob_mod, times v; the graphs score_mod and prob_mod take their places in the model's. */
  FlexAttention: flexAttention,
} satisfies LoweringTable
