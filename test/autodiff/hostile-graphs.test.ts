/** @file Graphs that are wrong: each is refused in one line that names node and value, before anything is differentiated. */
import { describe, expect, test } from 'vitest'
import { differentiate, objectiveGraph, obstacles } from '../../src/autodiff/index.js'
import { ProbityError } from '../../src/contracts/errors.js'
import { float, int, ints, string, type Graph } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { buildGraph, type GraphParts } from './build-graph.js'
import { runGraph } from './run-graph.js'

type Wrong = { readonly graph: Graph; readonly says: RegExp; readonly wrt?: readonly string[]; readonly output?: string }

const IMAGE = [2, 3, 8, 8]
const int64s = (...data: number[]) => ({ data, dims: [data.length], dtype: 'int64' as const })
/** x → the operators → y */
const graphOf = (ops: GraphParts['ops'], { dims = [2, 6], ...more }: Partial<GraphParts> & { dims?: readonly number[] } = {}): Graph => buildGraph({ inputs: { x: dims }, outputs: ['y'], ...more, ops })
const image = (ops: GraphParts['ops'], more: Partial<GraphParts> = {}): Graph => graphOf([...ops, ['ReduceMean', ['h', 'behind'], 'y', { keepdims: 0 }]], { dims: IMAGE, ...more, constants: { behind: int64s(1, 2, 3), w: { data: new Array<number>(81).fill(1), dims: [3, 3, 3, 3] }, ...more.constants } })
const refusing = (names: string, cases: Readonly<Record<string, Wrong>>) => ({ names, cases })

