/** @file Gradients through If, Loop and Scan, against finite differences in float64 and ONNX Runtime. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import type { Graph, ValueInfo } from '../../src/graph/index.js'
import type { DType } from '../../src/contracts/tensor.js'
import type { Dim } from '../../src/contracts/model.js'
import { GraphBuilder, int } from '../../src/graph/builder.js'
import { TestGraph } from '../conformance/build-graph.js'
import { checkGradient, referenceGradients } from '../conformance/check-gradient.js'
import { refTensor, type RefTensor } from '../reference/index.js'
import { fromTensor } from '../reference/tensor.js'

const numbers = (dims: readonly number[], seed = 1): RefTensor => refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(Math.sin(seed * 7.3 + i * 1.7) * 0.9)))
const info = (name: string, dtype: DType | null = null, dims: readonly Dim[] | null = null): ValueInfo => ({ name, type: dtype === null ? null : { kind: 'tensor', dtype, dims } })

/** A body, written in its own builder; `write` gives the outputs. */
function body(outer: TestGraph, inputs: readonly ValueInfo[], write: (b: GraphBuilder) => readonly string[]): Graph {
  const builder = new GraphBuilder({ name: 'body', inputs, overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: outer.base.opsets }, outer.names)
  for (const name of write(builder)) builder.output(info(name))
  return builder.build()
}

const branch = (outer: TestGraph, write: (b: GraphBuilder) => readonly string[]) => ({ type: 'graph' as const, value: body(outer, [], write) })
const loopBody = (outer: TestGraph, carried: readonly ValueInfo[], write: (b: GraphBuilder) => readonly string[]) =>
  ({ type: 'graph' as const, value: body(outer, [info('turn', 'int64', []), info('go', 'bool', []), ...carried], write) })

const flat = (g: TestGraph, ...names: readonly string[]): string => {
  const parts = names.map((name) => g.add('Reshape', [name, g.shape([-1])]))
  return parts.length === 1 ? parts[0] : g.add('Concat', parts, { axis: 0 })
}

