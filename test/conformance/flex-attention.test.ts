/** @file FlexAttention, which ONNX Runtime does not have: its gradients are plain operators that it runs, and can be differentiated again. */
import { expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { fedTo, floatCases, prepare, type GradientCase } from './onnx-gradients.js'

const cases = floatCases.filter(({ operator, expanded, name }) => operator === 'ai.onnx.preview:FlexAttention' && !expanded && !name.endsWith('fp16'))

test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
  const { graph, feeds, wanted } = prepare(one) as GradientCase
  const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: wanted })
  const expected = interpret(gradient, fedTo(gradient, feeds))
  for (const [name, { data }] of await runOnnxRuntime(gradient, fedTo(gradient, feeds))) expect(largestError(data, (expected.get(name) as RefTensor).data), name).toBeLessThanOrEqual(1e-4)
  const again = differentiate(gradient, { objective: { output: gradient.gradients.get('Q') ?? '' }, withRespectTo: ['K'] })
  expect(again.gradients.size).toBe(1)
})
