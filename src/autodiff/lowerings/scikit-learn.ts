/** @file Operators of ai.onnx.ml with a gradient: scaling, linear models and support vector machines. Semantics are ONNX Runtime's where the specification is silent. */
import { intAttribute, stringAttribute, type Attribute, type Node } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'

const floats = (node: Node, name: string): readonly number[] => {
  const attribute: Attribute | undefined = node.attributes.get(name)
  return attribute?.type === 'floats' ? attribute.value : []
}
const countOf = (node: Node, name: string): number => {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'floats' || attribute?.type === 'ints' || attribute?.type === 'strings' ? attribute.value.length : 0
}

/** These operators compute in float32, whatever goes in. */
const asFloat = (c: NodeContext): string => (c.dtype(c.x) === 'float32' ? c.x : c.emitter.cast(c.x, 'float32'))
/** [rows, features]; a vector is one row. */
const asRows = (c: NodeContext): string => (c.rank(c.x) === 1 ? c.emit('Unsqueeze', [asFloat(c), c.emitter.ints([0])]) : asFloat(c))
const vector = (c: NodeContext, values: readonly number[]): string => c.emitter.constant(values, 'float32', [values.length])
const number = (c: NodeContext, value: number): string => c.emitter.constant(value, 'float32')

/** Y = (x − offset)·scale */
function scaler(c: NodeContext): string[] {
  const [offset, scale] = [floats(c.node, 'offset'), floats(c.node, 'scale')]
  const centred = offset.length === 0 ? asFloat(c) : c.emitter.sub(asFloat(c), vector(c, offset))
  return [scale.length === 0 ? centred : c.emitter.mul(centred, vector(c, scale))]
}

/** Y = x / norm of the row, where the norm is the largest element (with its sign), Σ|x| or √Σx²; rows of norm 0 stay as they are. */
function normalizer(c: NodeContext): string[] {
  const [x, axes] = [asFloat(c), c.emitter.ints([-1])]
  const kind = stringAttribute(c.node, 'norm', 'MAX')
  const norm = c.emit(kind === 'L1' ? 'ReduceL1' : kind === 'L2' ? 'ReduceL2' : 'ReduceMax', [x, axes], { keepdims: 1 })
  return [c.emitter.div(x, c.emit('Where', [c.emit('Equal', [norm, number(c, 0)]), number(c, 1), norm]))]
}

/** Y = x, with the replaced value filled in; filled cells get no gradient. */
function imputer(c: NodeContext): string[] {
  const values = floats(c.node, 'imputed_value_floats')
  const attribute = c.node.attributes.get('replaced_value_float')
  const replaced = attribute?.type === 'float' ? attribute.value : 0
  if (values.length === 0) throw c.refuse('it fills in integers, which have no gradient. Use a black-box method for this model.')
  const isReplaced = Number.isNaN(replaced) ? c.emit('IsNaN', [c.x]) : c.emit('Equal', [c.x, c.emitter.scalar(replaced, c.x)])
  return [c.emit('Where', [isReplaced, c.emitter.constant(values, c.dtype(c.x), [values.length]), c.x])]
}

/** Y: inputs side by side, as float32 */
const featureVectorizer = (c: NodeContext): string[] => [c.emit('Concat', c.node.inputs.map((name) => (c.dtype(name) === 'float32' ? name : c.emitter.cast(name, 'float32'))), { axis: 1 })]

/** Y = x[…, indices] */
const arrayFeatureExtractor = (c: NodeContext): string[] => {
  const picked = c.emit('Gather', [c.x, c.emit('Reshape', [c.input(1), c.emitter.ints([-1])])], { axis: -1 })
  return [c.rank(c.x) === 1 ? c.emit('Unsqueeze', [picked, c.emitter.ints([0])]) : picked]
}

/** Runtimes compare widths only when they run: behind a lowering they would name nodes that the model does not have. */
function requireColumns(c: NodeContext, x: string, columns: number): void {
  const given = c.dims(x)?.[1]
  if (typeof given === 'number' && given !== columns) throw c.refuse(`it is made for rows of ${columns} values, and "${c.x}" has ${given}. Export the model again.`)
}

/** x·Wᵀ + b of [rows, features] and coefficients in rows → [rows, outputs] */
function linear(c: NodeContext, outputs: number): string {
  const coefficients = floats(c.node, 'coefficients')
  const intercepts = floats(c.node, 'intercepts')
  const weights = c.emitter.constant(coefficients, 'float32', [outputs, coefficients.length / outputs])
  const x = asRows(c)
  requireColumns(c, x, coefficients.length / outputs)
  return intercepts.length === 0 ? c.emit('Gemm', [x, weights], { transB: 1 }) : c.emit('Gemm', [x, weights, vector(c, intercepts)], { transB: 1 })
}

