/** @file Operators with neither a rule nor a lowering of their own, written as the ONNX specification defines them. */
import { instantiate, labelOf } from '../../graph/functions/instantiate.js'
import { specFunction } from '../../graph/functions/spec-functions.js'
import type { Lowering, LoweringTable } from './lowering.js'

/** As the operator's specification writes it in other operators. */
export const bySpecification: Lowering = (c) => {
  const { builder } = c.emitter
  const definition = specFunction(c.node.opType, c.opset)
  if (definition === null) throw c.refuse(`opset ${c.opset} does not have this operator. Export the model again.`)
  const inner = (name: string) => builder.fresh(`${labelOf(c.node)}/${name}`)
  const outputs = c.node.outputs.map((name) => (name === '' ? '' : inner(name)))
  const { nodes, initializers } = instantiate(definition, { ...c.node, outputs }, c.opset, inner)
  for (const [output, value] of initializers) c.emitter.keep({ name: output, opType: 'Constant', domain: '', inputs: [], outputs: [output], attributes: new Map([['value', { type: 'tensor', value }]]) })
  for (const node of nodes) c.emitter.keep(node)
  return outputs
}

export const specFunctions = {
  /** As the operator's specification writes it in other operators. */
  SwiGLU: bySpecification,
} satisfies LoweringTable
