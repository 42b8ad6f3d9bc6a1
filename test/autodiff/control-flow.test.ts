/** @file Gradients through If, Loop and Scan, against finite differences in float64 and ONNX Runtime. */
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import type { Graph, ValueInfo } from '../../src/graph/index.js'
import type { DType } from '../../src/contracts/tensor.js'
import type { Dim } from '../../src/contracts/model.js'
import { GraphBuilder } from '../../src/graph/builder.js'
import { TestGraph } from '../conformance/build-graph.js'
import { checkGradient } from '../conformance/check-gradient.js'
import type { GraphAndFeeds } from '../conformance/operator-case.js'
import { refTensor, type RefTensor } from '../reference/index.js'

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

  test.each([
    ['stacked in front', { axis: 0, new_axis: 1 }], ['stacked behind', { axis: -1, new_axis: 1 }], ['joined in front', { axis: 0 }], ['joined behind', { axis: -1 }],
  ])('a list that grows by a tensor each turn, %s', async (_, attributes) => {
    const g = new TestGraph(shapes)
    const [h, w] = [g.feed('h', numbers([2, 3], 3)), g.feed('w', numbers([], 2))]
    const [, list] = g.addMany('Loop', [g.feed('n', refTensor([], [3], 'int64')), '', h, g.add('SequenceEmpty', [], { dtype: 1 })], 2, {
      body: loopBody(g, [info('before', 'float32'), info('list')], (b) => {
        const next = b.add('Tanh', [b.add('Mul', ['before', w])])
        return [b.add('Identity', ['go']), next, b.add('SequenceInsert', ['list', next])]
      }),
    })
    const last = g.add('SequenceAt', [list, g.constant(-1, 'int64')])
    const joined = g.add('ConcatFromSequence', [list], attributes)
    const { graph, feeds } = g.finish(flat(g, g.add('Mul', [joined, joined]), last))
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

describe.each(['static', 'symbolic'] as const)('Scan, %s shapes', (shapes) => {
  /** Two states, two scanned inputs and outputs, along `axes` and in `directions`. */
  const scan = (axes: readonly number[], directions: readonly number[], outputAxes: readonly number[], outputDirections: readonly number[]): GraphAndFeeds => {
    const g = new TestGraph(shapes)
    const along = (axis: number): number[] => [[4, 2, 3], [2, 4, 3], [2, 3, 4]][axis < 0 ? axis + 3 : axis]
    const [h, s] = [g.feed('h', numbers([2, 3], 3)), g.feed('s', numbers([1], 4))]
    const [x, z, w] = [g.feed('x', numbers(along(axes[0]))), g.feed('z', numbers(along(axes[1]), 2)), g.feed('w', numbers([3, 3], 5))]
    const results = g.addMany('Scan', [h, s, x, z], 4, {
      num_scan_inputs: 2, scan_input_axes: axes, scan_input_directions: directions, scan_output_axes: outputAxes, scan_output_directions: outputDirections,
      body: { type: 'graph', value: body(g, ['h1', 's1', 'x1', 'z1'].map((name) => info(name)), (b) => {
        const next = b.add('Tanh', [b.add('Add', [b.add('MatMul', ['h1', w]), b.add('Mul', ['x1', 'z1'])])])
        return [next, b.add('Mul', ['s1', b.constant([0.5], 'float32')]), b.add('Mul', [next, 's1']), b.add('Sin', ['z1'])]
      }) },
    })
    return g.finish(flat(g, ...results))
  }

  test.each([
    [[0, 0], [0, 0], [0, 0], [0, 0]],
    [[1, -1], [0, 1], [2, -2], [1, 0]],
    [[-3, 1], [1, 1], [1, 0], [1, 1]],
  ])('axes %j, directions %j, output axes %j, output directions %j', async (axes, directions, outputAxes, outputDirections) => {
    const { graph, feeds } = scan(axes, directions, outputAxes, outputDirections)
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })
})

describe('second derivatives', () => {
  /** The first gradient of `of`, as a graph of its own with one output, weighted so that no symmetry hides anything. */
  const gradientGraph = ({ graph, feeds }: GraphAndFeeds, of: string): GraphAndFeeds => {
    const first = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: [of] })
    const builder = new GraphBuilder({ ...first, outputs: [] })
    const gradient = builder.add('Reshape', [first.gradients.get(of) ?? '', builder.shape([-1])])
    builder.output(info(builder.add('Mul', [gradient, builder.add('Sin', [gradient])])))
    return { graph: builder.build(), feeds }
  }

  test('of an If', async () => {
    const g = new TestGraph('static')
    const [x, w] = [g.feed('x', numbers([3])), g.feed('w', numbers([3], 2))]
    const y = g.add('If', [g.feed('c', refTensor([], [1], 'bool'))], { then_branch: branch(g, (b) => [b.add('Tanh', [b.add('Mul', [x, w])])]), else_branch: branch(g, (b) => [b.add('Exp', [x])]) })
    const { graph, feeds } = gradientGraph(g.finish(flat(g, y)), 'x')
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test.each([[3], [1]])('of a Loop of %i turns', async (turns) => {
    const g = new TestGraph('static')
    const [x, w, h] = [g.feed('x', numbers([3, 2])), g.feed('w', numbers([2, 2], 2)), g.feed('h', numbers([1, 2], 3))]
    const [last, all] = g.addMany('Loop', [g.feed('n', refTensor([], [turns], 'int64')), '', h], 2, {
      body: loopBody(g, [info('before', 'float32', null)], (b) => {
        const next = b.add('Tanh', [b.add('Add', [b.add('MatMul', ['before', w]), b.add('Gather', [x, 'turn'])])])
        return [b.add('Identity', ['go']), next, b.add('Mul', [next, next])]
      }),
    })
    const { graph, feeds } = gradientGraph(g.finish(flat(g, last, g.add('ReduceSum', [all]))), 'x')
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })

  test.each(['LSTM', 'GRU', 'RNN'])('of %s', async (op) => {
    const g = new TestGraph('static')
    const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op] ?? 0
    const [x, w, r] = [g.feed('x', numbers([3, 1, 2])), g.feed('w', numbers([1, 2 * gates, 2], 2)), g.feed('r', numbers([1, 2 * gates, 2], 3))]
    const y = g.add(op, [x, w, r], { hidden_size: 2 })
    const { graph, feeds } = gradientGraph(g.finish(flat(g, y)), 'x')
    await checkGradient(graph, feeds, graph.outputs[0].name)
  })
})

describe('what cannot be differentiated says so', () => {
  const wanted = (g: TestGraph, y: string) => () => differentiate(g.finish(flat(g, y)).graph, { objective: { output: g.outputs[0].name }, withRespectTo: ['x'] })

  test('a body that reads what does not exist', () => {
    const g = new TestGraph('static')
    const x = g.feed('x', numbers([3]))
    const y = g.add('If', [g.constant(1, 'bool', [])], { then_branch: branch(g, (b) => [b.add('Mul', [x, 'nowhere'])]), else_branch: branch(g, (b) => [b.add('Exp', [x])]) }, 'choice')
    expect(wanted(g, y)).toThrow(/Node "probity\/Mul" \(Mul\) reads "nowhere", which is no input/)
  })

  test('a body without enough outputs', () => {
    const g = new TestGraph('static')
    const x = g.feed('x', numbers([3]))
    const [y] = g.addMany('Loop', [g.constant(2, 'int64'), '', x], 2, { body: loopBody(g, [info('before', 'float32')], (b) => [b.add('Identity', ['go']), b.add('Sin', ['before'])]) }, 'turns')
    expect(wanted(g, y)).toThrow(/Node "probity\/turns" \(Loop\) wants 3 outputs of its body "body", which has 2/)
  })

  test('a body with inputs that nothing gives', () => {
    const g = new TestGraph('static')
    const x = g.feed('x', numbers([3]))
    const y = g.add('Loop', [g.constant(2, 'int64'), '', x], { body: loopBody(g, [info('before', 'float32'), info('other', 'float32')], (b) => [b.add('Identity', ['go']), b.add('Sin', ['before'])]) }, 'turns')
    expect(wanted(g, y)).toThrow(/runs a body "body" of 4 inputs \("turn", "go", "before", "other"\), but gives it 3/)
  })

  test('random values in a body', () => {
    const g = new TestGraph('static')
    const x = g.feed('x', numbers([3]))
    const y = g.add('Loop', [g.constant(2, 'int64'), '', x], { body: loopBody(g, [info('before', 'float32')], (b) => [b.add('Identity', ['go']), b.add('Mul', ['before', b.add('RandomNormalLike', ['before'])])]) })
    expect(wanted(g, y)).toThrow(/random value .* cannot make again/)
  })

  test('an operator without a gradient in a body', () => {
    const g = new TestGraph('static')
    const x = g.feed('x', numbers([3]))
    const y = g.add('If', [g.constant(1, 'bool', [])], {
      then_branch: branch(g, (b) => {
        const made = b.add('Unheard', [x])
        b.valueInfo.set(made, info(made, 'float32', [3]))
        return [made]
      }),
      else_branch: branch(g, (b) => [b.add('Exp', [x])]),
    })
    expect(wanted(g, y)).toThrow(/\(Unheard\): there is no gradient rule/)
  })
})