/** Scores [rows, n] → what `post_transform` makes of them. */
function transformed(c: NodeContext, scores: string, columns: number): string {
  const transform = stringAttribute(c.node, 'post_transform', 'NONE')
  switch (transform) {
    case 'NONE': return scores
    case 'LOGISTIC': return c.emit('Sigmoid', [scores])
    // One column has nothing to be compared with and stays.
    case 'SOFTMAX': return columns === 1 ? scores : c.emit('Softmax', [scores], { axis: 1 })
    case 'SOFTMAX_ZERO': return columns === 1 ? scores : softmaxZero(c, scores)
    default: throw c.refuse(`there is no gradient for the transform ${transform}. Use a black-box method for this model.`)
  }
}

/** Softmax over the scores that are not 0; those that are stay 0. */
function softmaxZero(c: NodeContext, scores: string): string {
  const isZero = c.emit('Equal', [scores, number(c, 0)])
  const others = c.emit('Softmax', [c.emit('Where', [isZero, number(c, -Infinity), scores])], { axis: 1 })
  return c.emit('Where', [isZero, number(c, 0), others])
}

/** p → [1 − p, p] */
const complement = (c: NodeContext, p: string): string => c.emit('Concat', [c.emitter.sub(number(c, 1), p), p], { axis: 1 })

/** The label of a classifier, from a node of its own; no gradient passes through it. */
function label(c: NodeContext): string {
  if (c.output(0) === '') return ''
  const { builder } = c.emitter
  const name = builder.fresh(`${c.output(0)}/label`)
  c.emitter.keep({ ...c.node, name, outputs: [name, builder.fresh(`${name}/scores`)] })
  return name
}

/** Scores = transform(x·Wᵀ + b); one row of coefficients with two classes gives [1 − s, s]. */
function linearClassifier(c: NodeContext): string[] {
  const classes = countOf(c.node, 'classlabels_ints') || countOf(c.node, 'classlabels_strings')
  const rows = countOf(c.node, 'intercepts') || classes
  const scores = linear(c, rows)
  if (rows > 1 || classes !== 2) return [label(c), transformed(c, scores, rows)]
  return [label(c), complement(c, transformed(c, scores, 1))]
}

/** Y = transform(x·Wᵀ + b) */
function linearRegressor(c: NodeContext): string[] {
  const targets = intAttribute(c.node, 'targets', 1)
  return [transformed(c, linear(c, targets), targets)]
}

/** K(x, v) of [rows, features] and every support vector → [rows, vectors]; kernel_params are gamma, coef0, degree. */
function kernel(c: NodeContext, count: number): string {
  const e = c.emitter
  const x = asRows(c)
  const support = floats(c.node, 'support_vectors')
  requireColumns(c, x, support.length / count)
  const vectors = e.constant(support, 'float32', [count, support.length / count])
  const [gamma = 1, coef0 = 0, degree = 1] = floats(c.node, 'kernel_params')
  const kind = stringAttribute(c.node, 'kernel_type', 'LINEAR')
  const product = c.emit('Gemm', [x, vectors], { transB: 1 }) // [rows, vectors]
  const affine = () => e.add(e.mul(product, number(c, gamma)), number(c, coef0))
  switch (kind) {
    case 'LINEAR': return product
    case 'POLY': return c.emit('Pow', [affine(), number(c, degree)])
    case 'SIGMOID': return c.emit('Tanh', [affine()])
    default: {
      // |x − v|² from the differences themselves: x² − 2xv + v² loses the digits that small distances need.
      const differences = e.sub(c.emit('Unsqueeze', [x, e.ints([1])]), vectors) // [rows, vectors, features]
      return c.emit('Exp', [e.mul(c.emit('ReduceSumSquare', [differences, e.ints([2])], { keepdims: 0 }), number(c, -gamma))])
    }
  }
}

/** y = transform(Σ αᵢ·K(x, vᵢ) + ρ); sign(y) for one_class */
function svmRegressor(c: NodeContext): string[] {
  if (intAttribute(c.node, 'one_class', 0) === 1) throw c.refuse('a one-class machine answers with −1 and 1, which have no gradient. Use a black-box method for this model.')
  const coefficients = floats(c.node, 'coefficients')
  const count = intAttribute(c.node, 'n_supports', 0)
  const [rho = 0] = floats(c.node, 'rho')
  const values = count > 0 ? kernel(c, count) : asRows(c) // without support vectors the coefficients are those of a linear model
  const sum = c.emit('Gemm', [values, c.emitter.constant(coefficients, 'float32', [coefficients.length, 1]), vector(c, [rho])]) // [rows, 1]
  return [transformed(c, sum, 1)]
}

