/** @file Upgrades past opset 18, as functions ask for that speak a newer one: ONNX Runtime answers the same before and after. */
import { describe, expect, test } from 'vitest'
import { string, upgradeOpset } from '../../src/graph/index.js'
import { fed, forwardGraph, int64s, type CaseMaker, type CaseTable } from '../conformance/operator-case.js'
import { forAll } from '../conformance/properties.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

const groupNormalization: CaseMaker = (random) => {
  const [groups, perGroup] = [random.integer(1, 3), random.integer(1, 3)]
  return { op: 'GroupNormalization', opset: 18, attributes: { num_groups: groups }, inputs: [fed(random.tensor([2, groups * perGroup, 4])), fed(random.tensor([groups])), fed(random.tensor([groups]))] }
}

const gridSample = (mode?: string): CaseMaker => (random) => ({
  op: 'GridSample', opset: 16, attributes: { mode: mode === undefined ? undefined : string(mode), align_corners: random.integer(0, 1) },
  inputs: [fed(random.tensor([1, 2, 4, 5])), fed(random.between([1, 3, 2, 2], -1.2, 1.2))],
})

const dft = (attributes: Readonly<Record<string, number>>, length?: number): CaseMaker => (random) => ({
  op: 'DFT', opset: 17, attributes, inputs: [fed(random.tensor([2, 5, 6, attributes.onesided ? 1 : 2])), length === undefined ? null : { ...int64s([length]), tensor: refTensor([], [length], 'int64') }],
})

const CASES: CaseTable = {
  GroupNormalization: groupNormalization,
  'GridSample as it is': gridSample(), 'GridSample bilinear': gridSample('bilinear'), 'GridSample bicubic': gridSample('bicubic'), 'GridSample nearest': gridSample('nearest'),
  DFT: dft({}), 'DFT along another axis': dft({ axis: 2 }), 'DFT of one side': dft({ onesided: 1 }), 'DFT back': dft({ inverse: 1 }), 'DFT of a stated length': dft({}, 4),
}

describe.each(['static', 'unknown'] as const)('%s shapes', (shapes) => {
  test.each(Object.entries(CASES))('%s', (_, make) =>
    forAll(async (random) => {
      const { graph, feeds } = forwardGraph(make(random), shapes)
      const newer = upgradeOpset(graph, 21)
      expect(newer.opsets.get('')).toBe(21)
      const [before, after] = [await runOnnxRuntime(graph, feeds), await runOnnxRuntime(newer, feeds)].map((results) => results.get('y0') as RefTensor)
      expect(after.dims).toEqual(before.dims)
      expect(largestError(after.data, before.data)).toBeLessThanOrEqual(1e-5)
      expect(largestError((interpret(newer, feeds).get('y0') as RefTensor).data, after.data)).toBeLessThanOrEqual(1e-5)
    }, 3))
})
