/** @file LinearAttention and CausalConvWithState of com.microsoft: ONNX Runtime computes what the reference says of ai.onnx, and the gradients are the same. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { int, type Attribute, type Graph } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { stateful } from './cases/stateful.js'
import { forwardGraph } from './operator-case.js'
import { forAll } from './properties.js'

const ofMicrosoft = (graph: Graph, more: readonly (readonly [string, Attribute])[] = []): Graph =>
  ({ ...graph, opsets: new Map([...graph.opsets, ['com.microsoft', 1]]), nodes: graph.nodes.map((node) => ({ ...node, domain: 'com.microsoft', attributes: new Map([...node.attributes, ...more]) })) })

describe.each(Object.entries(stateful))('%s', (_, make) => {
  test('as ONNX Runtime computes it', () => forAll(async (random) => {
    const { graph, feeds } = forwardGraph(make(random))
    const expected = interpret(graph, feeds)
    for (const [name, actual] of await runOnnxRuntime(ofMicrosoft(graph), feeds)) {
      const { dims, data } = expected.get(name) as RefTensor
      expect(actual.dims).toEqual(dims)
      expect(largestError(actual.data, data)).toBeLessThanOrEqual(1e-5)
    }
  }, 20))

  test('has the gradients of ai.onnx', () => forAll((random) => {
    const { graph, feeds } = forwardGraph(make(random))
    const gradientsOf = (one: Graph) => {
      const gradient = differentiate(one, { objective: { output: 'y0', loss: 'mse' }, withRespectTo: ['x0', 'x1'] })
      const target = interpret(graph, feeds).get('y0') as RefTensor
      const results = interpret(gradient, new Map([...feeds, [gradient.target?.name ?? '', { ...target, data: target.data.map((y, i) => y + Math.cos(i)) }]]))
      return [...gradient.gradients.values()].map((name) => Array.from((results.get(name) as RefTensor).data))
    }
    expect(gradientsOf(ofMicrosoft(graph))).toEqual(gradientsOf(graph))
    return Promise.resolve()
  }, 5))

  test('says which of its settings have no gradient', () => forAll((random) => {
    const { graph } = forwardGraph(make(random))
    expect(() => differentiate(ofMicrosoft(graph, [['state_window', int(2)]]), { objective: { output: 'y0', loss: 'mse' }, withRespectTo: ['x0'] })).toThrow(/state_window is not 0/)
    return Promise.resolve()
  }, 1))
})