const groups = [
  refusing('names', {
    'a node that needs its own result': { graph: graphOf([['Add', ['x', 'b'], 'a'], ['Exp', ['a'], 'b'], ['Relu', ['b'], 'y']]), says: /Node "(Add to a|Exp to b)".*cycle/ },
    'a node that reads itself': { graph: graphOf([['Add', ['x', 'y'], 'y']]), says: /Node "Add to y" \(Add\).*cycle/ },
    'a value that nobody makes': { graph: graphOf([['Add', ['x', 'nowhere'], 'y']]), says: /Node "Add to y" \(Add\) reads "nowhere"/ },
    'a capture that nobody makes': { graph: graphOf([['If', ['c'], 'y', { then_branch: { type: 'graph', value: graphOf([['Exp', ['lost'], 'y']]) }, else_branch: { type: 'graph', value: graphOf([['Exp', ['x'], 'y']]) } }]], { constants: { c: { data: [1], dims: [], dtype: 'bool' } } }), says: /Node "Exp to y" \(Exp\) reads "lost"/ },
    'a value that two nodes make': { graph: graphOf([['Exp', ['x'], 'y'], ['Relu', ['x'], 'y']]), says: /"y", made by Node "Relu to y" \(Relu\), is defined twice/ },
    'a value twice among the outputs of a node': { graph: graphOf([['Split', ['x'], ['y', 'y'], { axis: 1 }]]), says: /"y", made by Node "Split to y" \(Split\), is defined twice/ },
    'an input and an initializer of one name': { graph: graphOf([['Exp', ['x'], 'y']], { constants: { x: { data: [1], dims: [1] } } }), says: /Initializer "x" is defined twice/ },
    'an output that nobody makes': { graph: graphOf([['Exp', ['x'], 'y']], { outputs: ['y', 'z'] }), says: /Output "z" is made by no node/ },
    'an input without a name': { graph: buildGraph({ inputs: { x: [2, 6], '': [2] }, ops: [['Exp', ['x'], 'y']], outputs: ['y'] }), says: /input has no name/i },
    'an empty name to differentiate by': { graph: graphOf([['Exp', ['x'], 'y']]), wrt: [''], says: /no value named ""/ },
    'an empty name as objective': { graph: graphOf([['Exp', ['x'], 'y']]), output: '', says: /no value named ""/ },
    'a name of no value': { graph: graphOf([['Exp', ['x'], 'y']]), wrt: ['q'], says: /no value named "q"/ },
    'a name that only a prototype has': { graph: graphOf([['Exp', ['x'], 'y']]), wrt: ['constructor'], says: /no value named "constructor"/ },
  }),
  refusing('numbers of inputs and outputs', {
    'too few inputs': { graph: graphOf([['Add', ['x'], 'y']]), says: /Node "Add to y" \(Add\) has 1 input, and takes 2/ },
    'none at all': { graph: graphOf([['Conv', [], 'y']]), says: /Node "Conv to y" \(Conv\) has 0 inputs, and takes 2 to 3/ },
    'too many inputs': { graph: graphOf([['Relu', ['x', 'x'], 'y']]), says: /Node "Relu to y" \(Relu\) has 2 inputs, and takes 1/ },
    'an absent input that must be there': { graph: graphOf([['Where', ['', 'x', 'x'], 'y']]), says: /Node "Where to y" \(Where\): its input 0 is absent/ },
    'no outputs': { graph: graphOf([['Unique', ['x'], []], ['Exp', ['x'], 'y']]), says: /\(Unique\) has 0 outputs, and gives 1 to 4/ },
    'too few outputs': { graph: graphOf([['TopK', ['x', 'k'], 'y']], { constants: { k: int64s(1) } }), says: /Node "TopK to y" \(TopK\) has 1 output, and gives 2/ },
    'too many outputs': { graph: graphOf([['Softmax', ['x'], ['y', 'z']]]), says: /Node "Softmax to y" \(Softmax\) has 2 outputs, and gives 1/ },
    'an operator of ONNX Runtime': { graph: graphOf([['FusedMatMul', ['x'], 'y', {}, 'com.microsoft']]), says: /\(FusedMatMul\) has 1 input, and takes 2/ },
    'an operator of scikit-learn': { graph: graphOf([['Scaler', ['x', 'x'], 'y', {}, 'ai.onnx.ml']]), says: /\(Scaler\) has 2 inputs, and takes 1/ },
    'inside a body': { graph: graphOf([['If', ['c'], 'y', { then_branch: { type: 'graph', value: { ...graphOf([['Mul', ['x'], 'y']]), inputs: [] } }, else_branch: { type: 'graph', value: { ...graphOf([['Exp', ['x'], 'y']]), inputs: [] } } }]], { constants: { c: { data: [1], dims: [], dtype: 'bool' } } }), says: /Node "Mul to y" \(Mul\) has 1 input, and takes 2/ },
    'If without branches': { graph: graphOf([['If', ['c'], 'y']], { constants: { c: { data: [1], dims: [], dtype: 'bool' } } }), says: /Node "If to y" \(If\): its attribute "else_branch" is missing/ },
  }),
  refusing('attributes', {
    'a missing one': { graph: graphOf([['Concat', ['x', 'x'], 'y']]), says: /Node "Concat to y" \(Concat\): its attribute "axis" is missing/ },
    'a list for a number': { graph: graphOf([['Softmax', ['x'], 'y', { axis: ints([1]) }]]), says: /Node "Softmax to y" \(Softmax\): its attribute "axis" is of type ints, and must be of type int/ },
    'a fraction for a number': { graph: graphOf([['Concat', ['x', 'x'], 'y', { axis: float(1) }]]), says: /its attribute "axis" is of type float, and must be of type int/ },
    'a number for a text': { graph: graphOf([['Gelu', ['x'], 'y', { approximate: int(1) }]], { opset: 20 }), says: /its attribute "approximate" is of type int, and must be of type string/ },
    'a text for a graph': { graph: graphOf([['Loop', ['', '', 'x'], 'y', { body: string('body') }]]), says: /its attribute "body" is of type string, and must be of type graph/ },
    'a yes or no that is neither': { graph: graphOf([['Gemm', ['x', 'x'], 'y', { transB: 8 }]]), says: /Node "Gemm to y" \(Gemm\): its attribute "transB" is 8, and must be 0 or 1/ },
    'an axis beyond the last': { graph: graphOf([['Softmax', ['x'], 'y', { axis: 2 }]]), says: /Node "Softmax to y" \(Softmax\): its attribute "axis" is 2, outside of -2 to 1/ },
    'an axis before the first': { graph: graphOf([['Concat', ['x', 'x'], 'y', { axis: -3 }]]), says: /its attribute "axis" is -3/ },
    'axes beyond the last': { graph: graphOf([['ReduceSum', ['x', 'axes'], 'y', { keepdims: 0 }]], { constants: { axes: int64s(5) } }), says: /Node "ReduceSum to y" \(ReduceSum\): its axis 5 lies outside the 2 axes of its input/ },
    'an axis twice': { graph: graphOf([['Unsqueeze', ['x', 'axes'], 'y']], { constants: { axes: int64s(0, -4) } }), says: /\(Unsqueeze\): its axes \[0, -4\] name one twice/ },
    'an order with an axis twice': { graph: graphOf([['Transpose', ['x'], 'y', { perm: [0, 0] }]]), says: /Node "Transpose to y" \(Transpose\): its attribute "perm" is \[0, 0\], which is no order of the 2 axes/ },
    'an order that is too short': { graph: graphOf([['Transpose', ['x'], 'y', { perm: [0] }]]), says: /"perm" is \[0\]/ },
    'a negative kernel': { graph: image([['MaxPool', ['x'], 'h', { kernel_shape: [-2, 2] }]]), says: /Node "MaxPool to h" \(MaxPool\): its attribute "kernel_shape" is \[-2, 2\]/ },
    'a kernel without one of its axes': { graph: image([['AveragePool', ['x'], 'h', { kernel_shape: [2] }]]), says: /"kernel_shape" has 1 numbers for the 2 axes/ },
    'steps of zero': { graph: image([['Conv', ['x', 'w'], 'h', { strides: [0, 1] }]]), says: /Node "Conv to h" \(Conv\): its attribute "strides" is \[0, 1\]/ },
    'pads on one side only': { graph: image([['Conv', ['x', 'w'], 'h', { pads: [1, 1] }]]), says: /"pads" has 2 numbers, and needs 4/ },
    'no group': { graph: image([['Conv', ['x', 'w'], 'h', { group: 0 }]]), says: /"group" is 0/ },
    'weights of another rank': { graph: image([['Conv', ['x', 'flat'], 'h']], { constants: { flat: { data: new Array<number>(27).fill(1), dims: [3, 9, 1] } } }), says: /Node "Conv to h" \(Conv\): its input has 4 axes and its weights have 3/ },
    'weights for other channels': { graph: image([['Conv', ['x', 'w'], 'h', { group: 3 }]]), says: /Node "Conv to h" \(Conv\): its input has 3 channels, and its weights are made for 9/ },
    'a linear model for rows of another width': { graph: graphOf([['LinearRegressor', ['x'], 'y', { coefficients: { type: 'floats', value: [1, 2] } }, 'ai.onnx.ml']]), says: /Node "LinearRegressor to y".*made for rows of 2 values, and "x" has 6/ },
    'a window over no axes': { graph: graphOf([['MaxPool', ['x'], 'y', { kernel_shape: [2] }]]), says: /its input has 2 axes/ },
    'a cast to no type': { graph: graphOf([['Cast', ['x'], 'y', { to: 99 }]]), says: /Node "Cast to y" \(Cast\).*99/ },
    'an equation that is none': { graph: graphOf([['Einsum', ['x', 'x'], 'y', { equation: 'ij,jk->i->k' }]]), says: /Node "Einsum to y" \(Einsum\).*ij,jk->i->k/ },
    'more pieces than elements': { graph: graphOf([['Split', ['x'], ['y', 'z'], { axis: 1, num_outputs: 3 }]]), says: /Node "Split to y" \(Split\).*num_outputs/ },
  }),
  refusing('types', {
    'integers added to floats': { graph: graphOf([['Add', ['x', 'n'], 'y']], { constants: { n: int64s(1) } }), says: /Node "Add to y" \(Add\): its inputs "x" and "n" hold float32 and int64/ },
    'floats of two widths': { graph: graphOf([['MatMul', ['x', 'w'], 'y']], { constants: { w: { data: [1, 2, 3, 4, 5, 6], dims: [6, 1], dtype: 'float64' } } }), says: /Node "MatMul to y" \(MatMul\): its inputs "x" and "w" hold float32 and float64/ },
    'a shape of floats': { graph: graphOf([['Reshape', ['x', 's'], 'y']], { constants: { s: { data: [12], dims: [1] } } }), says: /Node "Reshape to y" \(Reshape\): its input "s" holds float32, and must hold int64/ },
    'an integer to differentiate by': { graph: buildGraph({ inputs: { x: { dims: [2], dtype: 'int64' } }, ops: [['Cast', ['x'], 'y', { to: 1 }]], outputs: ['y'] }), says: /"x" holds int64 values, which have no gradient/ },
    'an objective of integers': { graph: graphOf([['ArgMax', ['x'], 'y', { axis: 1 }]]), says: /objective needs a float output; "y" is int64/ },
    'an initializer without enough elements': { graph: { ...graphOf([['Mul', ['x', 'w'], 'y']]), initializers: new Map([['w', { ...fromNumbers([1, 2], [2], 'float32'), dims: [6] }]]) }, says: /Initializer "w" has shape \[6\], which needs 6 stored values, and holds 2/ },
  }),
  refusing('operators', {
    'one behind a constant, together with one in the way': { graph: graphOf([['Floor', ['x'], 'f'], ['Frobnicate', ['x'], 'h'], ['Add', ['f', 'h'], 'y']]), says: /Node "Frobnicate to h" \(Frobnicate\)/ },
    'one that does not exist': { graph: graphOf([['Frobnicate', ['x'], 'y']]), says: /Node "Frobnicate to y" \(Frobnicate\): there is no gradient rule/ },
    'one of an unknown domain': { graph: graphOf([['Exp', ['x'], 'y', {}, 'com.example']]), says: /Node "Exp to y" \(com\.example:Exp\)/ },
    'one that only a prototype has': { graph: graphOf([['toString', ['x'], 'y'], ]), says: /Node "toString to y" \(toString\): there is no gradient rule/ },
    'a tree': { graph: graphOf([['TreeEnsembleRegressor', ['x'], 'y', {}, 'ai.onnx.ml']]), says: /Node "TreeEnsembleRegressor to y" \(ai\.onnx\.ml:TreeEnsembleRegressor\).*black-box/ },
  }),
]

