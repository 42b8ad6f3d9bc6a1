/** @file Shape rules of losses. */
import { stringAttribute } from '../ir.js'
import { known, type Rule } from './known.js'

/** One number, or with reduction `none` one per target. */
const loss: Rule = ({ node, input }) => [known(input(0).dtype, stringAttribute(node, 'reduction', 'mean') === 'none' ? input(1).dims : [])]

/** The log-probabilities come second. */
const crossEntropy: Rule = (application) => [...loss(application), known(application.input(0).dtype, application.input(0).dims)]

export const losses: Readonly<Record<string, Rule>> = { NegativeLogLikelihoodLoss: loss, SoftmaxCrossEntropyLoss: crossEntropy }