describe.each(['static', 'symbolic'] as const)('If, %s shapes', (shapes) => {
  test.each([[1], [0]])('branches that use different values, condition %i', async (condition) => {
    const g = new TestGraph(shapes)
    const [x, w] = [g.feed('x', numbers([2, 3])), g.feed('w', numbers([3], 2))]
    const c = g.feed('c', refTensor([], [condition], 'bool'))
    const y = g.add('If', [c], {
      then_branch: branch(g, (b) => [b.add('Tanh', [b.add('Mul', [x, w])])]),
      else_branch: branch(g, (b) => [b.add('Exp', [x])]),
    })
    const { graph, feeds } = g.finish(flat(g, y))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test.each([[1], [0]])('constants and captured values as they are, condition %i', async (condition) => {
    const g = new TestGraph(shapes)
    const x = g.feed('x', numbers([3]))
    const c = g.feed('c', refTensor([], [condition], 'bool'))
    const [y, z] = g.addMany('If', [c], 2, {
      then_branch: branch(g, (b) => [b.add('Identity', [x]), b.constant([1, 2], 'float32')]),
      else_branch: branch(g, (b) => [b.constant([1, 2], 'float32'), b.add('Mul', [x, x])]),
    })
    const { graph, feeds } = g.finish(flat(g, y, z))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test.each([[1, 1], [1, 0], [0, 1]])('an If in an If, conditions %i and %i', async (outer, inner) => {
    const g = new TestGraph(shapes)
    const [x, w] = [g.feed('x', numbers([3])), g.feed('w', numbers([3], 4))]
    const [c, d] = [g.feed('c', refTensor([], [outer], 'bool')), g.feed('d', refTensor([], [inner], 'bool'))]
    const y = g.add('If', [c], {
      then_branch: branch(g, (b) => {
        const square = b.add('Mul', [x, x])
        return [b.add('If', [d], { then_branch: branch(g, (i) => [i.add('Mul', [square, w])]), else_branch: branch(g, (i) => [i.add('Sin', [square])]) })]
      }),
      else_branch: branch(g, (b) => [b.add('Neg', [w])]),
    })
    const { graph, feeds } = g.finish(flat(g, y))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })
})

describe.each(['static', 'symbolic'] as const)('Loop, %s shapes', (shapes) => {
  /** h ← tanh(h·W + xₜ), as a loop over the first axis of x. */
  const recurrence = (g: TestGraph, turns: string, { cond = '', stop }: { cond?: string; stop?: (b: GraphBuilder, h: string) => string } = {}) => {
    const [x, w, h] = [g.feed('x', numbers([4, 2, 3])), g.feed('w', numbers([3, 3], 2)), g.feed('h', numbers([2, 3], 3))]
    return g.addMany('Loop', [turns, cond, h], 2, {
      body: loopBody(g, [info('before', 'float32', null)], (b) => {
        const next = b.add('Tanh', [b.add('Add', [b.add('MatMul', ['before', w]), b.add('Gather', [x, 'turn'])])])
        return [stop?.(b, next) ?? b.add('Identity', ['go']), next, b.add('Mul', [next, next])]
      }),
    })
  }

  test.each([[4], [1], [0], [2]])('%i turns', async (turns) => {
    const g = new TestGraph(shapes)
    const [last, all] = recurrence(g, g.feed('n', refTensor([], [turns], 'int64')))
    const { graph, feeds } = g.finish(flat(g, last, g.add('ReduceSum', [all])))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test('a constant number of turns', async () => {
    const g = new TestGraph(shapes)
    const [last, all] = recurrence(g, g.constant(4, 'int64'))
    const { graph, feeds } = g.finish(flat(g, last, all))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test('ends early by its condition', async () => {
    const g = new TestGraph(shapes)
    const [last] = recurrence(g, g.constant(4, 'int64'), { cond: g.constant(1, 'bool', []), stop: (b, h) => b.add('Less', [b.add('ReduceMax', [h], { keepdims: 0 }), b.constant(0.5, 'float32')]) })
    const { graph, feeds } = g.finish(flat(g, last))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test('without a trip count, with integers carried along', async () => {
    const g = new TestGraph(shapes)
    const x = g.feed('x', numbers([3]))
    const [, y] = g.addMany('Loop', ['', g.constant(1, 'bool', []), g.constant(5, 'int64'), x], 2, {
      body: loopBody(g, [info('left', 'int64', []), info('value', 'float32', null)], (b) => {
        const left = b.add('Sub', ['left', b.constant(1, 'int64')])
        const next = b.add('Sin', [b.add('Mul', ['value', b.add('Cast', ['left'], { to: 1 })])])
        return [b.add('Greater', [left, b.constant(2, 'int64')]), left, next]
      }),
    })
    const { graph, feeds } = g.finish(flat(g, y))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test('values whose shape changes from turn to turn', async () => {
    const g = new TestGraph(shapes)
    const [x, w] = [g.feed('x', numbers([2])), g.feed('w', numbers([1], 5))]
    const y = g.add('Loop', [g.feed('n', refTensor([], [3], 'int64')), '', x], {
      body: loopBody(g, [info('value', 'float32', null)], (b) => [b.add('Identity', ['go']), b.add('Concat', [b.add('Mul', ['value', w]), b.add('Sin', ['value'])], { axis: 0 })]),
    })
    const { graph, feeds } = g.finish(g.add('Mul', [y, y]))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test('an If in the Loop, and a Loop in the Loop', async () => {
    const g = new TestGraph(shapes)
    const [x, w] = [g.feed('x', numbers([3])), g.feed('w', numbers([3], 5))]
    const y = g.add('Loop', [g.constant(3, 'int64'), '', x], {
      body: loopBody(g, [info('value', 'float32', null)], (b) => {
        const odd = b.add('Equal', [b.add('Mod', ['turn', b.constant(2, 'int64')]), b.constant(1, 'int64')])
        const chosen = b.add('If', [odd], { then_branch: branch(g, (i) => [i.add('Mul', ['value', w])]), else_branch: branch(g, (i) => [i.add('Sin', ['value'])]) })
        const inner = b.add('Loop', [b.constant(2, 'int64'), '', chosen], {
          body: { type: 'graph', value: body(g, [info('turn2', 'int64', []), info('go2', 'bool', []), info('v2', 'float32', null)], (i) => [i.add('Identity', ['go2']), i.add('Add', [i.add('Tanh', ['v2']), w])]) },
        })
        return [b.add('Identity', ['go']), inner]
      }),
    })
    const { graph, feeds } = g.finish(flat(g, y))
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })
})

void expect; void differentiate; void referenceGradients; void int; void fromTensor
