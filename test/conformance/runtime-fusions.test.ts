/** @file Zeros that gradients put around values, where ONNX Runtime fuses or moves a Pad in a way that would not be right. */
import { describe, test } from 'vitest'
import { checkGradient } from './check-gradient.js'
import { TestGraph } from './build-graph.js'
import { forwardGraph, randomWeights, withObjective, fed } from './operator-case.js'
import { forAll } from './properties.js'
import { gradientsAsObjective } from './second-derivative.js'

describe('zeros around', () => {
  test('what is read as the weights of a convolution: a convolution by its weights, twice', () =>
    forAll(async (random) => {
      // Rows of x that no window reaches are cut from the gradient of the weights.
      const one = { op: 'Conv', opset: 18, attributes: { strides: [2, 2], kernel_shape: [2, 2] }, inputs: [fed(random.tensor([2, 3, 5, 5])), fed(random.tensor([4, 3, 2, 2]))] }
      const { graph, feeds } = gradientsAsObjective(withObjective(forwardGraph(one), randomWeights(random)), ['x1'], random)
      await checkGradient(graph, feeds, 'second', ['x0', 'w0'])
    }, 3))

  test.each(['Slice', 'Gather', 'Split'])('the result of a convolution that %s cuts with the channels last', (op) =>
    forAll(async (random) => {
      const g = new TestGraph('static')
      const y = g.add('Conv', [g.feed('x', random.tensor([2, 3, 6, 6])), g.feed('w', random.tensor([2, 3, 3, 3]))], { pads: [1, 1, 1, 1] })
      const last = g.add('Transpose', [y], { perm: [0, 2, 3, 1] }) // [batch, height, width, channels]
      const cut = op === 'Slice' ? g.add('Slice', [last, g.shape([1, 2]), g.shape([5, 6]), g.shape([1, 2])])
        : op === 'Gather' ? g.add('Gather', [last, g.shape([0, 1, 2])], { axis: 2 })
          : g.addMany('Split', [last, g.shape([2, 4])], 2, { axis: 1 })[1]
      const { graph, feeds } = withObjective(g.finish(g.add('Transpose', [cut], { perm: [0, 3, 1, 2] })), randomWeights(random))
      await checkGradient(graph, feeds, 'objective', ['x', 'w'])
    }, 3))

  test('some axes, between transpositions', () =>
    forAll(async (random) => {
      const g = new TestGraph('static')
      const first = g.add('Transpose', [g.add('Relu', [g.feed('x', random.tensor([2, 3, 4, 4]))])], { perm: [0, 2, 3, 1] })
      const cropped = g.add('CenterCropPad', [first, g.shape([6, 3])], { axes: [1, 2] })
      const { graph, feeds } = withObjective(g.finish(g.add('Transpose', [cropped], { perm: [0, 3, 1, 2] })), randomWeights(random))
      await checkGradient(graph, feeds, 'objective', ['x'])
    }, 3))
})