/**
 * One score for each pair of classes i < j: Σ over the vectors of i of coef[j − 1]·K + Σ over those of j of coef[i]·K + ρ, [rows, pairs]. With `prob_a` and
 * `prob_b`, a probability per class; else two classes give [−s, s] and more the scores themselves.
 */
function svmClassifier(c: NodeContext): string[] {
  const perClass = c.node.attributes.get('vectors_per_class')
  const counts = perClass?.type === 'ints' ? perClass.value.map(Number) : []
  const total = counts.reduce((sum, count) => sum + count, 0)
  const classes = counts.length
  if (total === 0 || stringAttribute(c.node, 'post_transform', 'NONE') !== 'NONE') throw c.refuse('there is no gradient for machines without support vectors or with a transform of their scores. Use a black-box method for this model.')
  const [coefficients, rho] = [floats(c.node, 'coefficients'), floats(c.node, 'rho')]
  const pairs = pairsOf(classes)
  const classOf = counts.flatMap((count, one) => new Array<number>(count).fill(one))
  const weights = pairs.flatMap(([i, j]) => classOf.map((one, vectorIndex) => (one === i ? coefficients[(j - 1) * total + vectorIndex] : one === j ? coefficients[i * total + vectorIndex] : 0)))
  const scores = c.emit('Gemm', [kernel(c, total), c.emitter.constant(weights, 'float32', [pairs.length, total]), vector(c, rho)], { transB: 1 }) // [rows, pairs]
  if (floats(c.node, 'prob_a').length > 0) return [label(c), coupled(c, scores, classes)]
  return [label(c), classes === 2 ? c.emit('Concat', [c.emitter.neg(scores), scores], { axis: 1 }) : scores]
}

const pairsOf = (classes: number): [number, number][] => Array.from({ length: classes }, (_, i) => Array.from({ length: classes - i - 1 }, (_, k): [number, number] => [i, i + k + 1])).flat()

/**
 * Class probabilities p from pairwise ones r (Wu, Lin & Weng 2004, second method): p minimises Σ (r_ji·p_i − r_ij·p_j)², so it solves Q·p = λ·1 with Σ p = 1. Runtimes
 * iterate until about 0.002; here p is the solution itself, by Cramer's rule.
 */
function coupled(c: NodeContext, scores: string, classes: number): string {
  const e = c.emitter
  const exponents = e.add(e.mul(scores, vector(c, floats(c.node, 'prob_a'))), vector(c, floats(c.node, 'prob_b')))
  const first = c.emit('Clip', [c.emit('Sigmoid', [e.neg(exponents)]), number(c, 1e-7), number(c, 1 - 1e-7)]) // [rows, pairs]: i rather than j
  const column = (values: string, k: number) => c.emit('Gather', [values, e.ints([k])], { axis: 1 }) // [rows, 1]
  const second = e.sub(number(c, 1), first)
  if (classes === 2) return c.emit('Concat', [first, second], { axis: 1 })
  c.approximate('the runtime couples pairwise probabilities by an iteration; its limit is what is differentiated')
  const pairs = pairsOf(classes)
  const place = (i: number, j: number) => pairs.findIndex(([a, b]) => a === i && b === j)
  const r = (i: number, j: number): string => (i < j ? column(first, place(i, j)) : column(second, place(j, i)))
  const others = (t: number) => Array.from({ length: classes }, (_, j) => j).filter((j) => j !== t)
  const entry = (t: number, j: number): string => (t === j ? c.emit('Sum', others(t).map((k) => e.mul(r(k, t), r(k, t)))) : e.neg(e.mul(r(j, t), r(t, j))))
  const one = e.add(e.mul(column(first, 0), number(c, 0)), number(c, 1)) // [rows, 1]
  const minors = Array.from({ length: classes }, (_, solved) => {
    const cells = Array.from({ length: classes }, (_, t) => Array.from({ length: classes }, (_, j) => (j === solved ? one : entry(t, j)))).flat()
    const matrix = c.emit('Reshape', [c.emit('Concat', cells, { axis: 1 }), e.ints([-1, classes, classes])]) // [rows, classes, classes]
    return c.emit('Unsqueeze', [c.emit('Det', [matrix]), e.ints([1])]) // [rows, 1]
  })
  const p = c.emit('Concat', minors, { axis: 1 }) // [rows, classes]
  return e.div(p, c.emit('ReduceSum', [p, e.ints([1])], { keepdims: 1 }))
}

export const scikitLearn = {
  Scaler: scaler, Normalizer: normalizer, Imputer: imputer, FeatureVectorizer: featureVectorizer, ArrayFeatureExtractor: arrayFeatureExtractor,
  LinearClassifier: linearClassifier, LinearRegressor: linearRegressor, SVMRegressor: svmRegressor, SVMClassifier: svmClassifier,
} satisfies LoweringTable
