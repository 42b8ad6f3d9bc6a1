/** @file Objectives per row in TensorFlow.js' operators, with the conventions of the ONNX engine. */
import type * as Tf from '@tensorflow/tfjs'
import { ProbityError } from '../../contracts/errors.js'
import type { Attachment } from '../objective.js'
import type { TfPackage } from './packages.js'

/** Bounds of p inside logarithms; beyond them the gradient is 0. */
const SMALLEST = 1e-12
const LARGEST = 1 - 1e-7
/** Keeps DLR finite where its three largest logits are equal; the value is that of the authors' code. */
const DLR_EPSILON = 1e-12
/** Stands for −∞, which shaders of WebGPU do not promise to keep. */
const LOWEST = -3.4028234663852886e38

/** Whether the objective reads a target; not known where the shape is not. */
export function wantsTarget({ loss }: Attachment, shape: readonly unknown[]): boolean {
  return loss !== undefined || !(shape.length === 1 || (shape.length === 2 && shape[1] === 1))
}

/**
 * @param z the value that the objective attaches to, [batch] or [batch, classes, …]
 * @param target int32 [batch]; float32 of z's shape for binary cross-entropy and squared error; null for an element of one column
 * @returns [batch]
 */
export function objectivePerRow(tf: TfPackage, { output, loss, on }: Attachment, z: Tf.Tensor, target: Tf.Tensor | null): Tf.Tensor1D {
  if (z.dtype !== 'float32') throw new ProbityError('objective/output', `The objective needs a float output; "${output}" is ${z.dtype}. Name the output with logits, probabilities or a score.`)
  if (z.rank === 0) throw new ProbityError('objective/output', `The objective needs a value per row; "${output}" has no axes. Name an output of shape [batch] or [batch, classes].`)
  const batch = z.shape[0]
  if (!wantsTarget({ output, on, ...(loss && { loss }) }, z.shape)) return z.reshape([batch])
  if (target === null) throw new ProbityError('engine/target', `The objective of a chosen element on ${output} [${z.shape.join(', ')}] needs a target: a class for all rows, or one per row`)
  const behindRows = z.shape.map((_, axis) => axis).slice(1)
  if (loss === 'mse') return tf.squaredDifference(z, target).mean(behindRows)
  if (loss === 'binary-cross-entropy') return binaryCrossEntropy(tf, on === 'probabilities' ? logOdds(tf, z) : z, target).sum(behindRows)
  if (loss === undefined) return pick(tf, (z.rank === 2 ? z : z.sum(behindRows.slice(1))) as Tf.Tensor2D, target as Tf.Tensor1D, output)
  if (z.rank > 2) throw new ProbityError('objective/output', `The loss ${loss} needs an output of shape [batch, classes]; "${output}" has ${z.rank} axes. Name another output, or leave the loss out.`)
  const oneColumn = z.rank === 1 || z.shape[1] === 1
  const answers = on === 'logits' ? z : oneColumn ? logOdds(tf, z) : logOf(tf, z)
  // One column z stands for the logits [0, z].
  const logits = (oneColumn ? tf.pad(answers.reshape([batch, 1]), [[0, 0], [1, 0]]) : answers) as Tf.Tensor2D // [batch, classes]
  return classLoss(tf, loss, logits, target as Tf.Tensor1D, output)
}

function classLoss(tf: TfPackage, loss: 'cross-entropy' | 'margin' | 'dlr' | 'log-odds', logits: Tf.Tensor2D, target: Tf.Tensor1D, output: string): Tf.Tensor1D {
  if (loss === 'cross-entropy') return pick(tf, tf.logSoftmax(logits), target, output).neg()
  const own = pick(tf, logits, target, output)
  const others = tf.where(chosen(tf, logits, target), tf.fill(logits.shape, LOWEST), logits) as Tf.Tensor2D
  if (loss === 'log-odds') return own.sub(logSumExp(tf, others))
  const margin = others.max<Tf.Tensor1D>(1).sub(own) as Tf.Tensor1D
  if (loss === 'margin' || logits.shape[1] < 3) return margin
  // +1 at the largest logit and −1 at the third largest
  const ends = constantOf(tf, logits, (values) => {
    const order = tf.topk(values, 3).indices // [batch, 3]
    const at = (place: number) => tf.oneHot(order.slice([0, place], [-1, 1]).reshape([-1]), logits.shape[1]).cast('float32')
    return at(0).sub(at(2))
  })
  return margin.div(logits.mul(ends).sum(1).add(DLR_EPSILON))
}

/** [batch, classes] and classes [batch] → [batch] */
function pick(tf: TfPackage, values: Tf.Tensor2D, classes: Tf.Tensor1D, output: string): Tf.Tensor1D {
  if (values.rank !== 2) throw new ProbityError('objective/output', `"${output}" has ${values.rank} axes, and an element is chosen of [batch, classes]`)
  return tf.where(chosen(tf, values, classes), values, tf.zerosLike(values)).sum(1)
}

const chosen = (tf: TfPackage, values: Tf.Tensor2D, classes: Tf.Tensor1D): Tf.Tensor => tf.oneHot(classes, values.shape[1]).cast('bool')

/** [batch, classes] → [batch] */
function logSumExp(tf: TfPackage, values: Tf.Tensor2D): Tf.Tensor1D {
  const largest = constantOf(tf, values, (of) => of.max(1, true)) // [batch, 1]
  return values.sub(largest).exp().sum(1).log().add(largest.reshape([values.shape[0]]))
}

/** What is computed without passing a gradient back. */
function constantOf(tf: TfPackage, of: Tf.Tensor, compute: (values: Tf.Tensor) => Tf.Tensor): Tf.Tensor {
  return tf.customGrad((values) => ({ value: compute(values as Tf.Tensor), gradFunc: () => tf.zeros(of.shape) }))(of)
}

const logOf = (tf: TfPackage, p: Tf.Tensor): Tf.Tensor => tf.maximum(p, SMALLEST).log()
const logOdds = (tf: TfPackage, p: Tf.Tensor): Tf.Tensor => logOf(tf, p).sub(tf.scalar(1).sub(p.clipByValue(SMALLEST, LARGEST)).log())

/** t·softplus(−z) + (1 − t)·softplus(z), which is −t·log σ(z) − (1 − t)·log(1 − σ(z)) without cancellation. */
const binaryCrossEntropy = (tf: TfPackage, z: Tf.Tensor, t: Tf.Tensor): Tf.Tensor => t.mul(z.neg().softplus()).add(tf.scalar(1).sub(t).mul(z.softplus()))
