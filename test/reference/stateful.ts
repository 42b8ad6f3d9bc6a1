/** @file Operators that carry a state from one call to the next, by the recurrences that define them. */
import { floatAttribute, intAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, refTensor, type RefTensor } from './tensor.js'

const linearAttention: Kernel = (call) => {
  const [q, k, v] = [0, 1, 2].map((i) => input(call, i))
  const [heads, keyHeads] = ['q_num_heads', 'kv_num_heads'].map((name) => intAttribute(call.node, name, 1))
  const rule = stringAttribute(call.node, 'update_rule', 'gated_delta')
  const [batch, time] = q.dims
  const [keySize, valueSize] = [k.dims[2] / keyHeads, v.dims[2] / keyHeads]
  const scale = floatAttribute(call.node, 'scale', 0) || 1 / Math.sqrt(keySize)
  const past = call.inputs[3] ?? refTensor([batch, keyHeads, keySize, valueSize], new Float64Array(batch * keyHeads * keySize * valueSize), q.dtype)
  const state = { ...past, data: Float64Array.from(past.data) }
  const y = new Float64Array(batch * time * heads * valueSize)
  const perHead = (tensor: RefTensor, b: number, t: number, head: number, i: number, size: number) => at(tensor, [b, t, tensor.dims[2] === 1 ? 0 : head * size + (size === 1 ? 0 : i)])
  for (let b = 0; b < batch; b++) for (let t = 0; t < time; t++) for (let h = 0; h < keyHeads; h++) {
    const place = (i: number, j: number) => ((b * keyHeads + h) * keySize + i) * valueSize + j
    const decay = rule.startsWith('gated') ? input(call, 4) : null
    for (let i = 0; i < keySize; i++) for (let j = 0; j < valueSize; j++) if (decay) state.data[place(i, j)] *= Math.exp(perHead(decay, b, t, h, i, decay.dims[2] / keyHeads))
    const rate = rule.endsWith('delta') ? perHead(input(call, 5), b, t, h, 0, 1) : 1
    for (let j = 0; j < valueSize; j++) {
      let known = 0
      if (rule.endsWith('delta')) for (let i = 0; i < keySize; i++) known += state.data[place(i, j)] * at(k, [b, t, h * keySize + i])
      const news = rate * (at(v, [b, t, h * valueSize + j]) - known)
      for (let i = 0; i < keySize; i++) state.data[place(i, j)] += at(k, [b, t, h * keySize + i]) * news
    }
    const group = heads / keyHeads
    for (let head = h * group; head < (h + 1) * group; head++) for (let j = 0; j < valueSize; j++) {
      let total = 0
      for (let i = 0; i < keySize; i++) total += at(q, [b, t, head * keySize + i]) * state.data[place(i, j)]
      y[((b * time + t) * heads + head) * valueSize + j] = scale * total
    }
  }
  return [refTensor([batch, time, heads * valueSize], y, q.dtype), state]
}

const causalConvolution: Kernel = (call) => {
  const [x, weights] = [input(call, 0), input(call, 1)]
  const [bias, past] = [call.inputs[2], call.inputs[3]]
  const [batch, channels, length] = x.dims
  const before = weights.dims[2] - 1
  const whole = build([batch, channels, before + length], x.dtype, ([b, c, t]) => (t >= before ? at(x, [b, c, t - before]) : past ? at(past, [b, c, t]) : 0))
  const y = build(x.dims, x.dtype, ([b, c, t]) => {
    let total = bias?.data[c] ?? 0
    for (let tap = 0; tap <= before; tap++) total += at(weights, [c, 0, tap]) * at(whole, [b, c, t + tap])
    return stringAttribute(call.node, 'activation', 'none') === 'none' ? total : total / (1 + Math.exp(-total))
  })
  return [y, build([batch, channels, before], x.dtype, ([b, c, t]) => at(whole, [b, c, length + t]))]
}

export const stateful: Kernels = { LinearAttention: linearAttention, CausalConvWithState: causalConvolution }
