/** @file Shape rules of recurrent layers. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, stringAttribute } from '../ir.js'
import { known, type Rule } from './known.js'

/** Y, the last hidden state, and for LSTM the last cell state. */
const recurrent: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const directions = stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1
  const hidden = intAttribute(node, 'hidden_size', null) ?? input(2).dims?.[2] ?? null
  const batchFirst = intAttribute(node, 'layout', 0) === 1
  const [batch, steps]: Dim[] = batchFirst ? [dims?.[0] ?? null, dims?.[1] ?? null] : [dims?.[1] ?? null, dims?.[0] ?? null]
  const all = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
  const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
  return [known(dtype, all), known(dtype, last), known(dtype, last)]
}

export const sequence: Readonly<Record<string, Rule>> = { LSTM: recurrent, GRU: recurrent, RNN: recurrent }
