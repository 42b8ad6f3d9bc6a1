/** @file Gradients of image operators against PyTorch's, also where samples fall on elements, on edges and outside. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DType } from '../../src/contracts/tensor.js'
import { float } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { referenceGradients, runtimeGradients } from './check-gradient.js'
import { fed, fixed, forwardGraph, withObjective, type OperatorCase, type Shapes } from './operator-case.js'

type Stored = { dims: number[]; dtype: DType; data: number[] }
type ImageCase = { name: string; op: string; opset: number; attributes: Record<string, number | number[] | string>; inputs: Stored[]; constants: (Stored | null)[]; output: Stored; upstream: Stored; gradients: Stored[] }

const { cases } = JSON.parse(readFileSync(new URL('../fixtures/conformance/images.json', import.meta.url), 'utf8')) as { cases: ImageCase[] }

const restore = ({ dims, dtype, data }: Stored): RefTensor => refTensor(dims, data, dtype)

const caseOf = ({ op, opset, attributes, inputs, constants }: ImageCase): OperatorCase => ({
  op,
  opset,
  attributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, name === 'cubic_coeff_a' ? float(Number(value)) : value])),
  inputs: [...inputs.map((stored) => fed(restore(stored))), ...constants.map((stored) => stored && fixed(restore(stored)))],
})

describe.each<Shapes>(['static', 'symbolic'])('image operators as in PyTorch, %s shapes', (shapes) => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const forward = forwardGraph(caseOf(one), shapes)
    expect(largestError((interpret(forward.graph, forward.feeds).get('y0') as RefTensor).data, restore(one.output).data)).toBeLessThan(1e-6)
    const { graph, feeds } = withObjective(forward, () => restore(one.upstream), shapes)
    const wanted = one.inputs.map((_, i) => `x${i}`)
    const inFloat64 = referenceGradients(graph, feeds, 'objective', wanted)
    const inFloat32 = await runtimeGradients(graph, feeds, 'objective', wanted)
    one.gradients.forEach((expected, i) => {
      expect(largestError((inFloat64.get(`x${i}`) as RefTensor).data, restore(expected).data), `x${i} in float64`).toBeLessThan(1e-6)
      expect(largestError((inFloat32.get(`x${i}`) as RefTensor).data, restore(expected).data), `x${i} on ONNX Runtime`).toBeLessThan(1e-4)
    })
  })
})
