/** @file No rows, no gradient, no failure: tensors of which one size is 0, in both engines. */
import { describe, expect, test } from 'vitest'
import { refTensor, type RefTensor } from '../reference/index.js'
import { TestGraph } from './build-graph.js'
import { referenceGradients, runtimeGradients } from './check-gradient.js'
import { withObjective, type Shapes } from './operator-case.js'

type Body = (g: TestGraph, x: string) => string

const ramp = (...dims: number[]) => refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i % 5) / 4 - 0.4))

/** Each takes x [0, 3] and a weight of [3] or [3, 2]. */
const tables: Readonly<Record<string, Body>> = {
  'Add of a row': (g, x) => g.add('Add', [x, 'row']),
  'Sub from a row': (g, x) => g.add('Sub', ['row', x]),
  'Mul by a row': (g, x) => g.add('Mul', [x, 'row']),
  'Div by a row': (g, x) => g.add('Div', [x, 'row']),
  'MatMul': (g, x) => g.add('MatMul', [x, 'matrix']),
  'Gemm': (g, x) => g.add('Gemm', [x, 'matrix']),
  'Relu': (g, x) => g.add('Relu', [x]),
  'Sigmoid': (g, x) => g.add('Sigmoid', [x]),
  'Softmax': (g, x) => g.add('Softmax', [x], { axis: 1 }),
  'LogSoftmax': (g, x) => g.add('LogSoftmax', [x], { axis: 1 }),
  'Transpose': (g, x) => g.add('Transpose', [x]),
  'Flatten': (g, x) => g.add('Flatten', [x]),
  'Reshape': (g, x) => g.add('Reshape', [x, g.shape([0, 3, 1])]),
  'Concat': (g, x) => g.add('Concat', [x, x], { axis: 1 }),
  'Slice': (g, x) => g.add('Slice', [x, g.shape([1]), g.shape([3]), g.shape([1])]),
  'Gather': (g, x) => g.add('Gather', [x, g.shape([0, 2])], { axis: 1 }),
  'ReduceSum over columns': (g, x) => g.add('ReduceSum', [x, g.shape([1])]),
  'ReduceSum over rows': (g, x) => g.add('ReduceSum', [x, g.shape([0])]),
  'ReduceMean over columns': (g, x) => g.add('ReduceMean', [x, g.shape([1])]),
  'Where': (g, x) => g.add('Where', [g.add('Greater', [x, 'row']), x, 'row']),
}

describe.each<Shapes>(['static', 'symbolic'])('x [0, 3], %s shapes', (shapes) => {
  test.each(Object.entries(tables))('%s', async (_, body) => {
    const g = new TestGraph(shapes)
    const x = g.feed('x', ramp(0, 3), [shapes === 'static' ? 0 : 'batch', 3])
    const parameters: [string, RefTensor][] = [['row', ramp(3)], ['matrix', ramp(3, 2)]]
    for (const [name, tensor] of parameters) g.feed(name, tensor, tensor.dims)
    const { graph, feeds } = withObjective(g.finish(body(g, x)), ({ dims }) => ramp(...dims), shapes)
    const wanted = ['x', 'row', 'matrix']
    for (const gradients of [referenceGradients(graph, feeds, 'objective', wanted), await runtimeGradients(graph, feeds, 'objective', wanted)]) {
      expect(gradients.get('x')).toEqual(ramp(0, 3))
      for (const [name, tensor] of parameters) expect(gradients.get(name), name).toEqual(refTensor(tensor.dims, tensor.data.map(() => 0)))
    }
  })
})
