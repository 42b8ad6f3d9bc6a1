/** @file Gradients of graphs in float64 and float16: constants take the type of the values they meet, and gradients that of what they belong to. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { recurrentCases } from './cases/recurrent.js'
import { reduce } from './cases/further.js'
import { cases as operators } from './check-operator.js'
import { fed, forwardGraph, OPSETS, randomWeights, withObjective, type CaseMaker, type CaseTable, type GraphAndFeeds, type OperatorCase } from './operator-case.js'
import { forAll } from './properties.js'

type Narrow = 'float64' | 'float16'

/** Operators of which ONNX Runtime's CPU provider runs not every form in a type, whatever is asked of their gradients. */
const NO_KERNEL: Readonly<Record<Narrow, readonly string[]>> = {
  float64: [
    'Elu', 'Selu', 'Celu', 'HardSigmoid', 'HardSwish', 'Mish', 'Softsign', 'PRelu', 'ThresholdedRelu', 'Gelu', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh', 'Hardmax', 'Det',
    'LeakyRelu', 'Mean', 'Erf', 'Softplus', 'Clip', 'Conv', 'ConvTranspose', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'DequantizeLinear', 'OneHot', 'InstanceNormalization', 'LRN', 'MeanVarianceNormalization',
    'Attention', 'RotaryEmbedding', 'LpPool', 'GlobalLpPool', 'MaxUnpool', 'Col2Im', 'GridSample', 'MaxRoiPool', 'Resize', 'Upsample', 'RNN', 'GRU', 'LSTM',
  ],
  float16: ['Celu', 'ScatterElements', 'ScatterND', 'MeanVarianceNormalization', 'AffineGrid', 'Resize', 'Upsample'],
}
/** Their gradients are convolutions, which it has in float32 and float16. */
const NO_KERNEL_FOR_GRADIENT: Readonly<Record<Narrow, readonly string[]>> = { float64: ['CausalConvWithState'], float16: [] }
const CANNOT_RUN = /implementation|Type Error|not support|Split node/

/** Against the same graph in float64, relative to values of about 1 and larger. */
const TOLERANCE: Readonly<Record<Narrow, number>> = { float64: 1e-9, float16: 2e-2 }
/** In float64, ONNX Runtime's Fourier transform has angles in float32, and Attention takes its softmax in float32 as it is specified. */
const toleranceOf = (op: string, dtype: Narrow): number => (dtype === 'float64' && ['DFT', 'STFT', 'Attention'].includes(op) ? 1e-7 : TOLERANCE[dtype])

const unary = (op: string): CaseMaker => (random) => ({ op, opset: random.pick(OPSETS), inputs: [fed(random.awayFromZero(random.dims(0, 3)))] })
const cases: CaseTable = {
  ...operators, ...recurrentCases,
  ...Object.fromEntries([...['Abs', 'Sin', 'Cos', 'Erf', 'Softplus', 'Reciprocal'].map((op) => [op, unary(op)] as const), ...['ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].map(reduce)]),
}

const inType = (one: OperatorCase, dtype: Narrow): OperatorCase => ({
  ...one,
  inputs: one.inputs.map((given) => given && (given.tensor.dtype === 'float32' ? { ...given, tensor: { ...given.tensor, dtype } } : given)),
})

async function runs({ graph, feeds }: GraphAndFeeds): Promise<boolean> {
  try {
    await runOnnxRuntime(graph, feeds)
    return true
  } catch (error) {
    expect(String(error)).toMatch(CANNOT_RUN)
    return false
  }
}

describe.each(['float64', 'float16'] as const)('%s', (dtype) => {
  const withoutKernel = new Set<string>()

  test.each(Object.entries(cases))('%s', async (_name, make) => {
    await forAll(async (random) => {
      const one = inType(make(random), dtype)
      const forward = forwardGraph(one)
      if (NO_KERNEL[dtype].includes(one.op) && !(await runs(forward))) {
        withoutKernel.add(one.op)
        return
      }
      const { graph, feeds } = withObjective(forward, randomWeights(random))
      const wanted = one.inputs.flatMap((given, i) => (given === null || given.constant || given.tensor.dtype !== dtype ? [] : [`x${i}`]))
      const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: wanted })
      if (NO_KERNEL_FOR_GRADIENT[dtype].includes(one.op)) {
        expect(await runs({ graph: gradient, feeds })).toBe(false)
        return
      }
      const [expected, actual] = [interpret(gradient, feeds), await runOnnxRuntime(gradient, feeds)]
      for (const [value, output] of gradient.gradients) {
        const [truth, given] = [expected.get(output) as RefTensor, actual.get(output) as RefTensor]
        expect([given.dtype, given.dims], value).toEqual([dtype, truth.dims])
        expect(largestError(given.data, truth.data), value).toBeLessThan(toleranceOf(one.op, dtype))
      }
    }, 2)
  })

  test('every operator without a kernel is one', () => expect([...withoutKernel].sort()).toEqual([...NO_KERNEL[dtype]].sort()))
})
