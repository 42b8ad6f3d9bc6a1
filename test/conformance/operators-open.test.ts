/** @file Every differentiable operator against finite differences and ONNX Runtime, where sizes or even the number of axes show only when the graph runs. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { einsumWithEllipsis } from './cases/algebra.js'
import { poolingWithDroppedWindows } from './cases/pooling.js'
import { sampling } from './cases/sampling.js'
import { cases, checkOperator } from './check-operator.js'
import { forwardGraph, randomWeights, withObjective } from './operator-case.js'
import { forAll } from './properties.js'

describe('symbolic sizes', () => {
  test.each(Object.entries({ ...cases, ...poolingWithDroppedWindows }))('%s', (_, make) => checkOperator(make, 'symbolic', 20))
})

describe('unknown numbers of axes', () => {
  /** Their rules depend on the number of axes. */
  const needRank = ['MatMul of matrices', 'MatMul with vectors', 'MatMul with batches', 'Attention of three axes', 'Attention with an additive mask', 'Attention with a past', 'RotaryEmbedding of three axes', 'TensorScatter', 'Resize keeping the aspect ratio', 'Resize of other axes', ...Object.keys(sampling).filter((name) => name !== 'AffineGrid'), ...Object.keys(einsumWithEllipsis)]
  const entries = Object.entries(cases)

  test.each(entries.filter(([name]) => !needRank.includes(name)))('%s', (_, make) => checkOperator(make, 'unknown', 5))

  test.each(entries.filter(([name]) => needRank.includes(name)))('%s says so', async (_, make) => {
    await forAll((random) => {
      const { graph } = withObjective(forwardGraph(make(random), 'unknown'), randomWeights(random), 'unknown')
      expect(() => differentiate(graph, { objective: { output: 'objective' }, withRespectTo: ['x0'] })).toThrow(/the number of axes of "x0" is unknown/)
    }, 5)
  })
})