describe.each(groups)('wrong $names', ({ cases }) => {
  test.each(Object.entries(cases))('%s', (_, { graph, says, wrt = ['x'], output = 'y' }) => {
    const options = { objective: { output }, withRespectTo: wrt }
    for (const memory of ['normal', 'low'] as const) {
      const error = caught(() => differentiate(graph, { ...options, memory }))
      expect(error).toBeInstanceOf(ProbityError)
      expect((error as ProbityError).message).toMatch(says)
      expect((error as ProbityError).message).not.toContain('\n')
    }
    const found = caught(() => obstacles(graph, options))
    expect(found instanceof ProbityError ? [found.message] : found).toEqual([expect.stringMatching(says)])
    const forward = caught(() => objectiveGraph(graph, { output }))
    expect(forward instanceof ProbityError || !(forward instanceof Error)).toBe(true)
  })
})

/** What a call throws, or what it gives. */
function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('unusual graphs that mean something', () => {
  const numbers = Array.from({ length: 12 }, (_, i) => i / 10 - 0.5)
  const x = { data: numbers, dims: [2, 6] }
  const gradientOf = async (graph: Graph, feeds: Parameters<typeof runGraph>[1], wrt = 'x', output = 'y') => {
    const made = differentiate(graph, { objective: { output, loss: 'mse' }, withRespectTo: [wrt] })
    return (await runGraph(made, { ...feeds, [made.target!.name]: { data: numbers.map(() => 0), dims: [2, 6] } }))[made.gradients.get(wrt)!].data
  }
  const close = (actual: readonly number[], truth: readonly number[]) => truth.forEach((value, i) => expect(Math.abs(actual[i] - value)).toBeLessThan(1e-5))

  test('nodes out of order', async () => {
    const graph = graphOf([['Mul', ['h', 'h'], 'y'], ['Exp', ['x'], 'h']])
    close(await gradientOf(graph, { x }), numbers.map((v) => (2 * Math.exp(2 * v) * 2 * Math.exp(2 * v)) / 6))
  })

  // ONNX Runtime's Node binding feeds required inputs only, so these run on the reference.
  test.each<{ what: string; graph: Graph; feed: RefTensor; truth: readonly number[] }>([
    { what: 'an exponent', graph: { ...graphOf([['Pow', ['x', 'r'], 'y']], { constants: { r: { data: [1], dims: [] } } }), overridable: ['r'] }, feed: refTensor([], [2]), truth: numbers.map((v) => (4 * v ** 3) / 6) },
    { what: 'columns', graph: { ...graphOf([['Gather', ['x', 'r'], 'y', { axis: 1 }]], { constants: { r: int64s(0, 1, 2, 3, 4, 5) } }), overridable: ['r'] }, feed: refTensor([6], [0, 0, 1, 1, 2, 2], 'int64'), truth: numbers.map((v, i) => (i % 6 < 3 ? (4 * v) / 6 : 0)) },
    { what: 'a bound', graph: { ...graphOf([['Clip', ['x', 'r'], 'y']], { constants: { r: { data: [-9], dims: [] } } }), overridable: ['r'] }, feed: refTensor([], [0.05]), truth: numbers.map((v) => (v < 0.05 ? 0 : (2 * v) / 6)) },
    { what: 'axes', graph: { ...graphOf([['ReduceSum', ['x', 'r'], 's', { keepdims: 1 }], ['Add', ['x', 's'], 'y']], { constants: { r: int64s(0) } }), overridable: ['r'] }, feed: refTensor([1], [1], 'int64'), truth: numbers.map((v, i) => { const sum = numbers.slice(i - (i % 6), i - (i % 6) + 6).reduce((a, b) => a + b); return (2 * (v + sum) + 2 * (sum + 6 * sum)) / 6 }) },
    { what: 'a shape', graph: { ...graphOf([['Reshape', ['x', 'r'], 'h'], ['Softmax', ['h'], 's', { axis: 1 }], ['Reshape', ['s', 'own'], 'y']], { constants: { r: int64s(1, 12), own: int64s(2, 6) } }), overridable: ['r'] }, feed: refTensor([2], [12, 1], 'int64'), truth: numbers.map(() => 0) },
  ])('$what that a feed may replace, never taken for a constant', ({ graph, feed, truth }) => {
    const made = differentiate(graph, { objective: { output: 'y', loss: 'mse' }, withRespectTo: ['x'] })
    const feeds = new Map([['x', refTensor(x.dims, numbers)], ['r', feed], [made.target!.name, refTensor(x.dims, numbers.map(() => 0))]])
    close(Array.from(interpret(made, feeds).get(made.gradients.get('x')!)!.data), truth)
  })

  test('an input that is also an output', async () => {
    close(await gradientOf(graphOf([], { outputs: ['x'] }), { x }, 'x', 'x'), numbers.map((v) => (2 * v) / 6))
  })

  test('an output that is an initializer', async () => {
    const w = { data: numbers, dims: [2, 6] }
    close(await gradientOf(graphOf([['Exp', ['x'], 'y']], { constants: { w }, outputs: ['y', 'w'] }), { x }, 'w', 'w'), numbers.map((v) => (2 * v) / 6))
    close(await gradientOf(graphOf([['Exp', ['x'], 'y']], { constants: { w }, outputs: ['y', 'w'] }), { x }, 'x', 'w'), numbers.map(() => 0))
  })

  test('with respect to the output itself, and to another output behind it', async () => {
    const graph = graphOf([['Exp', ['x'], 'y'], ['Exp', ['y'], 'z']], { outputs: ['y', 'z'] })
    close(await gradientOf(graph, { x }, 'y'), numbers.map((v) => (2 * Math.exp(v)) / 6))
    close(await gradientOf(graph, { x }, 'z'), numbers.map(() => 0))
  })

  test('the same value twice among those asked for', () => {
    expect(differentiate(graphOf([['Exp', ['x'], 'y']]), { objective: { output: 'y' }, withRespectTo: ['x', 'x'] }).gradients.size).toBe(1)
  })

  test('names that a prototype has', async () => {
    const graph = buildGraph({ inputs: { constructor: [2, 6] }, ops: [['Exp', ['constructor'], 'toString'], ['Mul', ['toString', 'toString'], '__proto__']], outputs: ['__proto__'] })
    close(await gradientOf(graph, { constructor: x }, 'constructor', '__proto__'), numbers.map((v) => (4 * Math.exp(4 * v)) / 6))
  })

  test('nodes without names', async () => {
    const graph = graphOf([['Exp', ['x'], 'y']])
    close(await gradientOf({ ...graph, nodes: graph.nodes.map((node) => ({ ...node, name: '' })) }, { x }), numbers.map((v) => (2 * Math.exp(2 * v)) / 6))
  })

  test('an optional input that is absent at the end', async () => {
    close(await gradientOf(graphOf([['Clip', ['x', '', ''], 'y']]), { x }), numbers.map((v) => (2 * v) / 6))
  })

  test('a label between the input and the objective', async () => {
    const graph = graphOf([
      ['LinearClassifier', ['x'], ['label', 'scores'], { classlabels_ints: [0, 1], coefficients: { type: 'floats', value: [1, 2, 3, 4, 5, 6] }, intercepts: { type: 'floats', value: [0.5] } }, 'ai.onnx.ml'],
      ['Cast', ['label'], 'chosen', { to: 1 }], ['Unsqueeze', ['chosen', 'columns'], 'column'], ['Gather', ['scores', 'columns'], 'second', { axis: 1 }], ['Mul', ['x', 'column'], 'own'], ['Add', ['own', 'second'], 'y'],
    ], { constants: { columns: int64s(1) } })
    const made = differentiate(graph, { objective: { output: 'y' }, withRespectTo: ['x'] })
    const { [made.gradients.get('x')!]: gradient } = await runGraph(made, { x, target: { data: [0, 3], dims: [2], dtype: 'int64' } })
    // Rows 0 and 1 are of classes 0 and 1: the second score, and once the element itself.
    close(gradient.data, [1, 2, 3, 4, 5, 6, 1, 2, 3, 5, 5, 6])
  })

  test('an operator without a gradient behind one that is constant is in nobody\'s way', () => {
    const graph = { ...graphOf([['Floor', ['x'], 'f'], ['TreeEnsembleRegressor', ['f'], 't', {}, 'ai.onnx.ml'], ['Add', ['x', 't'], 'y']]), valueInfo: new Map([['t', { name: 't', type: { kind: 'tensor', dtype: 'float32', dims: [2, 1] } as const }]]) }
    const options = { objective: { output: 'y', loss: 'mse' } as const, withRespectTo: ['x'] }
    expect(differentiate(graph, options).gradients.size).toBe(1)
    expect(obstacles(graph, options)).toEqual([])
  })
})
