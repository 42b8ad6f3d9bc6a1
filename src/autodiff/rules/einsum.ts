/** @file Einstein summation. */
import { einsumTerms, expandEllipsis, hasEllipsis, type EinsumTerms } from '../../graph/einsum.js'
import { stringAttribute } from '../../graph/ir.js'
import { identityMatrix } from '../lines.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/**
 * dX = the Einsum of dY and the other operands to the labels of X. A label that X alone has was summed, so that dY repeats along it; a label
 * that X has twice was read off the diagonal, so that dY goes back there.
 */
function gradientOf(c: RuleContext, input: number): string {
  const e = c.emitter
  const { inputs, output } = termsOf(c)
  const operands = [c.dy, ...c.node.inputs.filter((_, i) => i !== input)]
  const terms = [[...output], ...inputs.filter((_, i) => i !== input)]
  const elsewhere = new Set(terms.flat())
  const sizes = labelSizes(c, terms, operands)
  const wanted: string[] = []
  inputs[input].forEach((label, axis) => {
    const size = e.size(c.input(input), axis)
    const seen = inputs[input].indexOf(label) < axis
    const target = seen ? `${label}/${axis}` : label
    wanted.push(target)
    if (seen) {
      operands.push(identityMatrix(e, size, c.dtype(c.y)))
      terms.push([label, target])
    } else if (!elsewhere.has(label) || (sizes.get(label) === 1 && size !== 1)) {
      operands.push(e.filled(1, e.joinInts([size]), c.dtype(c.y)))
      terms.push([label])
    }
  })
  const gradient = c.emit('Einsum', operands, { equation: equationOf(c, terms, wanted) })
  return fit(c, gradient, c.input(input))
}

/** @throws ProbityError `graph/unknown-shape` where an ellipsis needs the number of axes */
function termsOf(c: RuleContext): EinsumTerms {
  const terms = einsumTerms(stringAttribute(c.node, 'equation', ''))
  if (!hasEllipsis(terms)) return terms
  const expanded = expandEllipsis(terms, c.node.inputs.map((name, i) => (terms.inputs[i].includes('...') ? c.rank(name) : 0)))
  if (expanded === null) throw c.refuse('its equation has more labels than an operand has axes. Correct the equation.')
  return expanded
}

/** Largest size of each label that is known as a number; operands of size 1 are repeated along the others'. */
function labelSizes(c: RuleContext, terms: readonly (readonly string[])[], operands: readonly string[]): Map<string, number> {
  const sizes = new Map<string, number>()
  terms.forEach((term, i) => term.forEach((label, axis) => {
    const size = c.dims(operands[i])?.[axis] ?? null
    // A size that is open counts as one that may be larger.
    sizes.set(label, Math.max(sizes.get(label) ?? 1, typeof size === 'number' ? size : Infinity))
  }))
  return sizes
}

function equationOf(c: RuleContext, terms: readonly (readonly string[])[], wanted: readonly string[]): string {
  const labels = [...new Set(terms.flat())]
  if (labels.length > LETTERS.length) throw c.refuse(`its gradient needs ${labels.length} labels, and there are ${LETTERS.length} letters. Use a black-box method.`)
  const spell = (term: readonly string[]) => term.map((label) => LETTERS[labels.indexOf(label)]).join('')
  return `${terms.map(spell).join(',')}->${spell(wanted)}`
}

/** Operands of size 1 are repeated along a label; whether one was may show only when the graph runs. */
function fit(c: RuleContext, gradient: string, x: string): string {
  const [from, to] = [c.dims(gradient), c.dims(x)]
  if (from && to && from.every((size, axis) => size !== null && size === to[axis])) return gradient
  const whole = c.emit('Expand', [gradient, c.emitter.shapeOf(x)])
  return c.emitter.sumTo(whole, c.dims(whole), x)
}

export const einsum = {
  /** dX = the Einsum of dY and the other operands to the labels of X, repeated along labels that X alone has, on the diagonal of labels it has twice */
  Einsum: gradientOf,
} satisfies RuleTable
