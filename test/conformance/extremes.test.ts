/**
 * @file First and second derivatives against PyTorch: at ordinary places, far out, at kinks and at poles. Where PyTorch's answer is NaN, or
 * wrong, the case says in `why` what was chosen instead.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differentiate, type GradientGraph } from '../../src/autodiff/index.js'
import type { Attributes } from '../../src/graph/builder.js'
import { float, GraphBuilder, type Graph } from '../../src/graph/index.js'
import type { DType } from '../../src/contracts/tensor.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { fed, fixed, forwardGraph, withObjective, type GraphAndFeeds, type Shapes } from './operator-case.js'

type Stored = { dims: number[]; data: (number | string)[]; dtype?: DType }
type Extreme = {
  name: string
  op: string
  opset: number
  attributes: Record<string, number | string | { float: number }>
  inputs: Stored[]
  constants: Stored[]
  output: Stored
  upstream: Stored
  gradients: Stored[]
  why?: string
  weights?: Stored[]
  second?: Stored[]
}

const { cases } = JSON.parse(readFileSync(new URL('../fixtures/conformance/extremes.json', import.meta.url), 'utf8')) as { cases: Extreme[] }

const restore = ({ dims, data, dtype }: Stored): RefTensor => refTensor(dims, data.map(Number), dtype)
const attributesOf = ({ attributes }: Extreme): Attributes => Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, typeof value === 'object' ? float(value.float) : value]))

/** The case with its gradient dY fed as w0, and everything it is fed. */
function graphOf(one: Extreme, shapes: Shapes): GraphAndFeeds & { readonly forward: GraphAndFeeds } {
  const inputs = [...one.inputs.map((stored) => fed(restore(stored))), ...one.constants.map((stored) => fixed(restore(stored)))]
  const forward = forwardGraph({ op: one.op, opset: one.opset, attributes: attributesOf(one), inputs }, shapes)
  return { forward, ...withObjective(forward, () => restore(one.upstream), shapes) }
}

const gradientsOf = (one: Extreme, graph: Graph): GradientGraph => differentiate(graph, { objective: { output: 'objective' }, withRespectTo: one.inputs.map((_, i) => `x${i}`) })

/** Its objective is every gradient of the inputs times its weight: the gradient of that is the second derivative. */
function secondGraphOf(one: Extreme, graph: Graph, shapes: Shapes): GradientGraph {
  const first = gradientsOf(one, graph)
  const builder = new GraphBuilder(first)
  const parts = one.inputs.map((stored, i) => {
    const dims = shapes === 'static' ? stored.dims : stored.dims.map((_, axis) => `x${i}_${axis}`)
    builder.input({ name: `v${i}`, type: { kind: 'tensor', dtype: 'float32', dims } })
    return builder.add('Reshape', [builder.add('Mul', [first.gradients.get(`x${i}`) as string, `v${i}`]), builder.shape([-1])])
  })
  builder.nodes.push({ name: 'second', opType: 'Concat', domain: '', inputs: parts, outputs: ['second'], attributes: new Map([['axis', { type: 'int', value: 0n }]]) })
  return differentiate({ ...builder.build(), outputs: [{ name: 'second', type: null }] }, { objective: { output: 'second' }, withRespectTo: one.inputs.map((_, i) => `x${i}`) })
}

async function expectGradients(graph: GradientGraph, feeds: ReadonlyMap<string, RefTensor>, expected: readonly Stored[]): Promise<void> {
  const [inFloat64, inFloat32] = [interpret(graph, feeds), await runOnnxRuntime(graph, feeds)]
  expected.forEach((stored, i) => {
    const name = graph.gradients.get(`x${i}`) as string
    expect(largestError((inFloat64.get(name) as RefTensor).data, restore(stored).data), `x${i} in float64`).toBeLessThan(1e-6)
    expect(largestError((inFloat32.get(name) as RefTensor).data, restore(stored).data), `x${i} on ONNX Runtime`).toBeLessThan(1e-4)
  })
}

describe.each<Shapes>(['static', 'symbolic'])('gradients as in PyTorch, %s shapes', (shapes) => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { forward, graph, feeds } = graphOf(one, shapes)
    expect(largestError((interpret(forward.graph, forward.feeds).get('y0') as RefTensor).data, restore(one.output).data)).toBeLessThan(1e-6)
    await expectGradients(gradientsOf(one, graph), feeds, one.gradients)
  })

  test.each(cases.filter(({ second }) => second).map((one) => [one.name, one] as const))('second derivative of %s', async (_, one) => {
    const { graph, feeds } = graphOf(one, shapes)
    const weights = (one.weights ?? []).map((stored, i) => [`v${i}`, restore(stored)] as const)
    await expectGradients(secondGraphOf(one, graph, shapes), new Map([...feeds, ...weights]), one.second ?? [])
  })
})
