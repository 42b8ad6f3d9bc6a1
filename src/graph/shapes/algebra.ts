/** @file Shape rules of Einsum and of determinants. */
import type { Dim } from '../../contracts/model.js'
import { einsumTerms, expandEllipsis, hasEllipsis } from '../einsum.js'
import { stringAttribute } from '../ir.js'
import { broadcastDim } from './dims.js'
import { known, type Rule } from './known.js'

const einsum: Rule = ({ node, inputs }) => {
  const dtype = inputs.find((input) => input.dtype !== null)?.dtype ?? null
  const stated = einsumTerms(stringAttribute(node, 'equation', ''))
  const ranks = inputs.map(({ dims }, i) => dims?.length ?? (stated.inputs[i]?.includes('...') ? null : 0))
  if (stated.inputs.length !== inputs.length || ranks.some((rank) => rank === null)) return [known(dtype, hasEllipsis(stated) ? null : stated.output.map(() => null))]
  const terms = expandEllipsis(stated, ranks as number[])
  if (terms === null) return [known(dtype, null)]
  const sizes = new Map<string, Dim>()
  terms.inputs.forEach((term, i) => term.forEach((label, axis) => {
    const size = inputs[i].dims?.[axis] ?? null
    sizes.set(label, sizes.has(label) ? broadcastDim(sizes.get(label) ?? null, size) : size)
  }))
  return [known(dtype, terms.output.map((label) => sizes.get(label) ?? null))]
}

const det: Rule = ({ input }) => [known(input(0).dtype, input(0).dims?.slice(0, -2) ?? null)]

export const algebra: Readonly<Record<string, Rule>> = { Einsum: einsum, Det: det }
