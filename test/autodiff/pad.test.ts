/** @file Pads that no gradient can be trusted of. */
import { expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { string } from '../../src/graph/index.js'
import { fed, forwardGraph, int64s } from '../conformance/operator-case.js'
import { refTensor } from '../reference/index.js'

const padded = (pads: readonly number[]) => {
  const { graph } = forwardGraph({ op: 'Pad', opset: 19, attributes: { mode: string('wrap') }, inputs: [fed(refTensor([2, 3], [1, 2, 3, 4, 5, 6])), int64s(pads)] })
  return () => differentiate(graph, { objective: { output: 'y0' }, withRespectTo: ['x0'] })
}

test('more than an axis has cannot be wrapped round it', () => {
  expect(padded([0, 4, 0, 0])).toThrow(/"pad" \(Pad\): it wraps more round an axis than the axis has/)
  expect(padded([2, 3, 2, 3])).not.toThrow()
})
