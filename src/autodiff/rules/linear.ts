/** @file Matrix products. */
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import type { Dims } from '../emitter.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/**
 * Y = A·B: dA = U(dY·Bᵀ), dB = U(Aᵀ·dY) over the last two axes. A vector counts as a row on the left and as a column on the right,
 * and dY gets the axis back that the product dropped.
 */
function matMul(c: RuleContext, input: number): string {
  const [a, b] = [c.input(0), c.input(1)]
  const [rankA, rankB] = [c.emitter.requireRank(a, c.node), c.emitter.requireRank(b, c.node)]
  if (rankA === 2 && rankB === 2) return input === 0 ? c.emit('Gemm', [c.dy, b], { transB: 1 }) : c.emit('Gemm', [a, c.dy], { transA: 1 })
  if (input === 1 && rankB === 2) return weightOfRows(c, a, b)
  const [rowA, columnB] = [rankA === 1 ? c.emit('Unsqueeze', [a, c.emitter.ints([0])]) : a, rankB === 1 ? c.emit('Unsqueeze', [b, c.emitter.ints([1])]) : b]
  const dropped = [...(rankA === 1 ? [-2] : []), ...(rankB === 1 ? [-1] : [])]
  const dy = dropped.length === 0 ? c.dy : c.emit('Unsqueeze', [c.dy, c.emitter.ints(dropped)])
  const full = input === 0 ? c.emit('MatMul', [dy, transposed(c, columnB, Math.max(rankB, 2))]) : c.emit('MatMul', [transposed(c, rowA, Math.max(rankA, 2)), dy])
  const rank = input === 0 ? rankA : rankB
  const matrix = rank === 1 ? c.emit('Squeeze', [full, c.emitter.ints([input === 0 ? -2 : -1])]) : full
  return c.emitter.sumTo(matrix, productDims(c, input, rankA, rankB), c.input(input))
}

/** dB = Aᵀ·dY with every leading axis of A and dY folded into rows: one product instead of one per batch and a sum. */
function weightOfRows(c: RuleContext, a: string, b: string): string {
  const flatA = c.emit('Reshape', [a, c.emitter.joinInts([-1, c.emitter.size(b, 0)])]) // [rows of A, K]
  const flatDy = c.emit('Reshape', [c.dy, c.emitter.joinInts([-1, c.emitter.size(b, 1)])]) // [rows of A, N]
  return c.emit('Gemm', [flatA, flatDy], { transA: 1 })
}

/** Shape of a gradient before it is summed to its input: the batch axes of Y, then the input's own matrix axes. */
function productDims(c: RuleContext, input: number, rankA: number, rankB: number): Dims | null {
  const [own, y] = [c.dims(c.input(input)), c.dims(c.y)]
  if (own === null || y === null) return null
  const batch = y.slice(0, y.length - (rankA === 1 ? 0 : 1) - (rankB === 1 ? 0 : 1))
  return [...batch, ...own.slice(-2)]
}

function transposed(c: RuleContext, name: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) => axis)
  return c.emit('Transpose', [name], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] })
}

/** Y = α·A′·B′ + β·C, A′ and B′ transposed as said: dA′ = α·dY·B′ᵀ, dB′ = α·A′ᵀ·dY, dC = β·U(dY). */
function gemm(c: RuleContext, input: number): string {
  const [a, b] = [c.input(0), c.input(1)]
  const [transA, transB] = [intAttribute(c.node, 'transA', 0), intAttribute(c.node, 'transB', 0)]
  const alpha = c.node.attributes.get('alpha')
  if (input === 0) return transA ? c.emit('Gemm', [b, c.dy], { alpha, transA: transB, transB: 1 }) : c.emit('Gemm', [c.dy, b], { alpha, transB: 1 - transB })
  if (input === 1) return transB ? c.emit('Gemm', [c.dy, a], { alpha, transA: 1, transB: transA }) : c.emit('Gemm', [a, c.dy], { alpha, transA: 1 - transA })
  const beta = floatAttribute(c.node, 'beta', 1)
  return c.sumToInput(2, beta === 1 ? c.dy : c.emitter.mul(c.dy, c.scalar(beta)))
}

export const linear = { MatMul: matMul, Gemm: gemm } satisfies RuleTable
