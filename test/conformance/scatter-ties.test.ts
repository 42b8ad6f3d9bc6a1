/** @file Scatters with reductions where updates repeat, tie and are zero, as PyTorch's scatter_reduce answers. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { largestError } from '../reference/compare.js'
import { refTensor, type RefTensor } from '../reference/index.js'
import { referenceGradients, runtimeGradients } from './check-gradient.js'
import { fed, fixed, forwardGraph, withObjective, type OperatorCase } from './operator-case.js'

type Stored = { reduction: string; x: number[]; indices: number[]; updates: number[]; y: number[]; upstream: number[]; dx: number[]; du: number[] }
const cases = JSON.parse(readFileSync(new URL('../fixtures/conformance/scatter-ties.json', import.meta.url), 'utf8')) as Stored[]

/** The same along the first axis: element by element, or as slices of one element. */
const forms: Readonly<Record<string, (one: Stored) => OperatorCase>> = {
  ScatterElements: ({ reduction, x, indices, updates }) => ({ op: 'ScatterElements', opset: 18, attributes: { axis: 0, reduction }, inputs: [fed(refTensor([3, 4], x)), fixed(refTensor([5, 4], indices, 'int64')), fed(refTensor([5, 4], updates))] }),
  ScatterND: ({ reduction, x, indices, updates }) => ({ op: 'ScatterND', opset: 18, attributes: { reduction }, inputs: [fed(refTensor([3, 4], x)), fixed(refTensor([5, 4, 2], indices.flatMap((row, i) => [row, i % 4]), 'int64')), fed(refTensor([5, 4], updates))] }),
}

test.each(Object.keys(forms).flatMap((form) => cases.map((one, i) => [form, one.reduction, i] as const)))('%s by %s, %i', async (form, _, i) => {
  const one = cases[i]
  const { graph, feeds } = withObjective(forwardGraph(forms[form](one)), () => refTensor([3, 4], one.upstream))
  for (const gradients of [referenceGradients(graph, feeds, 'objective', ['x0', 'x2']), await runtimeGradients(graph, feeds, 'objective', ['x0', 'x2'])]) {
    expect(largestError((gradients.get('x0') as RefTensor).data, one.dx)).toBeLessThanOrEqual(1e-6)
    expect(largestError((gradients.get('x2') as RefTensor).data, one.du)).toBeLessThanOrEqual(1e-6)
  }
})
