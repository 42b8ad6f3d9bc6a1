import { describe, expect, it } from 'vitest'
import { differentiate, type GradientGraph } from '../../src/autodiff/index.js'
import type { Attribute, Graph } from '../../src/graph/index.js'
import { buildGraph, type GraphParts, type Op } from './build-graph.js'
import { expectClose } from './expect-close.js'
import { readGraph, runGraph, type Values } from './run-graph.js'

/** Gradients of `output`, one value per row, by name. */
async function gradientsOf(graph: Graph, output: string, feeds: Readonly<Record<string, Values>>, withRespectTo = Object.keys(feeds)): Promise<Record<string, { data: number[]; dims: readonly number[] }>> {
  const gradient = differentiate(graph, { objective: { output }, withRespectTo })
  const outputs = await runGraph(gradient, feeds)
  return Object.fromEntries(withRespectTo.map((name) => [name, outputs[gradient.gradients.get(name) ?? '']]))
}
const vector = (...data: number[]): Values => ({ data, dims: [data.length] })
/** One function of x, row by row. */
const perRow = (ops: readonly Op[], constants: GraphParts['constants'] = {}): Graph => buildGraph({ inputs: { x: ['N'] }, constants, ops, outputs: ['y'] })
const scalar = (value: number): { data: number[]; dims: number[] } => ({ data: [value], dims: [] })

