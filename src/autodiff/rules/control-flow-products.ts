/** @file Weights that every turn of a Loop multiplies with: their gradient Σ Aₜᵀ·Dₜ over turns is one product of all rows of A and D, made after the Loop. */
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import type { Emitter } from '../emitter.js'

/** `value` is captured; in each turn its gradient is leftᵀ·right, [rows, k] and [rows, n] with k and n known. */
export type TurnProduct = { readonly value: string; readonly left: string; readonly right: string; readonly sizes: readonly [k: number, n: number] }

/** The product that a gradient inside the body is, or null. */
export function turnProduct(body: Emitter, value: string, gradient: string | undefined): TurnProduct | null {
  const node = body.builder.nodes.find(({ outputs }) => outputs[0] === gradient)
  if (node?.opType !== 'Gemm' || node.inputs.length !== 2 || intAttribute(node, 'transA', 0) !== 1 || intAttribute(node, 'transB', 0) !== 0 || floatAttribute(node, 'alpha', 1) !== 1) return null
  const [left, right] = node.inputs
  const [k, n] = [body.dims(left)?.[1], body.dims(right)?.[1]]
  return typeof k === 'number' && typeof n === 'number' ? { value, left, right, sizes: [k, n] } : null
}

/**
 * @param left [turns, rows, k]
 * @param right [turns, rows, n], in the same order
 */
export function productOfTurns(e: Emitter, left: string, right: string, { value, sizes: [k, n] }: TurnProduct): string {
  const rows = (name: string, size: number) => e.emit('Reshape', [name, e.ints([-1, size])])
  return e.describe(e.emit('Gemm', [rows(left, k), rows(right, n)], { transA: 1 }), e.type(value))
}
