/** @file The operators of com.microsoft: their lowered graphs against ONNX Runtime's own kernels, and gradients against finite differences of those. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { lower } from '../../src/autodiff/lower.js'
import { ruleFor } from '../../src/autodiff/rules/index.js'
import { REFUSED_MICROSOFT_OPS } from '../../src/autodiff/rules/refused.js'
import type { DType } from '../../src/contracts/tensor.js'
import type { Dim } from '../../src/contracts/model.js'
import { float, int, ints, string, type Attribute, type Graph } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, toTensor, type RefTensor } from '../reference/index.js'
import { checkGradient, floatInputs, referenceGradients, runtimeGradients } from './check-gradient.js'
import { forAll } from './properties.js'
import { gradientsAsObjective } from './second-derivative.js'
import { withObjective, type GraphAndFeeds, type Shapes } from './operator-case.js'

type StoredTensor = { dims: number[]; dtype: DType; data: number[] }
type StoredAttribute = { type: 'float' | 'int'; value: number } | { type: 'string'; value: string } | { type: 'ints' | 'floats'; value: number[] }
type Case = {
  name: string
  op: string
  domain: string
  opset: number
  attributes: Record<string, StoredAttribute>
  inputs: (StoredTensor | null)[]
  constants: number[]
  outputs: Record<string, StoredTensor>
}

const { cases } = JSON.parse(readFileSync(new URL('../fixtures/microsoft/cases.json', import.meta.url), 'utf8')) as { cases: Case[] }

const restore = ({ dims, data, dtype }: StoredTensor): RefTensor => refTensor(dims, data, dtype)

function attributeOf(stored: StoredAttribute): Attribute {
  switch (stored.type) {
    case 'float': return float(stored.value)
    case 'int': return int(stored.value)
    case 'string': return string(stored.value)
    case 'ints': return ints(stored.value)
    case 'floats': return { type: 'floats', value: stored.value }
  }
}

/** Weights keep their sizes where those of other values are symbols. */
const isWeight = (one: Case, i: number): boolean => one.constants.includes(i) || (one.op === 'FusedConv' && i === 1) || (one.inputs[i]?.dims.length ?? 0) <= 2

function graphOf(one: Case, shapes: Shapes): GraphAndFeeds {
  const given = one.inputs.flatMap((stored, i) => (stored === null || one.constants.includes(i) ? [] : [{ i, tensor: restore(stored) }]))
  const dimsOf = (i: number, dims: readonly number[]): readonly Dim[] => (shapes === 'static' || isWeight(one, i) ? dims : dims.map((_, axis) => `x${i}_${axis}`))
  const names = Array.from({ length: Math.max(...Object.keys(one.outputs).map((name) => Number(name.slice(1)))) + 1 }, (_, i) => (`y${i}` in one.outputs ? `y${i}` : ''))
  const graph: Graph = {
    name: one.name,
    inputs: given.map(({ i, tensor: { dims, dtype } }) => ({ name: `x${i}`, type: { kind: 'tensor', dtype, dims: dimsOf(i, dims) } })),
    overridable: [],
    outputs: Object.keys(one.outputs).map((name) => ({ name, type: null })),
    nodes: [{ name: one.name, opType: one.op, domain: one.domain, inputs: one.inputs.map((stored, i) => (stored === null ? '' : `x${i}`)), outputs: names, attributes: new Map(Object.entries(one.attributes).map(([name, value]) => [name, attributeOf(value)])) }],
    initializers: new Map(one.constants.flatMap((i) => (one.inputs[i] ? [[`x${i}`, toTensor(restore(one.inputs[i]))] as const] : []))),
    sparseInitializers: new Map(),
    valueInfo: new Map(),
    opsets: new Map([['', one.opset], ['com.microsoft', 1]]),
  }
  return { graph, feeds: new Map(given.map(({ i, tensor }) => [`x${i}`, tensor])) }
}

const lowered = ({ graph, feeds }: GraphAndFeeds): GraphAndFeeds => ({ graph: lower(graph, () => () => true, new Set()), feeds })

/** Their lowering depends on sizes. */
const NEED_SIZES = ['Inverse', 'Inverse of 1 × 1', 'RotaryEmbedding without a number of heads']

const weighed = (one: Case, shapes: Shapes): GraphAndFeeds => {
  // The objective weighs by position, so that it is the same for both kinds of shapes.
  const weigh = ({ dims, dtype, data }: RefTensor) => refTensor(dims, data.map((_, i) => Math.cos(i + 1)), dtype)
  return withObjective(lowered(graphOf(one, shapes)), weigh, shapes)
}

describe('com.microsoft', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const original = graphOf(one, 'static')
    const forward = lowered(original)
    const results = interpret(forward.graph, forward.feeds)
    for (const [name, expected] of Object.entries(one.outputs)) {
      const actual = results.get(name) as RefTensor
      expect([actual.dims, actual.dtype], name).toEqual([expected.dims, expected.dtype])
      expect(largestError(actual.data, expected.data), name).toBeLessThanOrEqual(1e-5)
    }
    const wanted = floatInputs(original.graph)
    const { graph, feeds } = weighed(one, 'static')
    const gradients = await checkGradient(graph, feeds, 'objective', wanted)
    if (NEED_SIZES.includes(one.name)) {
      expect(() => weighed(one, 'symbolic')).toThrow(/size/)
      return
    }
    const open = weighed(one, 'symbolic')
    const [inFloat64, inFloat32] = [referenceGradients(open.graph, open.feeds, 'objective', wanted), await runtimeGradients(open.graph, open.feeds, 'objective', wanted)]
    // Numbers that sizes give are float32 constants where the sizes are known.
    for (const [name, gradient] of gradients) {
      expect(largestError((inFloat64.get(name) as RefTensor).data, gradient.data), `${name} with symbolic sizes`).toBeLessThanOrEqual(1e-7)
      expect(largestError((inFloat32.get(name) as RefTensor).data, gradient.data), `${name} with symbolic sizes on ONNX Runtime`).toBeLessThanOrEqual(1e-4)
    }
  })
})

const onePerOperator = new Map(cases.map((one) => [one.op, one]))

test.each([...onePerOperator])('the second derivative of %s', (_, one) =>
  forAll(async (random) => {
    const [first] = floatInputs(graphOf(one, 'static').graph)
    const { graph, feeds } = gradientsAsObjective(weighed(one, 'static'), [first], random)
    await checkGradient(graph, feeds, 'second', [first])
  }, 1))

test('gradients are made of plain operators', () => {
  for (const one of cases) {
    const { graph } = graphOf(one, 'static')
    const { nodes } = differentiate(graph, { objective: { output: 'y0' }, withRespectTo: floatInputs(graph) })
    expect(new Set(nodes.map(({ domain }) => domain)), one.name).toEqual(new Set(['']))
  }
})

test.each([...REFUSED_MICROSOFT_OPS])('%s is refused, and says what to do', (opType, reason) => {
  expect(() => ruleFor({ name: 'refused', opType, domain: 'com.microsoft', inputs: ['x'], outputs: ['y'], attributes: new Map() })).toThrow(`Node "refused" (com.microsoft:${opType}): ${reason}`)
})
