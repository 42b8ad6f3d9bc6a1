import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import type { Graph } from '../../src/graph/index.js'
import { buildGraph, type Op } from './build-graph.js'
import { runGraph, type Values } from './run-graph.js'

const SIZE = 64
const ones: Values = { data: new Array<number>(SIZE).fill(1), dims: [SIZE] }
const bool = (value: number): Values => ({ data: [value], dims: [], dtype: 'bool' })
const scalar = (value: number): Values => ({ data: [value], dims: [] })

/** The objective y = Dropout(x) is 0 or 1 / (1 − ratio) for x = 1, and so is its gradient, if both have the same mask. */
async function valueAndGradient(graph: Graph, feeds: Readonly<Record<string, Values>>): Promise<{ y: number[]; dx: number[] }> {
  const gradient = differentiate(graph, { objective: { output: 'y' }, withRespectTo: ['x'] })
  const results = await runGraph(gradient, { x: ones, ...feeds })
  return { y: results[gradient.objectiveOutput].data, dx: results[gradient.gradients.get('x') ?? ''].data }
}

const graphOf = (op: Op, constants: Readonly<Record<string, Values>>, inputs: Parameters<typeof buildGraph>[0]['inputs'] = {}, opset = 18): Graph =>
  buildGraph({ inputs: { x: ['N'], ...inputs }, constants, ops: [op], outputs: ['y'], opset })

describe('Dropout in training mode', () => {
  const constants = { ratio: scalar(0.75), half: scalar(0.5), zero: scalar(0), on: bool(1), off: bool(0) }

  it.each<[string, Op, number]>([
    ['a ratio', ['Dropout', ['x', 'ratio', 'on'], 'y'], 4],
    ['no ratio', ['Dropout', ['x', '', 'on'], 'y'], 2],
    ['a seed', ['Dropout', ['x', 'half', 'on'], 'y', { seed: 7 }], 2],
    ['its mask in use', ['Dropout', ['x', 'half', 'on'], ['y', 'kept']], 2],
  ])('with %s: the gradient has the mask of the same run', async (_, op, scale) => {
    const { y, dx } = await valueAndGradient(graphOf(op, constants), {})
    expect(dx).toEqual(y)
    expect(new Set(y)).toEqual(new Set([0, scale]))
  })

  it('with a ratio of 0 keeps everything', async () => {
    const { y, dx } = await valueAndGradient(graphOf(['Dropout', ['x', 'zero', 'on'], 'y'], constants), {})
    expect([y, dx]).toEqual([ones.data, ones.data])
  })

  it('with ratio and mode that are fed: either mode', async () => {
    const graph = graphOf(['Dropout', ['x', 'p', 'training'], 'y'], {}, { p: [], training: { dims: [], dtype: 'bool' } })
    const dropped = await valueAndGradient(graph, { p: scalar(0.75), training: bool(1) })
    expect(dropped.dx).toEqual(dropped.y)
    expect(new Set(dropped.y)).toEqual(new Set([0, 4]))
    const kept = await valueAndGradient(graph, { p: scalar(0.75), training: bool(0) })
    expect([kept.y, kept.dx]).toEqual([ones.data, ones.data])
  })
})

describe('Dropout in inference', () => {
  it.each<[string, Op, number]>([
    ['without inputs', ['Dropout', ['x'], 'y'], 13],
    ['with the ratio of old opsets', ['Dropout', ['x'], 'y', { ratio: { type: 'float', value: 0.75 } }], 10],
    ['with a mode that is off', ['Dropout', ['x', 'ratio', 'off'], 'y'], 18],
  ])('%s passes everything on', async (_, op, opset) => {
    const graph = graphOf(op, opset === 18 ? { ratio: scalar(0.75), off: bool(0) } : {}, {}, opset)
    expect(await valueAndGradient(graph, {})).toEqual({ y: ones.data, dx: ones.data })
    expect(differentiate(graph, { objective: { output: 'y' }, withRespectTo: ['x'] }).nodes.every(({ outputs }) => outputs.length === 1)).toBe(true)
  })
})
