/** @file Recurrent layers: their gradients against finite differences and ONNX Runtime, and the interpreter's forward pass against ONNX Runtime's kernels. */
import { describe, expect, test } from 'vitest'
import { largestError } from '../reference/compare.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { batchFirstCases, recurrentCases } from './cases/recurrent.js'
import { checkOperator } from './check-operator.js'
import { forwardGraph } from './operator-case.js'
import { forAll } from './properties.js'

describe.each(['static', 'symbolic', 'unknown'] as const)('gradients, %s shapes', (shapes) => {
  test.each(Object.entries({ ...recurrentCases, ...batchFirstCases }))('%s', (_, make) => checkOperator(make, shapes, shapes === 'static' ? 8 : 5), 60_000)
})

describe('interpreter and ONNX Runtime agree', () => {
  test.each(Object.entries(recurrentCases))('%s', async (_, make) => {
    await forAll(async (random) => {
      const { graph, feeds } = forwardGraph(make(random))
      const expected = interpret(graph, feeds)
      for (const [name, actual] of await runOnnxRuntime(graph, feeds)) {
        const reference = expected.get(name) as RefTensor
        expect([actual.dims, actual.dtype]).toEqual([reference.dims, reference.dtype])
        expect(largestError(actual.data, reference.data)).toBeLessThanOrEqual(1e-4)
      }
    }, 30)
  })
})
