/** @file The rule tables, one per operator domain. */
import type { Node } from '../../graph/ir.js'
import { noGradient } from '../node-context.js'
import type { Rule } from '../rule.js'
import { activation } from './activation.js'
import { controlFlow } from './control-flow.js'
import { averages } from './averages.js'
import { convolution } from './convolution.js'
import { cumulative } from './cumulative.js'
import { determinant } from './determinant.js'
import { dropouts } from './dropout.js'
import { einsum } from './einsum.js'
import { elementwise } from './elementwise.js'
import { indexing } from './indexing.js'
import { linear } from './linear.js'
import { movement } from './movement.js'
import { normalization } from './normalization.js'
import { CONSTANT_ML_OPS, CONSTANT_OPS, type DifferentiableOp } from './operators.js'
import { pooling } from './pooling.js'
import { product } from './product.js'
import { quantization } from './quantization.js'
import { reduction } from './reduction.js'
import { REFUSED_MICROSOFT_OPS } from './refused.js'
import { regions } from './regions.js'
import { resampling } from './resize.js'
import { scattering } from './scattering.js'
import { selection } from './selection.js'
import { sequence } from './sequence.js'
import { signal } from './signal.js'
import { space } from './space.js'
import { trigonometry } from './trigonometry.js'
import { unpool } from './unpool.js'

/** ai.onnx. A differentiable operator without a rule does not compile. */
const ONNX_RULES: Readonly<Record<DifferentiableOp, Rule>> = {
  ...linear, ...convolution, ...pooling, ...normalization, ...elementwise, ...activation, ...reduction, ...movement, ...indexing, ...controlFlow, ...sequence,
  ...trigonometry, ...product, ...cumulative, ...einsum, ...determinant, ...dropouts, ...signal,
  ...scattering, ...selection, ...quantization,
  ...averages, ...regions, ...space, ...resampling, ...unpool,
}

type Domain = { readonly rules: ReadonlyMap<string, Rule>; readonly constant: ReadonlySet<string> }
const ONNX: Domain = { rules: new Map(Object.entries(ONNX_RULES)), constant: CONSTANT_OPS }
/** ai.onnx.ml: what can be differentiated is lowered. */
const SCIKIT_LEARN: Domain = { rules: new Map(), constant: CONSTANT_ML_OPS }
/** com.microsoft: everything else is lowered. */
const MICROSOFT: Domain = { rules: new Map<string, Rule>([['QuantizeLinear', quantization.QuantizeLinear], ['DequantizeLinear', quantization.DequantizeLinear]]), constant: new Set() }
const DOMAINS: ReadonlyMap<string, Domain> = new Map([['', ONNX], ['ai.onnx', ONNX], ['ai.onnx.ml', SCIKIT_LEARN], ['com.microsoft', MICROSOFT]])

/** Whether the outputs of a node are constant in its inputs, so that no gradient passes. */
export const isConstant = (node: Node): boolean => DOMAINS.get(node.domain)?.constant.has(node.opType) ?? false

/** @throws ProbityError `graph/no-gradient` naming the node and its operator */
export function ruleFor(node: Node): Rule {
  const rule = DOMAINS.get(node.domain)?.rules.get(node.opType)
  if (rule) return rule
  if (node.domain === 'ai.onnx.ml') throw noGradient(node, `${node.opType.startsWith('TreeEnsemble') ? 'trees are constant between their thresholds, so they have no gradient' : 'this scikit-learn operator has no gradient'}. Use black-box methods for this model.`)
  const refusal = node.domain === 'com.microsoft' ? REFUSED_MICROSOFT_OPS.get(node.opType) : undefined
  if (refusal !== undefined) throw noGradient(node, refusal)
  throw noGradient(node, 'there is no gradient rule for this operator. Use a black-box method, or export the model with operators that have one.')
}

/** Names of the ai.onnx operators that have a gradient. */
export const differentiableOps: readonly string[] = [...ONNX.rules.keys()]

const named = (of: (domain: Domain) => Iterable<string>): readonly string[] =>
  [...DOMAINS].flatMap(([name, domain]) => (name === 'ai.onnx' ? [] : [...of(domain)].map((op) => (name === '' ? op : `${name}:${op}`))))

/** Operators that have a rule, and those that pass no gradient, with their domain where that is not ai.onnx. */
export const ruledOps = named(({ rules }) => rules.keys())
export const constantOps = named(({ constant }) => constant)
