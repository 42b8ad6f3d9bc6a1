/**
 * @file Conventions at ties and kinks, against what PyTorch answers there. Where two answers are possible the fixture decides: Relu, Abs and
 * ReduceL1 give 0 at 0, LeakyRelu its slope, Clip lets its bounds through, MaxPool chooses the first maximum in window order, ReduceMax,
 * ReduceMin, Max and Min share evenly, ReduceL2 gives 0 at the origin.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { float } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { referenceGradients, runtimeGradients } from './check-gradient.js'
import { fed, forwardGraph, int64s, withObjective, type OperatorCase, type Shapes } from './operator-case.js'

type Stored = { dims: number[]; data: (number | string)[] }
type TieCase = {
  name: string
  op: string
  opset: number
  attributes: Record<string, number | number[]>
  inputs: Stored[]
  constants: number[][]
  output: Stored
  upstream: Stored
  gradients: Stored[]
}

const { cases } = JSON.parse(readFileSync(new URL('../fixtures/conformance/ties.json', import.meta.url), 'utf8')) as { cases: TieCase[] }

const restore = ({ dims, data }: Stored): RefTensor => refTensor(dims, data.map(Number))
const attributesOf = ({ attributes }: TieCase) => Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, key === 'alpha' ? float(value as number) : value]))
const caseOf = (one: TieCase): OperatorCase => ({ op: one.op, opset: one.opset, attributes: attributesOf(one), inputs: [...one.inputs.map((stored) => fed(restore(stored))), ...one.constants.map(int64s)] })

describe.each<Shapes>(['static', 'symbolic'])('ties and kinks as in PyTorch, %s shapes', (shapes) => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const forward = forwardGraph(caseOf(one), shapes)
    expect(largestError((interpret(forward.graph, forward.feeds).get('y0') as RefTensor).data, restore(one.output).data)).toBeLessThan(1e-12)
    const { graph, feeds } = withObjective(forward, () => restore(one.upstream), shapes)
    const wanted = one.inputs.map((_, i) => `x${i}`)
    const inFloat64 = referenceGradients(graph, feeds, 'objective', wanted)
    const inFloat32 = await runtimeGradients(graph, feeds, 'objective', wanted)
    one.gradients.forEach((expected, i) => {
      expect(largestError((inFloat64.get(`x${i}`) as RefTensor).data, restore(expected).data), `x${i} in float64`).toBeLessThan(1e-9)
      expect(largestError((inFloat32.get(`x${i}`) as RefTensor).data, restore(expected).data), `x${i} on ONNX Runtime`).toBeLessThan(1e-5)
    })
  })
})
