/** @file Gradients that compute activations again: the same numbers, and less that is kept. */
import { describe, expect, test } from 'vitest'
import { differentiate, type GradientGraph } from '../../src/autodiff/index.js'
import { estimateMemory, readsOf, type Graph } from '../../src/graph/index.js'
import { TestGraph } from '../conformance/build-graph.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

const wave = (...dims: number[]): RefTensor => refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + 0.3)))
/** Small enough that six layers of them neither explode nor lose float32's digits. */
const kernel = (...dims: number[]): RefTensor => ({ ...wave(...dims), data: wave(...dims).data.map((value) => value / 5) })

type Body = (g: TestGraph, x: string) => string
const layers = (g: TestGraph, x: string, count: number, layer: Body): string => Array.from({ length: count }).reduce<string>((h) => layer(g, h), x)

const bodies: Readonly<Record<string, { readonly dims: readonly number[]; readonly body: Body }>> = {
  'a chain': { dims: [3, 8], body: (g, x) => layers(g, x, 12, (g, h) => g.add('Sigmoid', [g.add('Mul', [g.add('Tanh', [h]), g.weight(wave(8))])])) },
  'residual blocks': { dims: [3, 8], body: (g, x) => layers(g, x, 8, (g, h) => g.add('Add', [h, g.add('Tanh', [g.add('MatMul', [h, g.weight(wave(8, 8))])])])) },
  'convolutions and pooling': {
    dims: [2, 2, 8, 8],
    body: (g, x) => g.add('Flatten', [g.add('MaxPool', [layers(g, x, 6, (g, h) => g.add('Add', [h, g.add('Relu', [g.add('Conv', [h, g.weight(kernel(2, 2, 3, 3))], { pads: [1, 1, 1, 1] })])]))], { kernel_shape: [2, 2], strides: [2, 2] })]),
  },
  'a value read by every layer': { dims: [3, 8], body: (g, x) => { const first = g.add('Exp', [x]); return layers(g, first, 10, (g, h) => g.add('Tanh', [g.add('Mul', [h, first])])) } },
  'nothing to gain': { dims: [3, 8], body: (g, x) => g.add('Tanh', [x]) },
}

function graphOf(name: string): { graph: Graph; feeds: Map<string, RefTensor> } {
  const { dims, body } = bodies[name]
  const g = new TestGraph('static')
  const out = body(g, g.feed('x', wave(...dims)))
  return g.finishAs(g.add('ReduceSum', [out, g.shape([1])], { keepdims: 0 }), 'float32', [dims[0]])
}

const both = (graph: Graph, wrt: readonly string[]): GradientGraph[] => (['normal', 'low'] as const).map((memory) => differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: wrt, memory }))
/** What the gradient's own nodes read of the forward pass, copies excluded. */
const reads = (gradient: GradientGraph, forward: Graph): number => {
  const made = new Set(forward.nodes.flatMap(({ outputs }) => outputs))
  return new Set(gradient.nodes.filter((node) => !node.outputs.some((name) => made.has(name))).flatMap(readsOf).filter((name) => made.has(name))).size
}

describe.each(Object.keys(bodies))('%s', (name) => {
  test('gives the same gradients', async () => {
    const { graph, feeds } = graphOf(name)
    const wrt = ['x', ...graph.initializers.keys()].slice(0, 4)
    const [normal, low] = both(graph, wrt.filter((value) => value === 'x' || graph.initializers.get(value)?.dtype === 'float32'))
    const [expected, actual, onRuntime] = [interpret(normal, feeds), interpret(low, feeds), await runOnnxRuntime(low, feeds)]
    for (const [value, output] of normal.gradients) {
      expect(actual.get(low.gradients.get(value)!)).toEqual(expected.get(output))
      const [own, reference] = [onRuntime.get(low.gradients.get(value)!)!, expected.get(output)!]
      own.data.forEach((element, i) => expect(Math.abs(element - reference.data[i])).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(reference.data[i]))))
    }
  })
})

test.each(['a chain', 'residual blocks', 'convolutions and pooling'])('%s: fewer values wait for the gradient, and a run in order holds less', (name) => {
  const { graph } = graphOf(name)
  const [normal, low] = both(graph, ['x'])
  expect(reads(low, graph)).toBeLessThan(reads(normal, graph))
  const limits = { blockRows: 1000 }
  expect(estimateMemory(low, limits)).toBeLessThan(estimateMemory(normal, limits))
})

test('where nothing is gained nothing changes', () => {
  const { graph } = graphOf('nothing to gain')
  const [normal, low] = both(graph, ['x'])
  expect(low.nodes).toEqual(normal.nodes)
})
