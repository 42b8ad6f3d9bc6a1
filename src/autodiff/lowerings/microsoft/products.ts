/** @file Products and convolutions of com.microsoft, with what is fused into them. */
import { floatAttribute, intAttribute, stringAttribute, type Attribute } from '../../../graph/ir.js'
import { cofactors } from '../../rules/determinant.js'
import type { NodeContext } from '../../node-context.js'
import type { LoweringTable } from '../lowering.js'
import { fusedActivation } from './activation.js'

/** alpha·A′·B′, either side with its last two axes swapped, or with its first axis moved behind the others of the batch. */
function fusedMatMul(c: NodeContext): string[] {
  const e = c.emitter
  const [alpha, transA, transB] = [floatAttribute(c.node, 'alpha', 1), intAttribute(c.node, 'transA', 0), intAttribute(c.node, 'transB', 0)]
  if (c.rank(c.input(0)) === 2 && c.rank(c.input(1)) === 2) return [c.emit('Gemm', [c.input(0), c.input(1)], { alpha: c.node.attributes.get('alpha'), transA, transB })]
  const a = arranged(c, c.input(0), transA === 1, intAttribute(c.node, 'transBatchA', 0) === 1)
  const b = arranged(c, c.input(1), transB === 1, intAttribute(c.node, 'transBatchB', 0) === 1)
  return [c.emit('MatMul', [alpha === 1 ? a : e.mul(a, c.scalar(alpha)), b])]
}

function arranged(c: NodeContext, x: string, swapped: boolean, batchBehind: boolean): string {
  const rank = c.rank(x)
  if (rank < 2 || !(swapped || batchBehind)) return x
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  const moved = batchBehind ? [...axes.slice(1, -1), 0, rank - 1] : axes
  return c.emit('Transpose', [x], { perm: swapped ? [...moved.slice(0, -2), moved[rank - 1], moved[rank - 2]] : moved })
}

/** Attributes that the plain operator has too. */
const keptAttributes = (c: NodeContext): Record<string, Attribute> => Object.fromEntries([...c.node.attributes].filter(([name]) => !name.startsWith('activation')))

const activationOf = (c: NodeContext): string => stringAttribute(c.node, 'activation', '')

function fusedGemm(c: NodeContext): string[] {
  const parameters = ['alpha', 'beta', 'gamma'].map((name) => floatAttribute(c.node, `activation_${name}`, null))
  return [fusedActivation(c, c.emit('Gemm', c.node.inputs, keptAttributes(c)), activationOf(c), activationOf(c) === 'Selu' ? [parameters[0], parameters[2]] : parameters)]
}

/** Conv, plus Z where there is one, then the activation. */
function fusedConv(c: NodeContext): string[] {
  const given = c.node.attributes.get('activation_params')
  const convolved = c.emit('Conv', c.node.inputs.slice(0, c.hasInput(2) ? 3 : 2), keptAttributes(c))
  const sum = c.hasInput(3) ? c.emitter.add(convolved, c.input(3)) : convolved
  return [fusedActivation(c, sum, activationOf(c), given?.type === 'floats' ? given.value : [])]
}

/** Transposed cofactors over the determinant: exact in the small matrices that models invert. */
function inverse(c: NodeContext): string[] {
  const size = c.dims(c.x)?.at(-1)
  if (typeof size !== 'number' || size > 8) throw c.refuse('matrices larger than 8 × 8, or of a size that shows only when the graph runs, are not inverted by cofactors. Solve the linear system outside of the model.')
  const rank = c.rank(c.x)
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  const adjugate = c.emit('Transpose', [cofactors(c, c.x)], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] })
  return [c.emitter.div(adjugate, c.emit('Unsqueeze', [c.emit('Det', [c.x]), c.emitter.ints([-2, -1])]))]
}

export const products = {
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  /** Gemm with an activation behind it */
  FusedGemm: fusedGemm,
  FusedConv: fusedConv,
  Inverse: inverse,
} satisfies LoweringTable
