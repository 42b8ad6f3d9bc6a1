/** @file What lowering cannot say in simpler operators. */
import { expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { refTensor } from '../reference/index.js'
import { TestGraph } from '../conformance/build-graph.js'

/** The specification names a mean among the outputs, which no runtime computes. */
function graphThatReads(output: number) {
  const g = new TestGraph('static')
  const [x, skip, scale] = [g.feed('x', refTensor([2, 3], [1, 2, 3, 4, 5, 7])), g.feed('skip', refTensor([2, 3], [1, 1, 2, 2, 3, 3])), g.feed('scale', refTensor([3], [1, 2, 3]))]
  g.nodes.push({ name: 'norm', opType: 'SkipSimplifiedLayerNormalization', domain: 'com.microsoft', inputs: [x, skip, scale], outputs: ['y', 'mean', 'inverse', 'sum'], attributes: new Map() })
  const y = g.add('Add', ['y', ['y', 'mean', 'inverse', 'sum'][output]])
  return () => differentiate(g.finishAs(y, 'float32', [2, 3]).graph, { objective: { output: y }, withRespectTo: ['x'] })
}

test('an output that is read and has no simpler form is refused by name', () => {
  expect(graphThatReads(1)).toThrow(/"norm" \(com\.microsoft:SkipSimplifiedLayerNormalization\): its output "mean" is read/)
})

test.each([2, 3])('output %i has one', (output) => expect(graphThatReads(output)).not.toThrow())
