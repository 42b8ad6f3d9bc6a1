/** @file FlexAttention of ai.onnx.preview, one query at a time. */
import { floatAttribute } from '../../src/graph/ir.js'
import { asTensor, bodyOf, type ControlKernels } from './control-flow.js'
import { at, build, type RefTensor } from './tensor.js'

export const flexAttention: ControlKernels = {
  'ai.onnx.preview:FlexAttention': ({ node, inputs, run }) => {
    const [q, k, v] = [0, 1, 2].map((i) => asTensor(inputs[i] ?? null, `input ${i}`))
    const [batch, heads, queries, size] = q.dims
    const [keyHeads, keys] = k.dims.slice(1)
    const keyHead = (head: number) => Math.floor(head / (heads / keyHeads))
    const modified = (name: string, value: RefTensor) => (node.attributes.has(name) ? asTensor(run(bodyOf(node, name), [value])[0], name) : value)
    const scale = floatAttribute(node, 'scale', null) ?? 1 / Math.sqrt(size)
    const sum = (count: number, term: (i: number) => number) => Array.from({ length: count }, (_, i) => term(i)).reduce((total, one) => total + one, 0)
    const scores = modified('score_mod', build([batch, heads, queries, keys], q.dtype, ([b, h, i, j]) => scale * sum(size, (d) => at(q, [b, h, i, d]) * at(k, [b, keyHead(h), j, d]))))
    const probabilities = modified('prob_mod', build(scores.dims, q.dtype, ([b, h, i, j]) => {
      const row = Array.from({ length: keys }, (_, key) => at(scores, [b, h, i, key]))
      const largest = Math.max(...row)
      return Math.exp(row[j] - largest) / sum(keys, (key) => Math.exp(row[key] - largest))
    }))
    return [build([batch, heads, queries, v.dims[3]], q.dtype, ([b, h, i, d]) => sum(keys, (j) => at(probabilities, [b, h, i, j]) * at(v, [b, keyHead(h), j, d])))]
  },
}
