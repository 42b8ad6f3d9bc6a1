import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differentiate, type GradientGraph, type ObjectiveSpec } from '../../src/autodiff/index.js'
import type { Dim } from '../../src/contracts/model.js'
import type { Graph } from '../../src/graph/index.js'
import { interpret, refTensor } from '../reference/index.js'
import { expectClose } from './expect-close.js'
import { runGraph, type Values } from './run-graph.js'

type Recorded = Pick<ObjectiveSpec, 'loss' | 'on'> & { readonly name: string; readonly output: Values; readonly target: Values | null; readonly objective: Values; readonly gradient: Values }
const { objectives } = JSON.parse(readFileSync(new URL('../fixtures/autodiff/graphs.json', import.meta.url), 'utf8')) as { objectives: Recorded[] }

/** A model that gives back its input. */
const identity = (dims: readonly Dim[], dtype: 'float32' | 'int64' = 'float32'): Graph => ({
  name: 'identity', overridable: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]),
  inputs: [{ name: 'x', type: { kind: 'tensor', dtype, dims } }],
  outputs: [{ name: 'z', type: { kind: 'tensor', dtype, dims } }],
  nodes: [{ name: 'identity', opType: 'Identity', domain: '', inputs: ['x'], outputs: ['z'], attributes: new Map() }],
})
const gradientAt = (dims: readonly Dim[], objective: Omit<ObjectiveSpec, 'output'>): GradientGraph => differentiate(identity(dims), { objective: { output: 'z', ...objective }, withRespectTo: ['x'] })
const feedsOf = (graph: GradientGraph, x: Values, target: Values | null): Record<string, Values> => ({ x, ...(graph.target && target ? { [graph.target.name]: target } : {}) })

describe.each(['known', 'unknown'] as const)('objectives against PyTorch, number of columns %s', (columns) => {
  const applicable = columns === 'known' ? objectives : objectives.filter(({ output, loss }) => output.dims.length > 1 && (loss !== undefined || output.dims[1] > 1))
  it.each(applicable.map((one) => [one.name, one] as const))('%s', async (_, { loss, on, output, target, objective, gradient }) => {
    const graph = gradientAt(output.dims.map((dim, axis) => (axis === 0 ? 'N' : columns === 'known' ? dim : null)), { loss, on })
    expect(graph.target?.dtype ?? null).toBe(target === null ? null : target.dtype ?? 'float32')
    const feeds = feedsOf(graph, output, target)
    const [gradientName, outputs] = [graph.gradients.get('x') ?? '', await runGraph(graph, feeds)]
    expect(outputs[graph.objectiveOutput].dims).toEqual(objective.dims)
    expectClose(outputs[graph.objectiveOutput].data, objective.data, 1e-5, 'objective')
    expectClose(outputs[gradientName].data, gradient.data, 1e-5, 'gradient')
    const exact = interpret(graph, new Map(Object.entries(feeds).map(([name, { dims, data, dtype }]) => [name, refTensor(dims, data, dtype ?? 'float32')])))
    expectClose(Array.from(exact.get(graph.objectiveOutput)?.data ?? []), objective.data, 1e-9, 'objective in float64')
    expectClose(Array.from(exact.get(gradientName)?.data ?? []), gradient.data, 1e-9, 'gradient in float64')
  })
})

describe('objectives at extremes', () => {
  it.each(['cross-entropy', 'log-odds', 'margin', 'dlr', 'binary-cross-entropy', 'mse'] as const)('%s of probabilities 0 and 1 is finite, and so is its gradient', async (loss) => {
    const graph = gradientAt(['N', 2], { loss, on: 'probabilities' })
    const target: Values = loss === 'binary-cross-entropy' || loss === 'mse' ? { data: [0, 1, 1, 0], dims: [2, 2] } : { data: [0, 1], dims: [2], dtype: 'int64' }
    const outputs = await runGraph(graph, feedsOf(graph, { data: [0, 1, 1, 0], dims: [2, 2] }, target))
    for (const { data } of Object.values(outputs)) expect(data.every(Number.isFinite)).toBe(true)
  })

  it('keeps cross-entropy accurate in float32 where the class is almost sure: softmax(z)[other] = 1e-9', async () => {
    const graph = gradientAt(['N', 2], { loss: 'log-odds' })
    const outputs = await runGraph(graph, feedsOf(graph, { data: [20.75, 0, -90, 90], dims: [2, 2] }, { data: [0, 0], dims: [2], dtype: 'int64' }))
    expect(outputs[graph.objectiveOutput].data).toEqual([20.75, -180])
    expect(outputs[graph.gradients.get('x') ?? ''].data).toEqual([1, -1, 1, -1])
  })

  it('takes σ(−z) in binary cross-entropy from its own end: t = 1 at z = 30 costs exp(−30), not 0', async () => {
    const graph = gradientAt(['N'], { loss: 'binary-cross-entropy' })
    const outputs = await runGraph(graph, feedsOf(graph, { data: [30], dims: [1] }, { data: [1], dims: [1] }))
    expect(outputs[graph.objectiveOutput].data[0] / Math.exp(-30)).toBeCloseTo(1, 4)
    expect(-outputs[graph.gradients.get('x') ?? ''].data[0] / Math.exp(-30)).toBeCloseTo(1, 4)
  })
})

describe('DLR', () => {
  const feeds = (graph: GradientGraph, logits: readonly number[]) => feedsOf(graph, { data: logits, dims: [1, logits.length] }, { data: [1], dims: [1], dtype: 'int64' })

  it('is the same for 1000·z + 7: scaling logits does not hide it', async () => {
    const graph = gradientAt(['N', 5], { loss: 'dlr' })
    const z = [0.5, -1.25, 2, 0.25, -3]
    const [plain, scaled] = [await runGraph(graph, feeds(graph, z)), await runGraph(graph, feeds(graph, z.map((value) => 1000 * value + 7)))]
    expectClose(scaled[graph.objectiveOutput].data, plain[graph.objectiveOutput].data, 1e-5, 'objective')
    expect(plain[graph.objectiveOutput].data[0]).toBeCloseTo(3.25 / 1.75, 6)
  })

  it('is finite where the three largest logits are equal, and so is its gradient', async () => {
    const graph = gradientAt(['N', null], { loss: 'dlr' })
    const outputs = await runGraph(graph, feeds(graph, [3, 3, 3, 1]))
    for (const { data } of Object.values(outputs)) expect(data.every(Number.isFinite)).toBe(true)
  })
})

describe('objectives that cannot be', () => {
  it.each<[string, () => unknown, string]>([
    ['an unknown output', () => differentiate(identity(['N', 2]), { objective: { output: 'nope' }, withRespectTo: ['x'] }), 'graph/unknown-value'],
    ['an output of labels', () => differentiate(identity(['N'], 'int64'), { objective: { output: 'z' }, withRespectTo: [] }), 'objective/output'],
    ['an output without rows', () => gradientAt([], {}), 'objective/output'],
    ['a class loss beyond two axes', () => gradientAt(['N', 3, 4], { loss: 'cross-entropy' }), 'objective/output'],
  ])('refuses %s', (_, make, code) => {
    expect(make).toThrowError(expect.objectContaining({ code }) as Error)
  })
})
