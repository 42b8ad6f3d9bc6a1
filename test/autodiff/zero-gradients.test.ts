/** @file Where nothing comes in: branches that Where cut off, whose own slopes are infinite or NaN, and gradients that happen to be 0, whose derivative is not. */
import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { buildGraph, type Op } from './build-graph.js'
import { expectClose } from './expect-close.js'
import { runGraph } from './run-graph.js'

/** y = op(x) where `taken`, else 0. */
const branch = (op: string) => buildGraph({
  inputs: { x: ['N'], taken: { dims: ['N'], dtype: 'bool' } },
  constants: { zero: { data: [0], dims: [] } },
  ops: [[op, ['x'], 'r'], ['Where', ['taken', 'r', 'zero'], 'y']],
  outputs: ['y'],
})

describe('a branch that is not taken gives 0', () => {
  it.each<[op: string, outside: readonly number[], inside: number, slope: number]>([
    ['Sqrt', [0, -1], 4, 0.25],
    ['Log', [0, -1], 4, 0.25],
    ['Reciprocal', [0], 4, -1 / 16],
    ['Asin', [1, -1, 2], 0.6, 1.25],
    ['Acos', [1, -1, 2], 0.6, -1.25],
    ['Acosh', [1, 0, -1], 1.25, 4 / 3],
    ['Atanh', [1, -1, 2], 0.5, 4 / 3],
    ['Exp', [1000], 0, 1],
    ['Sinh', [1000, -1000], 0, 1],
    ['Cosh', [1000, -1000], 0, 0],
  ])('%s at %j', async (op, outside, inside, slope) => {
    const gradient = differentiate(branch(op), { objective: { output: 'y' }, withRespectTo: ['x'] })
    const [x, taken] = [[...outside, inside], [...outside.map(() => 0), 1]]
    const results = await runGraph(gradient, { x: { data: x, dims: [x.length] }, taken: { data: taken, dims: [x.length], dtype: 'bool' } })
    expectClose(results[gradient.gradients.get('x') ?? ''].data, [...outside.map(() => 0), slope], 1e-5)
  })
})

describe('the second derivative where the first is 0', () => {
  const constants = { one: { data: [1], dims: [] }, two: { data: [2], dims: [] } }

  /** f = (op(x) − its value)², whose second derivative at the minimum is 2·slope². */
  it.each<[name: string, ops: readonly Op[], at: number, expected: number]>([
    ['(exp x − 1)²', [['Exp', ['x'], 'a'], ['Sub', ['a', 'one'], 'b']], 0, 2],
    ['(log x)²', [['Log', ['x'], 'b']], 1, 2],
    ['(√x − 2)²', [['Sqrt', ['x'], 'a'], ['Sub', ['a', 'two'], 'b']], 4, 1 / 8],
    ['(1 / x − 1)²', [['Reciprocal', ['x'], 'a'], ['Sub', ['a', 'one'], 'b']], 1, 2],
    ['(x / 2)²', [['Div', ['x', 'two'], 'b']], 0, 0.5],
    ['sinh² x', [['Sinh', ['x'], 'b']], 0, 2],
    ['asin² x', [['Asin', ['x'], 'b']], 0, 2],
    ['atanh² x', [['Atanh', ['x'], 'b']], 0, 2],
  ])('%s', (_, ops, at, expected) => {
    const graph = buildGraph({ inputs: { x: ['N'] }, constants, ops: [...ops, ['Mul', ['b', 'b'], 'y']], outputs: ['y'] })
    const first = differentiate(graph, { objective: { output: 'y' }, withRespectTo: ['x'] })
    const second = differentiate(first, { objective: { output: first.gradients.get('x') ?? '' }, withRespectTo: ['x'] })
    const feeds = new Map([['x', refTensor([1], [at])]])
    expect((interpret(first, feeds).get(first.gradients.get('x') ?? '') as RefTensor).data[0]).toBeCloseTo(0, 12)
    expect((interpret(second, feeds).get(second.gradients.get('x') ?? '') as RefTensor).data[0]).toBeCloseTo(expected, 9)
  })
})
