/** @file Shape rules of attention. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute } from '../ir.js'
import { divide, multiply, sum } from './dims.js'
import { known, type Rule } from './known.js'

/** Answers, keys and values with those of the past, and a stage of the scores. Three axes go with numbers of heads, four have them. */
const attend: Rule = ({ node, input, has }) => {
  const [q, k, v] = [0, 1, 2].map((i) => input(i).dims)
  const dtype = input(0).dtype
  const [heads, keyHeads] = ['q_num_heads', 'kv_num_heads'].map((name) => intAttribute(node, name, 0))
  const flat = (q?.length ?? (heads > 0 ? 3 : 4)) === 3
  const per = (size: Dim | undefined, count: number): Dim => (size === undefined ? null : divide([size], [count]))
  const [batch, queries] = [q?.[0] ?? k?.[0] ?? null, q?.at(-2) ?? null]
  const past = (index: number): Dim => (has(index) ? input(index).dims?.[2] ?? null : 0)
  const [keys, values] = [k, v].map((dims, i) => sum([past(4 + i), dims?.at(-2) ?? null]))
  const [keySize, valueSize] = [k, v].map((dims) => (flat ? per(dims?.[2], keyHeads) : dims?.[3] ?? null))
  const [headCount, keyHeadCount]: Dim[] = flat ? [heads, keyHeads] : [q?.[1] ?? null, k?.[1] ?? null]
  const y = flat ? [batch, queries, multiply([headCount, valueSize])] : [batch, headCount, queries, valueSize]
  return [known(dtype, y), known(dtype, [batch, keyHeadCount, keys, keySize]), known(input(2).dtype, [batch, keyHeadCount, values, valueSize]), known(dtype, [batch, headCount, queries, keys])]
}

export const attention: Readonly<Record<string, Rule>> = { Attention: attend }
