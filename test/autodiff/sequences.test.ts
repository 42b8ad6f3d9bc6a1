/** @file Sequences and optionals: gradients against finite differences in the interpreter, and refusals where only running tells. */
import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { toAttributes, type Graph } from '../../src/graph/index.js'
import { TestGraph } from '../conformance/build-graph.js'
import { checkGradient } from '../conformance/check-gradient.js'
import type { Shapes } from '../conformance/operator-case.js'
import { refTensor } from '../reference/index.js'

type Build = (g: TestGraph, x: string, y: string) => string

const square = (g: TestGraph, x: string) => g.add('Mul', [x, x])
/** element → element · (element + captured) */
const body = (captured: string): Graph => ({
  name: 'body', overridable: [], sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]),
  inputs: [{ name: 'element', type: { kind: 'tensor', dtype: 'float32', dims: null } }, { name: 'other', type: { kind: 'tensor', dtype: 'float32', dims: null } }],
  outputs: [{ name: 'result', type: { kind: 'tensor', dtype: 'float32', dims: null } }],
  initializers: new Map([['half', { dtype: 'float32', dims: [], data: Float32Array.of(0.5) }]]),
  nodes: [
    { name: 'a', opType: 'Add', domain: '', inputs: ['element', captured], outputs: ['sum'], attributes: new Map() },
    { name: 'b', opType: 'Mul', domain: '', inputs: ['sum', 'other'], outputs: ['product'], attributes: new Map() },
    { name: 'c', opType: 'Mul', domain: '', inputs: ['product', 'half'], outputs: ['result'], attributes: new Map() },
  ],
})

const CASES: Readonly<Record<string, Build>> = {
  'construct, at': (g, x, y) => g.add('Mul', [g.add('SequenceAt', [g.add('SequenceConstruct', [square(g, x), y]), g.constant(0, 'int64')]), g.add('SequenceAt', [g.add('SequenceConstruct', [x, y]), g.constant(-1, 'int64')])]),
  'construct, concat': (g, x, y) => square(g, g.add('ConcatFromSequence', [g.add('SequenceConstruct', [x, y, x])], { axis: 1 })),
  'construct, stack': (g, x, y) => square(g, g.add('ConcatFromSequence', [g.add('SequenceConstruct', [x, y])], { axis: -1, new_axis: 1 })),
  'insert and erase': (g, x, y) => {
    const [empty] = [g.fresh('empty')]
    g.nodes.push({ name: 'empty', opType: 'SequenceEmpty', domain: '', inputs: [], outputs: [empty], attributes: toAttributes({ dtype: 1 }) })
    const one = g.add('SequenceInsert', [empty, x])
    const two = g.add('SequenceInsert', [one, y, g.constant(0, 'int64')])
    const three = g.add('SequenceInsert', [two, square(g, x), g.constant(-1, 'int64')])
    return square(g, g.add('ConcatFromSequence', [g.add('SequenceErase', [three, g.constant(0, 'int64')])], { axis: 0 }))
  },
  'split in ones, at': (g, x) => square(g, g.add('SequenceAt', [g.add('SplitToSequence', [x], { axis: 1, keepdims: 0 }), g.constant(1, 'int64')])),
  'split by a size, concat': (g, x, y) => square(g, g.add('ConcatFromSequence', [g.add('SequenceInsert', [g.add('SplitToSequence', [x, g.constant(2, 'int64')], { axis: 1 }), y])], { axis: 1 })),
  'split by sizes, at': (g, x) => square(g, g.add('SequenceAt', [g.add('SplitToSequence', [x, g.shape([1, 2])], { axis: -1 }), g.constant(-1, 'int64')])),
  'length': (g, x, y) => g.add('Mul', [x, g.add('Cast', [g.add('SequenceLength', [g.add('SequenceConstruct', [x, y])])], { to: 1 })]),
  'map': (g, x, y) => square(g, g.add('ConcatFromSequence', [g.add('SequenceMap', [g.add('SequenceConstruct', [x, square(g, y)]), y], { body: { type: 'graph', value: body(x) } })], { axis: 0 })),
  'map over two': (g, x, y) => g.add('SequenceAt', [g.add('SequenceMap', [g.add('SequenceConstruct', [x, y]), g.add('SequenceConstruct', [y, y])], { body: { type: 'graph', value: body(x) } }), g.constant(1, 'int64')]),
  'optional of a tensor': (g, x) => square(g, g.add('OptionalGetElement', [g.add('Optional', [square(g, x)])])),
  'optional of a sequence': (g, x, y) => square(g, g.add('SequenceAt', [g.add('OptionalGetElement', [g.add('Optional', [g.add('SequenceConstruct', [x, y])])]), g.constant(1, 'int64')])),
  'get of what is no optional': (g, x) => square(g, g.add('OptionalGetElement', [x])),
  'whether there is an element': (g, x) => g.add('Mul', [x, g.add('Cast', [g.add('OptionalHasElement', [g.add('Optional', [x])])], { to: 1 })]),
}
/** These must know how many parts an axis gives. */
const NEED_SIZES = ['split in ones, at', 'split by a size, concat']

function graphOf(build: Build, shapes: Shapes) {
  const g = new TestGraph(shapes)
  const x = g.feed('x', refTensor([2, 3], [0.5, -1, 2, 1.5, 0.3, -0.7]), shapes === 'static' ? undefined : ['N', 'M'])
  const y = g.feed('y', refTensor([2, 3], [1, 2, -0.5, 0.25, -2, 1.2]), shapes === 'static' ? undefined : ['N', 'M'])
  return g.finishAs(g.add('Reshape', [build(g, x, y), g.shape([-1])], {}, 'objective'), 'float32', ['elements'])
}

describe.each<Shapes>(['static', 'symbolic'])('%s shapes', (shapes) => {
  it.each(Object.entries(CASES).filter(([name]) => shapes === 'static' || !NEED_SIZES.includes(name)))('%s', async (_, build) => {
    const { graph, feeds } = graphOf(build, shapes)
    await checkGradient(graph, feeds, graph.outputs[0].name, ['x', 'y'])
  })
})

describe('only running tells', () => {
  const refuses = (graph: Graph) => expect(() => differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: ['x'] }))
    .toThrow(expect.objectContaining({ code: 'graph/no-gradient', message: expect.stringContaining('shows only when the graph runs') }))

  it.each(NEED_SIZES)('%s, of an axis without a known size', (name) => refuses(graphOf(CASES[name], 'symbolic').graph))

  it('a position that is fed', () => {
    refuses(graphOf((g, x, y) => g.add('SequenceAt', [g.add('SequenceConstruct', [x, y]), g.feed('position', refTensor([], [1], 'int64'))]), 'static').graph)
  })
})
