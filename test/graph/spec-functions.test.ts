/** @file The bodies that the specification gives operators, each against ONNX Runtime's own kernel of the operator. */
import { describe, expect, it } from 'vitest'
import { differentiableOps, loweredOps, constantOps } from '../../src/autodiff/index.js'
import { instantiate } from '../../src/graph/functions/instantiate.js'
import { specFunction, specFunctionOps } from '../../src/graph/functions/spec-functions.js'
import { float, type Graph } from '../../src/graph/index.js'
import type { Attributes } from '../../src/graph/builder.js'
import { fed, fixed, forwardGraph, int64s, type CaseInput } from '../conformance/operator-case.js'
import { largestError } from '../reference/compare.js'
import { refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

const x = fed(refTensor([2, 5], [-3, -1.5, -0.4, 0.3, 0.45, 0.6, 1.2, 2.5, 3.5, -0.7]))
const image = fed(refTensor([2, 3, 2, 1], Array.from({ length: 12 }, (_, i) => Math.sin(3 * i))))
const positive = fed(refTensor([2, 3], [0.5, 1, 2, 3, 0.1, 0.7]))
const length = fixed(refTensor([], [7], 'int64'))

/** Per operator: attributes and inputs, each way it is worth asking. */
const WAYS: Readonly<Record<string, readonly (readonly [Attributes, readonly CaseInput[], outputs?: number])[]>> = {
  BlackmanWindow: [[{}, [length]], [{ periodic: 0 }, [length]]],
  HammingWindow: [[{}, [length]], [{ periodic: 0 }, [length]]],
  HannWindow: [[{}, [length]], [{ periodic: 0 }, [length]]],
  DynamicQuantizeLinear: [[{}, [x], 3], [{}, [positive], 3]],
  Elu: [[{}, [x]], [{ alpha: float(0.4) }, [x]]],
  GreaterOrEqual: [[{}, [x, fixed(refTensor([], [0.3]))]]],
  LessOrEqual: [[{}, [x, fixed(refTensor([], [0.3]))]]],
  HardSigmoid: [[{}, [x]], [{ alpha: float(0.4), beta: float(0.3) }, [x]]],
  HardSwish: [[{}, [x]]],
  LeakyRelu: [[{}, [x]], [{ alpha: float(0.4) }, [x]]],
  MeanVarianceNormalization: [[{}, [image]], [{ axes: [2, 3] }, [image]]],
  Mish: [[{}, [x]]],
  PRelu: [[{}, [x, fixed(refTensor([5], [0.1, 0.2, 0.3, 0.4, 0.5]))]]],
  ReduceL1: [[{}, [x, int64s([1])]], [{ keepdims: 0 }, [x]], [{ noop_with_empty_axes: 1 }, [x]]],
  ReduceL2: [[{}, [x, int64s([1])]], [{ keepdims: 0 }, [x]], [{ noop_with_empty_axes: 1 }, [x]]],
  ReduceSumSquare: [[{}, [x, int64s([1])]], [{ keepdims: 0 }, [x]], [{ noop_with_empty_axes: 1 }, [x]]],
  ReduceLogSum: [[{}, [positive, int64s([1])]], [{ keepdims: 0 }, [positive]]],
  ReduceLogSumExp: [[{}, [x, int64s([1])]], [{ keepdims: 0 }, [x]]],
  Relu: [[{}, [x]]],
  Selu: [[{}, [x]], [{ alpha: float(1.2), gamma: float(0.9) }, [x]]],
  Shrink: [[{}, [x]], [{ lambd: float(0.5), bias: float(0.2) }, [x]]],
  Softplus: [[{}, [x]]],
  Softsign: [[{}, [x]]],
  ThresholdedRelu: [[{}, [x]], [{ alpha: float(0.5) }, [x]]],
}

/** ONNX Runtime has no kernel of these versions yet, so there is nothing to compare with. */
const AHEAD = ['Celu', 'SwiGLU', 'Swish']

const expanded = (graph: Graph, opset: number): Graph => {
  const [node] = graph.nodes
  const definition = specFunction(node.opType, opset)
  if (definition === null) throw new Error(`no body of ${node.opType}`)
  const { nodes, initializers } = instantiate(definition, node, opset, (name) => `inner/${name}`)
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...initializers]) }
}

describe.each(Object.entries(WAYS))('%s', (op, ways) => {
  it.each([18, 20, 22])('by its body as by its kernel, opset %i', async (opset) => {
    if (specFunction(op, opset) === null) return
    for (const [attributes, inputs, outputs] of ways) {
      const { graph, feeds } = forwardGraph({ op, opset, attributes, inputs, outputs })
      const expected = await runOnnxRuntime(graph, feeds)
      for (const [name, actual] of await runOnnxRuntime(expanded(graph, opset), feeds)) {
        const kernel = expected.get(name) as RefTensor
        expect([actual.dims, actual.dtype]).toEqual([kernel.dims, kernel.dtype])
        expect(largestError(actual.data, kernel.data)).toBeLessThanOrEqual(2e-6)
      }
    }
  })
})

it('every operator with a body is checked above, or newer than the runtime', () => {
  expect([...specFunctionOps].sort()).toEqual([...Object.keys(WAYS), ...AHEAD].sort())
})

it('every operator with a body has a gradient, or none', () => {
  const known = new Set([...differentiableOps, ...loweredOps, ...constantOps])
  expect([...specFunctionOps].filter((op) => !known.has(op))).toEqual([])
})

it('there is no body where the operator did not exist', () => {
  expect(specFunction('Swish', 23)).toBeNull()
  expect(specFunction('Conv', 18)).toBeNull()
})
