/** @file The interpreter against ONNX Runtime on random shapes and attributes. */
import { describe, expect, test } from 'vitest'
import { activation } from '../conformance/cases/activation.js'
import { algebra } from '../conformance/cases/algebra.js'
import { attentions } from '../conformance/cases/attention.js'
import { convolutions } from '../conformance/cases/convolution.js'
import { elementwise } from '../conformance/cases/elementwise.js'
import { further } from '../conformance/cases/further.js'
import { images } from '../conformance/cases/images.js'
import { linear } from '../conformance/cases/linear.js'
import { losses } from '../conformance/cases/losses.js'
import { normalization } from '../conformance/cases/normalization.js'
import { pooling, poolingWithDroppedWindows } from '../conformance/cases/pooling.js'
import { resizeCases } from '../conformance/cases/resize.js'
import { regions, sampling } from '../conformance/cases/sampling.js'
import { constants, shaping } from '../conformance/cases/shaping.js'
import { forwardGraph } from '../conformance/operator-case.js'
import { forAll } from '../conformance/properties.js'
import { largestError } from './compare.js'
import { forwardOnly } from './forward-cases.js'
import { interpret, type RefTensor } from './index.js'
import { runOnnxRuntime } from './onnxruntime.js'

const RUNS = 30

describe('interpreter and ONNX Runtime agree', () => {
  test.each(Object.entries({ ...activation, ...algebra, ...losses, ...elementwise, ...linear, ...pooling, ...poolingWithDroppedWindows, ...shaping, ...further, ...normalization, ...attentions, ...constants, ...forwardOnly, ...convolutions, ...images, ...sampling, ...regions, ...resizeCases }))('%s', async (_, make) => {
    await forAll(async (random) => {
      const { graph, feeds } = forwardGraph(make(random))
      const expected = interpret(graph, feeds)
      for (const [name, actual] of await runOnnxRuntime(graph, feeds)) {
        const reference = expected.get(name) as RefTensor
        expect([actual.dims, actual.dtype]).toEqual([reference.dims, reference.dtype])
        expect(largestError(actual.data, reference.data)).toBeLessThanOrEqual(1e-4)
      }
    }, RUNS)
  })
})
