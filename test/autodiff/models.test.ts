import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differentiate, objectiveGraph, type GradientGraph, type ObjectiveSpec } from '../../src/autodiff/index.js'
import { interpret, refTensor } from '../reference/index.js'
import { expectClose } from './expect-close.js'
import { readGraph, runGraph, type Values } from './run-graph.js'

type Recorded = { readonly x: Values; readonly y: readonly number[]; readonly objective: Values; readonly gradients: Readonly<Record<string, Values>> }
type Second = { readonly columns?: readonly number[]; readonly objective: Values; readonly gradients: Readonly<Record<string, Values>> }
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8'))
const recorded = read('autodiff/graphs.json') as Readonly<Record<string, Recorded>>
const second = recorded as unknown as Readonly<Record<string, Second>>
const expected = read('models/expected.json') as { 'hmda-mlp': { cross_entropy_input_gradient: number[][] } }

const classes = (data: readonly number[]): Values => ({ data, dims: [data.length], dtype: 'int64' })
const inFloat64 = (graph: GradientGraph, feeds: Readonly<Record<string, Values>>) =>
  interpret(graph, new Map(Object.entries(feeds).map(([name, { dims, data, dtype }]) => [name, refTensor(dims, data, dtype ?? 'float32')])))

/** ONNX Runtime in float32 within 1e-5, the interpreter in float64 within 1e-9. */
async function check(graph: GradientGraph, feeds: Readonly<Record<string, Values>>, truth: Second): Promise<void> {
  const outputs = await runGraph(graph, feeds)
  const exact = inFloat64(graph, feeds)
  for (const [what, { dims, data }] of [['objective', truth.objective] as const, ...Object.entries(truth.gradients)]) {
    const name = what === 'objective' ? graph.objectiveOutput : graph.gradients.get(what) ?? ''
    expect(outputs[name].dims, what).toEqual(dims)
    expectClose(outputs[name].data, data, 1e-5, what)
    expectClose(Array.from(exact.get(name)?.data ?? []), data, 1e-9, `${what} in float64`)
  }
}

const CASES: readonly [string, string, string, ObjectiveSpec][] = [
  ['hmda-mlp cross-entropy', 'hmda-mlp.onnx', 'x', { output: 'logits', loss: 'cross-entropy' }],
  ['hmda-mlp element', 'hmda-mlp.onnx', 'x', { output: 'logits' }],
  ['digits-cnn cross-entropy', 'digits-cnn.onnx', 'image', { output: 'logits', loss: 'cross-entropy' }],
]

describe('whole models against PyTorch', () => {
  it.each(CASES)('%s: at the input, inside, and at the weights', async (name, file, input, objective) => {
    const { x, y, objective: value, gradients } = recorded[name]
    const graph = differentiate(readGraph(file), { objective, withRespectTo: Object.keys(gradients) })
    await check(graph, { [input]: x, target: classes(y) }, { objective: value, gradients })
  })

  it('gives the stored input gradient of the mortgage network', async () => {
    const { x, y } = recorded['hmda-mlp cross-entropy']
    const graph = differentiate(readGraph('hmda-mlp.onnx'), { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: ['x'] })
    const outputs = await runGraph(graph, { x, target: classes(y) })
    expectClose(outputs[graph.gradients.get('x') ?? ''].data, expected['hmda-mlp'].cross_entropy_input_gradient.flat(), 1e-5)
  })

  it('evaluates the objective without gradients', async () => {
    const { x, y, objective } = recorded['digits-cnn cross-entropy']
    const graph = objectiveGraph(readGraph('digits-cnn.onnx'), { output: 'logits', loss: 'cross-entropy' })
    expect(graph.outputs.map(({ name }) => name)).toEqual([graph.objectiveOutput])
    expectClose((await runGraph(graph, { image: x, target: classes(y) }))[graph.objectiveOutput].data, objective.data, 1e-5)
  })

  it('differentiates a gradient again: one input gradient per row of the mortgage network', async () => {
    const { x, y } = recorded['hmda-mlp cross-entropy']
    const truth = second['hmda-mlp second']
    const once = differentiate(readGraph('hmda-mlp.onnx'), { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: ['x'] })
    const twice = differentiate(once, { objective: { output: once.gradients.get('x') ?? '' }, withRespectTo: Object.keys(truth.gradients) })
    await check(twice, { x, target: classes(y), [twice.target?.name ?? '']: classes(truth.columns ?? []) }, truth)
  })

  it('differentiates a gradient again: through convolutions and pooling', async () => {
    const { x, y } = recorded['digits-cnn cross-entropy']
    const truth = second['digits-cnn second']
    const once = differentiate(readGraph('digits-cnn.onnx'), { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: ['image'] })
    const twice = differentiate(once, { objective: { output: once.gradients.get('image') ?? '' }, withRespectTo: Object.keys(truth.gradients) })
    await check(twice, { image: x, target: classes(y), [twice.target?.name ?? '']: classes(y.map(() => 0)) }, truth)
  })
})
