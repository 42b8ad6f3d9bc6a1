import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Dim } from '../../src/contracts/model.js'
import { infoOf, inferShapes, readModel, type Graph, type Node, type ValueInfo } from '../../src/graph/index.js'

/** Made by onnx.shape_inference, see fixtures/graph/make_shapes.py. */
type Truth = Record<string, { dtype: string; dims: Dim[] | null }>
const { cases, models } = JSON.parse(readFileSync(new URL('../fixtures/graph/shapes.json', import.meta.url), 'utf8')) as {
  cases: { name: string; model: string; expected: Truth }[]
  models: Record<string, Truth>
}
const file = (name: string) => readModel(readFileSync(new URL(`../fixtures/models/${name}`, import.meta.url)))
const dimsOf = (graph: Graph, name: string) => {
  const { type } = infoOf(graph, name)
  return type?.kind === 'tensor' ? type.dims : undefined
}

/** Whatever the reference knows must be known and equal. Symbols that it makes up (unk__0) are unknown sizes. */
function expectAgrees(graph: Graph, truth: Truth): void {
  for (const [name, { dtype, dims }] of Object.entries(truth)) {
    const { type } = infoOf(graph, name)
    expect(type, name).toMatchObject({ kind: 'tensor', dtype })
    if (type?.kind !== 'tensor' || dims === null) continue
    expect(type.dims, name).toHaveLength(dims.length)
    dims.forEach((dim, axis) => {
      if (dim !== null && !(typeof dim === 'string' && dim.startsWith('unk__'))) expect(type.dims?.[axis], `${name}, axis ${axis}`).toBe(dim)
    })
  }
}

describe('against onnx.shape_inference', () => {
  it.each(cases)('$name', ({ model, expected }) => expectAgrees(inferShapes(readModel(Buffer.from(model, 'base64')).graph), expected))
  it.each(Object.entries(models))('%s, with its stated types and without', (name, expected) => {
    const { graph } = file(name)
    expectAgrees(inferShapes(graph), expected)
    const bare = { ...graph, valueInfo: new Map(), outputs: graph.outputs.map(({ name }) => ({ name, type: null })) }
    const { outputs } = inferShapes(bare)
    graph.outputs.forEach(({ type }, i) => expect(outputs[i].type?.kind).toBe(type?.kind))
  })
})

describe('chains of integer values', () => {
  const outputOf = (name: string) => {
    const graph = inferShapes(readModel(Buffer.from(cases.find((one) => one.name === name)?.model ?? '', 'base64')).graph)
    return dimsOf(graph, 'y')
  }
  it('keeps the batch symbol through Shape, Gather, Concat and Reshape', () => expect(outputOf('view(batch, -1)')).toEqual(['N', 192]))
  it('keeps it through ConstantOfShape and Expand', () => expect(outputOf('expand to shape')).toEqual(['N', 5]))
  it('computes with sizes', () => expect(outputOf('shape arithmetic')).toEqual([11]))
})

describe('binding inputs', () => {
  it('replaces a symbol everywhere, also in stated types', () => {
    const { graph } = file('hmda-mlp.onnx')
    const bound = inferShapes(graph, { inputs: new Map([['x', [5, 11]]]) })
    expect(bound.outputs[0].type).toMatchObject({ dims: [5, 2] })
    for (const { type } of bound.valueInfo.values()) if (type?.kind === 'tensor') expect(type.dims?.every((dim) => typeof dim === 'number')).toBe(true)
  })
  it('does not believe stated sizes that follow from an overruled one', () => {
    const node: Node = { name: 'mystery', opType: 'Mystery', domain: 'x', inputs: ['x'], outputs: ['y'], attributes: new Map() }
    const info = (name: string): ValueInfo => ({ name, type: { kind: 'tensor', dtype: 'float32', dims: [1, 3] } })
    const graph: Graph = { name: '', inputs: [info('x')], overridable: [], outputs: [info('y')], nodes: [node], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]) }
    expect(dimsOf(inferShapes(graph), 'y')).toEqual([1, 3])
    expect(dimsOf(inferShapes(graph, { inputs: new Map([['x', [7, 3]]]) }), 'y')).toEqual([null, null])
  })
})

it('leaves the unknown unknown and survives senseless attributes', () => {
  const huge: Node = { name: 'huge', opType: 'ConstantOfShape', domain: '', inputs: ['shape'], outputs: ['y'], attributes: new Map() }
  const info: ValueInfo = { name: 'shape', type: { kind: 'tensor', dtype: 'int64', dims: [1e12] } }
  const graph: Graph = { name: '', inputs: [info], overridable: [], outputs: [{ name: 'y', type: null }], nodes: [huge], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]) }
  expect(inferShapes(graph).outputs[0].type).toEqual({ kind: 'tensor', dtype: 'float32', dims: null })
})
