import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differentiate, type GradientGraph } from '../../src/autodiff/index.js'
import type { DType } from '../../src/contracts/tensor.js'
import { float, GraphBuilder, type Attributes } from '../../src/graph/builder.js'
import { type Graph } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'
import { interpret, refTensor } from '../reference/index.js'
import { expectClose } from './expect-close.js'
import { runGraph, type Values } from './run-graph.js'

type Case = {
  readonly name: string
  readonly op: string
  readonly attributes?: Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>
  readonly opset?: number
  /** Inputs whose sizes stay known where others are unknown. */
  readonly fixed?: readonly number[]
  readonly inputs: readonly (Values | null)[]
  readonly dy: Values
  readonly gradients: Readonly<Record<string, Values>>
}
const cases = JSON.parse(readFileSync(new URL('../fixtures/autodiff/rules.json', import.meta.url), 'utf8')) as Case[]

/** How much of the inputs is known when the gradient is written. */
type Knowledge = 'sizes' | 'ranks' | 'nothing' | 'constants'

/** Operators whose gradient is written for a known number of axes. */
const NEED_RANK = new Set(['MatMul', 'Conv', 'ConvTranspose', 'BatchNormalization'])

const dtypeOf = ({ dtype = 'float32' }: Values): DType => dtype
const attributesOf = ({ attributes = {} }: Case): Attributes =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typeof value === 'object' && 'float' in value ? float(value.float) : value]))

const empty = (opset: number): Graph => ({ name: 'case', inputs: [], overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', opset]]) })

/** s = Σ y·dY as [1], so that the gradient of s is the one of y along dY. With `constants`, only the first input and dY are fed. */
function graphOf(test: Case, knowledge: Knowledge): Graph {
  const builder = new GraphBuilder(empty(test.opset ?? 18))
  const feed = (name: string, value: Values, known: boolean) => {
    const dims = known ? value.dims : knowledge === 'nothing' ? null : value.dims.map(() => null)
    builder.input({ name, type: { kind: 'tensor', dtype: dtypeOf(value), dims } })
  }
  test.inputs.forEach((value, i) => {
    if (value === null) return
    const integers = value.dtype !== undefined
    if ((knowledge === 'constants' && i > 0) || (integers && knowledge === 'sizes')) builder.initializers.set(`in${i}`, fromNumbers(value.data, value.dims, dtypeOf(value)))
    else feed(`in${i}`, value, knowledge === 'sizes' || knowledge === 'constants' || (test.fixed?.includes(i) ?? false))
  })
  feed('dy', test.dy, knowledge === 'sizes')
  const y = builder.add(test.op, test.inputs.map((value, i) => (value === null ? '' : `in${i}`)), attributesOf(test))
  const product = builder.add('Mul', [test.op === 'Cast' ? builder.add('Cast', [y], { to: 1 }) : y, 'dy'])
  const s = builder.add('Reshape', [builder.add('ReduceSum', [product], { keepdims: 0 }), builder.shape([1])])
  return { ...builder.build(), outputs: [{ name: s, type: { kind: 'tensor', dtype: 'float32', dims: [1] } }] }
}

function gradientsOf(test: Case, knowledge: Knowledge): { graph: GradientGraph; feeds: Record<string, Values>; wanted: string[] } {
  const graph = graphOf(test, knowledge)
  const wanted = Object.keys(test.gradients).filter((i) => knowledge !== 'constants' || i === '0')
  const feeds: Record<string, Values> = { dy: test.dy }
  for (const { name } of graph.inputs) if (name !== 'dy') feeds[name] = test.inputs[Number(name.slice(2))] ?? test.dy
  return { graph: differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: wanted.map((i) => `in${i}`) }), feeds, wanted }
}

function check(test: Case, { graph, wanted }: ReturnType<typeof gradientsOf>, outputs: (name: string) => { data: ArrayLike<number>; dims: readonly number[] }, tolerance: number): void {
  for (const i of wanted) {
    const { data, dims } = outputs(graph.gradients.get(`in${i}`) ?? '')
    expect(dims, `shape of the gradient of input ${i}`).toEqual(test.gradients[i].dims)
    expectClose(Array.from(data), test.gradients[i].data, tolerance, `gradient of input ${i}`)
  }
}

describe.each(['sizes', 'ranks', 'nothing', 'constants'] as const)('every rule against PyTorch, knowing %s', (knowledge) => {
  const applicable = cases.filter(({ op, inputs }) => !(knowledge === 'nothing' && NEED_RANK.has(op)) && !(knowledge === 'constants' && inputs.length < 2))
  it.each(applicable.map((test) => [test.name, test] as const))('%s', async (_, test) => {
    const made = gradientsOf(test, knowledge)
    const outputs = await runGraph(made.graph, made.feeds)
    check(test, made, (name) => outputs[name], 1e-5)
    const exact = interpret(made.graph, new Map(Object.entries(made.feeds).map(([name, value]) => [name, refTensor(value.dims, value.data, dtypeOf(value))])))
    check(test, made, (name) => exact.get(name) ?? expect.fail(`no ${name}`), 1e-9)
  })
})
