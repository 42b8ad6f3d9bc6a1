/** @file Losses. */
import { intAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Call, type Kernels } from './kernel.js'
import { logSumExp } from './normalization.js'
import { at, build, scalar, withAxis, type RefTensor } from './tensor.js'

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0)

/** Log-probabilities [batch, classes, …], targets [batch, …], weights [classes]. */
function negativeLogLikelihood(call: Call, logProbabilities: RefTensor): RefTensor {
  const target = input(call, 1)
  const weights = call.inputs[2]
  const ignored = call.node.attributes.has('ignore_index') ? intAttribute(call.node, 'ignore_index', 0) : null
  const weightAt = build(target.dims, 'float32', (index) => (at(target, index) === ignored ? 0 : weights?.data[at(target, index)] ?? 1))
  const losses = build(target.dims, logProbabilities.dtype, (index) => {
    const label = at(target, index)
    return label === ignored ? 0 : -at(logProbabilities, [index[0], label, ...index.slice(1)]) * at(weightAt, index)
  })
  const reduction = stringAttribute(call.node, 'reduction', 'mean')
  if (reduction === 'none') return losses
  return scalar(sum(losses.data) / (reduction === 'mean' ? sum(weightAt.data) : 1), logProbabilities.dtype)
}

/** Along axis 1. */
function logSoftmax(x: RefTensor): RefTensor {
  return build(x.dims, x.dtype, (index) => at(x, index) - logSumExp(Array.from({ length: x.dims[1] }, (_, label) => at(x, withAxis(index, 1, label)))))
}

export const losses: Kernels = {
  NegativeLogLikelihoodLoss: (call) => negativeLogLikelihood(call, input(call, 0)),
  SoftmaxCrossEntropyLoss: (call) => {
    const logProbabilities = logSoftmax(input(call, 0))
    return [negativeLogLikelihood(call, logProbabilities), logProbabilities]
  },
}
