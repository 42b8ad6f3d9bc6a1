/** @file Einstein summation, determinants and running products. */
import { intAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, normalAxis, withAxis } from './tensor.js'

/** Each axis of an ellipsis gets a label of its own, numbered from the right. */
function spelled(term: string, rank: number): string[] {
  const [before, behind] = term.split('...')
  if (behind === undefined) return [...term]
  const width = rank - before.length - behind.length
  return [...before, ...Array.from({ length: width }, (_, i) => String(width - i)), ...behind]
}

/** Σ over every label that the result lacks of the product of the operands; an operand of size 1 is repeated. */
const einsum: Kernel = (call) => {
  const operands = call.inputs.map((_, i) => input(call, i))
  const [left, arrow] = stringAttribute(call.node, 'equation', '').replaceAll(' ', '').split('->')
  const terms = left.split(',').map((term, i) => spelled(term, operands[i].dims.length))
  const all = terms.flat()
  const widest = Array.from({ length: 9 }, (_, i) => String(9 - i)).filter((digit) => all.includes(digit))
  const once = all.filter((label) => !widest.includes(label) && all.indexOf(label) === all.lastIndexOf(label)).sort()
  const output = arrow === undefined ? [...widest, ...once] : spelled(arrow, widest.length + arrow.replace('...', '').length)
  const sizes = new Map<string, number>()
  terms.forEach((term, i) => term.forEach((label, axis) => sizes.set(label, Math.max(sizes.get(label) ?? 1, operands[i].dims[axis]))))
  const summed = [...sizes.keys()].filter((label) => !output.includes(label))
  const sizeOfLabel = (label: string) => sizes.get(label) ?? 1
  return build(output.map(sizeOfLabel), operands[0].dtype, (place) => {
    const chosen = new Map(output.map((label, i) => [label, place[i]]))
    let total = 0
    for (const rest of indicesOf(summed.map(sizeOfLabel))) {
      summed.forEach((label, i) => chosen.set(label, rest[i]))
      total += operands.reduce((product, operand, i) => product * at(operand, terms[i].map((label, axis) => (operand.dims[axis] === 1 ? 0 : chosen.get(label) ?? 0))), 1)
    }
    return total
  })
}

/** Expansion along the first row. */
function determinant(rows: readonly (readonly number[])[]): number {
  if (rows.length === 0) return 1
  return rows[0].reduce((total, value, column) => total + (column % 2 === 0 ? 1 : -1) * value * determinant(rows.slice(1).map((row) => row.filter((_, i) => i !== column))), 0)
}

const det: Kernel = (call) => {
  const x = input(call, 0)
  const size = x.dims[x.dims.length - 1]
  const line = (length: number) => Array.from({ length }, (_, i) => i)
  return build(x.dims.slice(0, -2), x.dtype, (index) => determinant(line(size).map((row) => line(size).map((column) => at(x, [...index, row, column])))))
}

const cumProd: Kernel = (call: Call) => {
  const x = input(call, 0)
  const axis = normalAxis(input(call, 1).data[0], x.dims.length)
  const exclusive = intAttribute(call.node, 'exclusive', 0) === 1
  const reverse = intAttribute(call.node, 'reverse', 0) === 1
  return build(x.dims, x.dtype, (index) => {
    const here = index[axis]
    let product = 1
    for (let i = 0; i < x.dims[axis]; i++) if ((reverse ? i > here : i < here) || (i === here && !exclusive)) product *= at(x, withAxis(index, axis, i))
    return product
  })
}

export const algebra: Kernels = { Einsum: einsum, Det: det, CumProd: cumProd }
