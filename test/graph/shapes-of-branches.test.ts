/** @file What is known behind an If whose condition follows from sizes, and of integers that Split takes apart. */
import { expect, test } from 'vitest'
import { GraphBuilder, infoOf, inferShapes, type Graph, type ValueInfo } from '../../src/graph/index.js'

const float32 = (name: string, dims: readonly number[]): ValueInfo => ({ name, type: { kind: 'tensor', dtype: 'float32', dims } })
const empty: Graph = { name: 'g', inputs: [], overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]) }

/** Adds an axis to x, or leaves it. */
function branch(name: string, adds: boolean): Graph {
  const builder = new GraphBuilder(empty)
  const result = adds ? builder.add('Unsqueeze', ['x', builder.shape([0])], {}, name) : builder.add('Identity', ['x'], {}, name)
  return { ...builder.build(), name, outputs: [{ name: result, type: null }] }
}

/** if the number of axes of x is 2 then x of three axes else x */
function graphOf(dims: readonly number[], order: readonly string[]): Graph {
  const builder = new GraphBuilder({ ...empty, inputs: [float32('x', dims)] })
  const isMatrix = builder.add('Equal', [builder.add('Size', [builder.add('Shape', ['x'])]), builder.constant(2, 'int64')])
  const bodies = new Map(order.map((name) => [name, { type: 'graph', value: branch(name, name === 'then_branch') }] as const))
  builder.nodes.push({ name: 'choose', opType: 'If', domain: '', inputs: [isMatrix], outputs: ['y'], attributes: bodies })
  return { ...builder.build(), outputs: [{ name: 'y', type: null }] }
}

test.each([[['then_branch', 'else_branch']], [['else_branch', 'then_branch']]])('the branch that is taken, attributes in the order %j', (order) => {
  const dimsOf = (dims: readonly number[]) => infoOf(inferShapes(graphOf(dims, order)), 'y').type
  expect(dimsOf([4, 5])).toMatchObject({ dims: [1, 4, 5] })
  expect(dimsOf([4, 5, 6])).toMatchObject({ dims: [4, 5, 6] })
})

test('integers of the parts of a Split', () => {
  const builder = new GraphBuilder({ ...empty, inputs: [float32('x', [2, 3, 4])] })
  const [first, rest] = builder.addMany('Split', [builder.add('Shape', ['x']), builder.shape([1, 2])], 2, { axis: 0 })
  builder.nodes.push({ name: 'y', opType: 'Expand', domain: '', inputs: [builder.constant(0, 'float32'), rest], outputs: ['y'], attributes: new Map() }, { name: 'z', opType: 'Expand', domain: '', inputs: [builder.constant(0, 'float32'), first], outputs: ['z'], attributes: new Map() })
  const inferred = inferShapes({ ...builder.build(), outputs: ['y', 'z'].map((name) => ({ name, type: null })) })
  expect([infoOf(inferred, 'y').type, infoOf(inferred, 'z').type]).toMatchObject([{ dims: [3, 4] }, { dims: [2] }])
})
