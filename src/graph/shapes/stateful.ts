/** @file Shape rules of operators that carry a state from one call to the next. */
import { intAttribute } from '../ir.js'
import { divide, multiply } from './dims.js'
import { known, type Rule } from './known.js'

/** q [batch, time, heads · key size], v [batch, time, key heads · value size] → [batch, time, heads · value size] and the state [batch, key heads, key size, value size] */
const linearAttention: Rule = ({ node, input, has }) => {
  const [heads, keyHeads] = ['q_num_heads', 'kv_num_heads'].map((name) => intAttribute(node, name, 1))
  const [batch, time, width] = input(0).dims ?? [null, null, null]
  const keySize = divide([width], [heads])
  const valueSize = divide([input(2).dims?.[2] ?? null], [keyHeads])
  return [known(input(0).dtype, [batch, time, multiply([heads, valueSize])]), known((has(3) ? input(3) : input(0)).dtype, [batch, keyHeads, keySize, valueSize])]
}

/** x [batch, channels, length], weights [channels, 1, taps] → the same and the state [batch, channels, taps − 1] */
const causalConvolution: Rule = ({ input }) => {
  const { dims, dtype } = input(0)
  const taps = input(1).dims?.[2]
  const channels = dims?.[1] ?? input(1).dims?.[0] ?? null
  return [known(dtype, [dims?.[0] ?? null, channels, dims?.[2] ?? null]), known(dtype, [dims?.[0] ?? null, channels, typeof taps === 'number' ? taps - 1 : null])]
}

export const stateful: Readonly<Record<string, Rule>> = { LinearAttention: linearAttention, CausalConvWithState: causalConvolution }
