/**
 * @file Cases of operators that carry a state from one call to the next. They came with opset 27, which not every runtime loads; a gradient is made
 * of plain operators, so that an older opset serves.
 */
import { float } from '../../../src/graph/index.js'
import { fed, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'

const linearAttention: CaseMaker = (random) => {
  const [batch, time] = [random.integer(1, 2), random.integer(1, 3)]
  const [keySize, valueSize, keyHeads, group] = [1, 2, 3, 4].map(() => random.integer(1, 2))
  const rule = random.pick(['linear', 'gated', 'delta', 'gated_delta'])
  const values = (width: number) => fed(random.between([batch, time, width], -1, 1))
  const past = random.boolean() ? fed(random.between([batch, keyHeads, keySize, valueSize], -1, 1)) : null
  const decay = rule.startsWith('gated') ? values(keyHeads * random.pick([1, keySize])) : null
  const beta = rule.endsWith('delta') ? values(random.pick([1, keyHeads])) : null
  return {
    op: 'LinearAttention', opset: 24, outputs: 2,
    attributes: { q_num_heads: keyHeads * group, kv_num_heads: keyHeads, ...(rule === 'gated_delta' && random.boolean() ? {} : { update_rule: rule }), ...(random.boolean() ? { scale: float(0.625) } : {}) },
    inputs: [values(keyHeads * group * keySize), values(keyHeads * keySize), values(keyHeads * valueSize), past, decay, beta],
  }
}

const causalConvolution: CaseMaker = (random) => {
  const [batch, channels, length, taps] = [random.integer(1, 2), random.integer(1, 3), random.integer(1, 4), random.integer(1, 4)]
  const activation = random.pick(['none', 'silu', 'swish'])
  const bias = random.boolean() ? fed(random.tensor([channels])) : null
  const past = taps > 1 && random.boolean() ? fed(random.tensor([batch, channels, taps - 1])) : null
  return {
    op: 'CausalConvWithState', opset: 24, outputs: 2, attributes: activation === 'none' && random.boolean() ? {} : { activation },
    inputs: [fed(random.tensor([batch, channels, length])), parameter(random.tensor([channels, 1, taps])), bias, past],
  }
}

export const stateful: CaseTable = { 'LinearAttention': linearAttention, 'CausalConvWithState': causalConvolution }