describe('what is differentiated', () => {
  it('adds up the gradients of a value that is read several times', async () => {
    const graph = perRow([['Mul', ['x', 'x'], 'a'], ['Exp', ['x'], 'b'], ['Sum', ['a', 'b', 'x', 'x'], 'y']])
    const { x } = await gradientsOf(graph, 'y', { x: vector(0, 1, -2) })
    expectClose(x.data, [3, 4 + Math.E, -2 + Math.exp(-2)], 1e-6)
  })

  it('gives zeros of its shape for a value that the objective does not depend on', async () => {
    const graph = buildGraph({ inputs: { x: ['N'], z: ['N', 'M'] }, ops: [['Relu', ['x'], 'y'], ['Exp', ['z'], 'other']], outputs: ['y', 'other'] })
    const { z, other } = await gradientsOf(graph, 'y', { x: vector(1, 2), z: { data: [1, 2, 3, 4, 5, 6], dims: [2, 3] } }, ['z', 'other'])
    for (const { data, dims } of [z, other]) expect({ data, dims }).toEqual({ data: [0, 0, 0, 0, 0, 0], dims: [2, 3] })
  })

  it('stops at operators that are constant in their inputs', async () => {
    const graph = perRow([['Floor', ['x'], 'f'], ['Shape', ['x'], 's'], ['Cast', ['s'], 't', { to: 1 }], ['Mul', ['f', 'x'], 'a'], ['Mul', ['a', 't'], 'y']])
    const { x } = await gradientsOf(graph, 'y', { x: vector(1.5, -0.5) })
    expect(x.data).toEqual([2, -2])
  })

  it('is total at an internal value and at what lies behind it', async () => {
    const graph = perRow([['Mul', ['x', 'x'], 'a'], ['Mul', ['a', 'x'], 'y']])
    const { x, a, y } = await gradientsOf(graph, 'y', { x: vector(2, 3) }, ['x', 'a', 'y', 'x'])
    expect([x.data, a.data, y.data]).toEqual([[12, 27], [2, 3], [1, 1]])
  })

  it('gives softmax − one-hot at the logits', async () => {
    const graph = differentiate(readGraph('hmda-mlp.onnx'), { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: ['logits'] })
    const outputs = await runGraph(graph, { x: { data: new Array<number>(11).fill(0.5), dims: [1, 11] }, target: { data: [1], dims: [1], dtype: 'int64' } })
    const [first, second] = outputs[graph.gradients.get('logits') ?? ''].data
    const objective = outputs[graph.objectiveOutput].data[0]
    expectClose([first, second], [1 - Math.exp(-objective), Math.exp(-objective) - 1], 1e-6)
  })

  it('leaves alone what does not reach the requested values, and cuts what nothing needs', () => {
    const graph = buildGraph({
      inputs: { x: ['N'], u: ['N'] },
      constants: { flat: { data: [-1], dims: [1], dtype: 'int64' } },
      ops: [['Unheard', ['u'], 'v', {}, 'some.domain'], ['Mul', ['x', 'v'], 'product'], ['Reshape', ['product', 'flat'], 'y'], ['Unheard', ['x'], 'w', {}, 'some.domain']],
      outputs: ['y', 'w'],
    })
    const { nodes, inputs } = differentiate(graph, { objective: { output: 'y' }, withRespectTo: ['x'] })
    expect(nodes.filter(({ opType }) => opType === 'Unheard').map(({ outputs }) => outputs)).toEqual([['v']])
    expect(inputs.map(({ name }) => name)).toEqual(['x', 'u'])
  })

  it.each(['hmda-mlp.onnx', 'digits-cnn.onnx'])('writes only ai.onnx nodes that something reads: %s', (file) => {
    const model = readGraph(file)
    const graph = differentiate(model, { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: [model.inputs[0].name] })
    const read = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ name }) => name)])
    for (const { domain, outputs } of graph.nodes) {
      expect(domain).toBe('')
      expect(outputs.some((name) => read.has(name))).toBe(true)
    }
  })

  it('keeps apart from names that the model uses', async () => {
    const graph = buildGraph({ inputs: { target: ['N', 3] }, ops: [['Exp', ['target'], 'probity/Mul'], ['Softmax', ['probity/Mul'], 'objective']], outputs: ['objective'] })
    const gradient = differentiate(graph, { objective: { output: 'objective', loss: 'cross-entropy', on: 'probabilities' }, withRespectTo: ['target'] })
    expect(gradient.target).toEqual({ name: 'target_1', dtype: 'int64' })
    const outputs = await runGraph(gradient, { target: { data: [0, 0, 0], dims: [1, 3] }, target_1: { data: [2], dims: [1], dtype: 'int64' } })
    expectClose(outputs[gradient.gradients.get('target') ?? ''].data, [1 / 3, 1 / 3, -2 / 3], 1e-6)
  })

  it('works in float64 throughout', async () => {
    const graph = buildGraph({ inputs: { x: { dims: ['N'], dtype: 'float64' } }, ops: [['Sqrt', ['x'], 'a'], ['Relu', ['a'], 'b'], ['Clip', ['b'], 'c'], ['Tanh', ['c'], 'y']], outputs: ['y'] })
    const { x } = await gradientsOf(graph, 'y', { x: { data: [0.3], dims: [1], dtype: 'float64' } })
    expectClose(x.data, [(1 - Math.tanh(Math.sqrt(0.3)) ** 2) / (2 * Math.sqrt(0.3))], 1e-14)
  })

  it('reads graphs of old opsets', async () => {
    const graph = buildGraph({ inputs: { x: ['N', 2] }, ops: [['ReduceMax', ['x'], 'a', { axes: [1], keepdims: 0 }], ['Unsqueeze', ['a'], 'b', { axes: [1] }], ['Clip', ['b'], 'y', { min: -1, max: 9 }]], outputs: ['y'], opset: 11 })
    const clip = graph.nodes[2]
    const attributes = new Map<string, Attribute>([['min', { type: 'float', value: -1 }], ['max', { type: 'float', value: 9 }]])
    const { x } = await gradientsOf({ ...graph, opsets: new Map([['', 10]]), nodes: [...graph.nodes.slice(0, 2), { ...clip, attributes }] }, 'y', { x: { data: [1, 2, 3, 3, 10, 0], dims: [3, 2] } })
    expect(x.data).toEqual([0, 1, 0.5, 0.5, 0, 0])
  })

  it('differentiates parts of a split of which one is not read, and a cast to the type of another value', async () => {
    const graph = buildGraph({
      inputs: { x: ['N', 6], like: { dims: ['N'], dtype: 'float64' } },
      ops: [['Split', ['x'], ['a', 'unread', 'b'], { axis: 1, num_outputs: 3 }], ['Mul', ['a', 'b'], 'c'], ['CastLike', ['c', 'like'], 'd'], ['ReduceSum', ['d', 'axes'], 'y', { keepdims: 0 }]],
      constants: { axes: { data: [1], dims: [1], dtype: 'int64' } },
      outputs: ['y'],
    })
    const { x, like } = await gradientsOf(graph, 'y', { x: { data: [1, 2, 3, 4, 5, 6], dims: [1, 6] }, like: { data: [0], dims: [1], dtype: 'float64' } })
    expect([x.data, like.data]).toEqual([[5, 6, 0, 0, 1, 2], [0]])
  })
})

