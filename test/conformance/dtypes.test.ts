/** @file Gradients of graphs in float64 and float16: constants take the type of the values they meet, and gradients that of what they belong to. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { activation } from './cases/activation.js'
import { algebra } from './cases/algebra.js'
import { elementwise } from './cases/elementwise.js'
import { further, reduce } from './cases/further.js'
import { losses } from './cases/losses.js'
import { fed, forwardGraph, OPSETS, randomWeights, withObjective, type CaseMaker, type CaseTable, type OperatorCase } from './operator-case.js'
import { forAll } from './properties.js'

/** Operators that ONNX Runtime's CPU provider cannot run in a type, whatever is asked of their gradients. */
const NO_KERNEL: Readonly<Record<'float64' | 'float16', readonly string[]>> = {
  float64: [
    'Elu', 'Selu', 'Celu', 'HardSigmoid', 'HardSwish', 'Mish', 'Softsign', 'PRelu', 'PRelu with a constant slope', 'ThresholdedRelu', 'Gelu', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh',
    'Asinh', 'Acosh', 'Atanh', 'Hardmax', 'Det', 'LeakyRelu', 'Mean', 'Erf', 'Softplus',
  ],
  float16: ['Celu'],
}

/** Against the same graph in float64, relative to values of about 1 and larger. */
const TOLERANCE = { float64: 1e-9, float16: 2e-2 }

const unary = (op: string): CaseMaker => (random) => ({ op, opset: random.pick(OPSETS), inputs: [fed(random.awayFromZero(random.dims(0, 3)))] })
const cases: CaseTable = {
  ...activation, ...algebra, ...losses, ...Object.fromEntries(Object.entries(elementwise).filter(([name]) => name !== 'Cast')),
  ...Object.fromEntries([
    ...['Abs', 'Sin', 'Cos', 'Erf', 'Softplus', 'Reciprocal'].map((op) => [op, unary(op)] as const),
    ...['Sum', 'Mean', 'Min', 'Max'].map((op) => [op, further[op]] as const),
    ...['ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].map(reduce),
  ]),
}

const inType = (one: OperatorCase, dtype: 'float64' | 'float16'): OperatorCase => ({
  ...one,
  inputs: one.inputs.map((given) => given && (given.tensor.dtype === 'float32' ? { ...given, tensor: { ...given.tensor, dtype } } : given)),
})

describe.each(['float64', 'float16'] as const)('%s', (dtype) => {
  test.each(Object.entries(cases).filter(([name]) => !NO_KERNEL[dtype].includes(name)))('%s', async (_name, make) => {
    await forAll(async (random) => {
      const one = inType(make(random), dtype)
      const { graph, feeds } = withObjective(forwardGraph(one), randomWeights(random))
      const wanted = one.inputs.flatMap((given, i) => (given === null || given.constant || given.tensor.dtype !== dtype ? [] : [`x${i}`]))
      const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: wanted })
      const [expected, actual] = [interpret(gradient, feeds), await runOnnxRuntime(gradient, feeds)]
      for (const [value, output] of gradient.gradients) {
        const [truth, given] = [expected.get(output) as RefTensor, actual.get(output) as RefTensor]
        expect([given.dtype, given.dims], value).toEqual([dtype, truth.dims])
        expect(largestError(given.data, truth.data), value).toBeLessThan(TOLERANCE[dtype])
      }
    }, 3)
  })

  test.each(NO_KERNEL[dtype])('ONNX Runtime has no %s', async (name) => {
    await forAll(async (random) => {
      const { graph, feeds } = forwardGraph(inType(cases[name](random), dtype))
      await expect(runOnnxRuntime(graph, feeds)).rejects.toThrow(/implementation|Type Error/)
    }, 1)
  })
})
