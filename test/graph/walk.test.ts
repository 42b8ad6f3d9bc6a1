import { describe, expect, it } from 'vitest'
import { ancestorsOf, consumersOf, extract, freeVariables, infoOf, producersOf, prune, reaches, topologicalSort, type Graph, type Node } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'

const node = (name: string, inputs: string[], outputs: string[], body?: Graph): Node =>
  ({ name, opType: 'Op', domain: '', inputs, outputs, attributes: body ? new Map([['body', { type: 'graph', value: body }]]) : new Map() })
const graphOf = (fields: Partial<Graph>): Graph =>
  ({ name: '', inputs: [], overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]), ...fields })
const info = (name: string) => ({ name, type: null })
const weight = fromNumbers([1], [1], 'float32')
const names = (nodes: Iterable<Node>) => [...nodes].map(({ name }) => name)

/** x → a → b → y; b captures c's result and the weight w in a subgraph; z hangs off a; d reads an unused input. */
const body = graphOf({ nodes: [node('inner', ['c', 'w'], ['i'])], outputs: [info('i')] })
const graph = graphOf({
  inputs: [info('x'), info('unused')],
  outputs: [info('y'), info('z')],
  nodes: [node('a', ['x'], ['a']), node('c', ['x'], ['c', 'c2']), node('b', ['a', ''], ['y'], body), node('d', ['unused', 'v'], ['d']), node('e', ['a'], ['z'])],
  initializers: new Map([['w', weight], ['v', weight]]),
  overridable: ['v'],
})

describe('structure', () => {
  it('names what a subgraph captures', () => expect([...freeVariables(body)]).toEqual(['c', 'w']))
  it('finds makers and readers, captures included', () => {
    expect(producersOf(graph).get('c2')?.name).toBe('c')
    expect(names(consumersOf(graph).get('a') ?? [])).toEqual(['b', 'e'])
    expect(names(consumersOf(graph).get('c') ?? [])).toEqual(['b'])
  })
  it('tells what depends on a value and what it depends on', () => {
    expect([...reaches(graph, ['c'])]).toEqual(['c', 'y'])
    expect([...ancestorsOf(graph, ['y'])].sort()).toEqual(['a', 'c', 'w', 'x', 'y'])
  })
  it('sorts by need, captures included, and keeps a good order', () => {
    expect(names(topologicalSort([...graph.nodes].reverse(), new Set(['x', 'unused'])))).toEqual(['d', 'c', 'a', 'e', 'b'])
    expect(topologicalSort(graph.nodes, new Set(['x']))).toEqual(graph.nodes)
  })
  it('describes outputs, constants and the unknown', () => {
    expect(infoOf(graph, 'w')).toEqual({ name: 'w', type: { kind: 'tensor', dtype: 'float32', dims: [1] } })
    expect(infoOf(graph, 'c2')).toEqual({ name: 'c2', type: null })
    expect(() => infoOf(graph, 'ghost')).toThrow(/ghost/)
  })
})

describe('prune', () => {
  it('keeps what an output needs through a subgraph, and nothing else', () => {
    const pruned = prune(graph, ['y'])
    expect(names(pruned.nodes)).toEqual(['a', 'c', 'b'])
    expect(pruned.inputs.map(({ name }) => name)).toEqual(['x'])
    expect([...pruned.initializers.keys()]).toEqual(['w'])
    expect(pruned.overridable).toEqual([])
  })
  it('makes internal values outputs', () => expect(prune(graph, ['c2']).outputs).toEqual([info('c2')]))
  it('refuses unknown values', () => expect(() => prune(graph, ['ghost'])).toThrow(expect.objectContaining({ code: 'graph/unknown-value' })))
})

describe('extract', () => {
  it('feeds an internal value instead of making it, and keeps the inputs that are needed besides', () => {
    const part = extract(graph, ['a', 'w'], ['y'])
    expect(part.inputs.map(({ name }) => name)).toEqual(['a', 'w', 'x'])
    expect(names(part.nodes)).toEqual(['c', 'b'])
    expect(part.initializers.size).toBe(0)
  })
  it('keeps a node whose other output is needed, without the one that is fed', () => {
    const part = extract(graph, ['c'], ['c2'])
    expect(part.nodes[0].outputs).toEqual(['', 'c2'])
    expect(part.inputs.map(({ name }) => name)).toEqual(['x'])
  })
})