describe('no NaN where the gradient is finite', () => {
  /** y = op(x) where x > 0, else 0, at x = 0: the branch not taken has an infinite slope. */
  const guarded = (ops: readonly Op[], constants: GraphParts['constants'] = {}): Graph =>
    perRow([['Greater', ['x', 'zero'], 'positive'], ...ops, ['Where', ['positive', 'r', 'zero'], 'y']], { zero: scalar(0), ...constants })
  const half = { p: scalar(0.5), minus: scalar(-1), one: scalar(1) }
  it.each<[string, readonly Op[], number]>([
    ['Sqrt', [['Sqrt', ['x'], 'r']], 0.25],
    ['Log', [['Log', ['x'], 'r']], 0.25],
    ['Reciprocal', [['Reciprocal', ['x'], 'r']], -1 / 16],
    ['Div', [['Div', ['one', 'x'], 'r']], -1 / 16],
    ['Div of x by itself squared', [['Mul', ['x', 'x'], 's'], ['Div', ['x', 's'], 'r']], -1 / 16],
    ['Pow 0.5', [['Pow', ['x', 'p'], 'r']], 0.25],
    ['Pow −1', [['Pow', ['x', 'minus'], 'r']], -1 / 16],
  ])('%s behind Where', async (_, ops, slopeAt4) => {
    const { x } = await gradientsOf(guarded(ops, half), 'y', { x: vector(0, 4, -1) })
    expectClose(x.data, [0, slopeAt4, 0], 1e-6)
  })

  it('Exp that overflows behind Where', async () => {
    const graph = perRow([['Less', ['x', 'one'], 'small'], ['Exp', ['x'], 'e'], ['Where', ['small', 'e', 'one'], 'y']], half)
    expect((await gradientsOf(graph, 'y', { x: vector(0, 1000) })).x.data).toEqual([1, 0])
  })

  it('an infinite gradient on the other side of Where and Relu stays there', async () => {
    const graph = perRow([['Greater', ['x', 'zero'], 'positive'], ['Where', ['positive', 'zero', 'x'], 'a'], ['Sqrt', ['a'], 'y']], { zero: scalar(0) })
    expect((await gradientsOf(graph, 'y', { x: vector(1) })).x.data).toEqual([0])
  })

  it('Sqrt at 0 has an infinite slope, and says so', async () => {
    expect((await gradientsOf(perRow([['Sqrt', ['x'], 'y']]), 'y', { x: vector(0) })).x.data).toEqual([Infinity])
  })

  it('the exponent of Pow at bases 0 and below gets 0', async () => {
    const graph = buildGraph({ inputs: { x: ['N'], p: ['N'] }, ops: [['Pow', ['x', 'p'], 'y']], outputs: ['y'] })
    const { x, p } = await gradientsOf(graph, 'y', { x: vector(0, 0, -2, 2), p: vector(1, 2, 2, 2) })
    expectClose(x.data, [1, 0, -4, 4], 1e-6)
    expectClose(p.data, [0, 0, 0, 4 * Math.log(2)], 1e-6)
  })
})

describe('what cannot be differentiated', () => {
  const unheard: Graph = { ...perRow([['Relu', ['x'], 'a'], ['Unheard', ['a'], 'y', {}, 'some.domain']]), outputs: [{ name: 'y', type: { kind: 'tensor', dtype: 'float32', dims: ['N'] } }] }
  const relu = perRow([['Relu', ['x'], 'y']])
  const run = (graph: Graph, withRespectTo: readonly string[], output = 'y') => (): GradientGraph => differentiate(graph, { objective: { output }, withRespectTo })
  it.each<[string, () => unknown, string, RegExp]>([
    ['an operator without a rule', run(unheard, ['x']), 'graph/no-gradient', /"Unheard to y" \(some\.domain:Unheard\).*black-box/],
    ['tree ensembles', run(readGraph('hmda-forest.onnx'), ['X'], 'probabilities'), 'graph/no-gradient', /ai\.onnx\.ml:TreeEnsembleClassifier.*black-box/],
    ['an unknown value', run(relu, ['nope']), 'graph/unknown-value', /"nope"/],
    ['integers', run(buildGraph({ inputs: { x: ['N'], i: { dims: ['N'], dtype: 'int64' } }, ops: [['Relu', ['x'], 'y']], outputs: ['y'] }), ['i']), 'graph/not-differentiable', /int64/],
  ])('%s is refused by name', (_, make, code, message) => {
    expect(make).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error)
  })

  it('a matrix product of values whose number of axes nobody knows is refused', () => {
    const graph = buildGraph({ inputs: { x: [], w: [] }, constants: { flat: { data: [-1], dims: [1], dtype: 'int64' } }, ops: [['MatMul', ['x', 'w'], 'a'], ['Reshape', ['a', 'flat'], 'y']], outputs: ['y'] })
    const open: Graph = { ...graph, inputs: graph.inputs.map(({ name }) => ({ name, type: { kind: 'tensor', dtype: 'float32', dims: null } })) }
    expect(run(open, ['x'])).toThrowError(expect.objectContaining({ code: 'graph/unknown-shape' }) as Error)
  })
})
