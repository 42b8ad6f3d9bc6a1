/** @file Losses that are operators: of class scores, of log-probabilities. */
import { intAttribute, stringAttribute } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'

/**
 * −w[t]·log p[t] for each place, with class t and its weight; 0 where t is `ignore_index`. `mean` divides by the sum of the weights, which
 * are 0 at ignored places. Where every place is ignored, the mean is 0/0 and its gradient 0.
 *
 * @param logProbabilities [batch, classes, …], the targets are [batch, …]
 */
function negativeLogLikelihood(c: NodeContext, logProbabilities: string): string {
  const e = c.emitter
  const [target, classWeights] = [c.input(1), c.input(2)]
  const ignored = c.node.attributes.has('ignore_index') ? e.constant(intAttribute(c.node, 'ignore_index', 0), c.dtype(target)) : null
  const isIgnored = ignored === null ? null : e.emit('Equal', [target, ignored]) // [batch, …]
  const classes = isIgnored === null ? target : e.emit('Where', [isIgnored, e.constant(0, c.dtype(target)), target])
  const picked = e.emit('GatherElements', [logProbabilities, e.emit('Unsqueeze', [classes, e.ints([1])])], { axis: 1 })
  const terms = e.neg(e.emit('Squeeze', [picked, e.ints([1])])) // [batch, …]
  const given = c.hasInput(2) ? e.emit('Gather', [classWeights, classes], { axis: 0 }) : null
  const weighed = given === null ? terms : e.mul(terms, given)
  const zero = c.scalar(0)
  const losses = isIgnored === null ? weighed : e.emit('Where', [isIgnored, zero, weighed])
  const reduction = stringAttribute(c.node, 'reduction', 'mean')
  if (reduction === 'none') return losses
  const sum = e.emit('ReduceSum', [losses], { keepdims: 0 })
  if (reduction === 'sum') return sum
  if (given === null && isIgnored === null) return e.emit('ReduceMean', [losses], { keepdims: 0 })
  const counted = given ?? c.scalar(1)
  const weights = isIgnored === null ? counted : e.emit('Where', [isIgnored, zero, counted])
  return e.div(sum, e.emit('ReduceSum', [weights], { keepdims: 0 }))
}

export const losses = {
  /** −log p of the target's class, weighed and reduced */
  NegativeLogLikelihoodLoss: (c) => [negativeLogLikelihood(c, c.x)],
  /** −log softmax of the target's class, weighed and reduced; the log-probabilities are its second output */
  SoftmaxCrossEntropyLoss: (c) => {
    const logProbabilities = c.emit('LogSoftmax', [c.x], { axis: 1 })
    return [negativeLogLikelihood(c, logProbabilities), logProbabilities]
  },
} satisfies LoweringTable
