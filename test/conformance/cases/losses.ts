/** @file Cases of losses. */
import { refTensor } from '../../reference/index.js'
import { fed, fixed, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'

const loss = (op: string, outputs: number): CaseMaker => (random) => {
  const classes = random.integer(2, 4)
  const [batch, ...spatial] = [random.integer(1, 3), ...random.dims(0, 2)]
  const target = random.integers([batch, ...spatial], 0, classes - 1, random.pick(['int64', 'int32']))
  const ignored = random.boolean()
  // At least one place counts: a mean of none is 0/0.
  const kept = refTensor(target.dims, target.data.map((label, i) => (ignored && i > 0 && label === 0 ? -1 : label)), target.dtype)
  return {
    op,
    opset: random.pick([12, 13, 18]),
    attributes: { reduction: random.pick([undefined, 'none', 'sum', 'mean']), ...(ignored ? { ignore_index: -1 } : {}) },
    inputs: [fed(random.between([batch, classes, ...spatial], -2, 1)), (random.boolean() ? fixed : fed)(kept), ...(random.boolean() ? [parameter(random.between([classes], 0.3, 2))] : [])],
    outputs,
  }
}

export const losses: CaseTable = {
  'NegativeLogLikelihoodLoss': loss('NegativeLogLikelihoodLoss', 1),
  'SoftmaxCrossEntropyLoss': loss('SoftmaxCrossEntropyLoss', 1),
  'SoftmaxCrossEntropyLoss with log-probabilities': loss('SoftmaxCrossEntropyLoss', 2),
}
