/** @file Shape rules of recurrent layers and of Einsum. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, stringAttribute } from '../ir.js'
import { broadcastDim } from './dims.js'
import { known, UNKNOWN, type Rule } from './known.js'

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

const einsum: Rule = ({ node, inputs }) => {
  const equation = stringAttribute(node, 'equation', '').replaceAll(' ', '')
  const [left, right] = equation.split('->')
  const terms = left.split(',')
  const dtype = inputs[0]?.dtype ?? null
  if (equation.includes('...') || terms.length !== inputs.length) return [{ ...UNKNOWN, dtype }]
  const sizes = new Map<string, Dim>()
  const counts = new Map<string, number>()
  terms.forEach((term, i) => [...term].forEach((letter, axis) => {
    const size = inputs[i].dims?.[axis] ?? null
    sizes.set(letter, sizes.has(letter) ? broadcastDim(sizes.get(letter) ?? null, size) : size)
    counts.set(letter, (counts.get(letter) ?? 0) + 1)
  }))
  // Without an arrow, letters that occur once remain, in alphabetical order.
  const output = right === undefined ? [...counts].filter(([, count]) => count === 1).map(([letter]) => letter).sort() : [...right]
  return [known(dtype, output.map((letter) => sizes.get(letter) ?? null))]
}

export const sequence: Readonly<Record<string, Rule>> = { LSTM: recurrent, GRU: recurrent, RNN: recurrent, Einsum: einsum }
