/** @file The equation of Einsum: which axes of which operand carry the same label. */

/** Labels of the axes of each operand and of the result; '...' stands for any number of axes until it is expanded. */
export type EinsumTerms = { readonly inputs: readonly (readonly string[])[]; readonly output: readonly string[] }

const ELLIPSIS = '...'

/** Without an arrow the result has the ellipsis and, in alphabetical order, the labels that occur once. */
export function einsumTerms(equation: string): EinsumTerms {
  const [left, right] = equation.replaceAll(/\s/g, '').split('->')
  const inputs = left.split(',').map(labelsOf)
  if (right !== undefined) return { inputs, output: labelsOf(right) }
  const all = inputs.flat()
  const once = all.filter((label) => label !== ELLIPSIS && all.indexOf(label) === all.lastIndexOf(label)).sort()
  return { inputs, output: all.includes(ELLIPSIS) ? [ELLIPSIS, ...once] : once }
}

const labelsOf = (term: string): string[] => term.match(/\.\.\.|[A-Za-z]/g) ?? []

export const hasEllipsis = (terms: EinsumTerms): boolean => terms.inputs.some((term) => term.includes(ELLIPSIS))

/** The terms with a label of its own for each axis of an ellipsis, aligned at the right; null where the number of axes does not fit. */
export function expandEllipsis({ inputs, output }: EinsumTerms, ranks: readonly number[]): EinsumTerms | null {
  const widths = inputs.map((term, i) => (term.includes(ELLIPSIS) ? ranks[i] - term.length + 1 : 0))
  if (widths.some((width) => width < 0)) return null
  const expand = (term: readonly string[], width: number) => term.flatMap((label) => (label === ELLIPSIS ? Array.from({ length: width }, (_, i) => `${ELLIPSIS}${width - i}`) : [label]))
  return { inputs: inputs.map((term, i) => expand(term, widths[i])), output: expand(output, Math.max(0, ...widths)) }
}
