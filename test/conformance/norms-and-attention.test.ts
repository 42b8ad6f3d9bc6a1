/** @file Gradients of normalizations and of attention where a careless formula gives NaN or loses its digits. */
import { describe, expect, test } from 'vitest'
import { float } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { refTensor, type RefTensor } from '../reference/index.js'
import { referenceGradients, runtimeGradients } from './check-gradient.js'
import { fed, fixed, forwardGraph, withObjective, type OperatorCase } from './operator-case.js'

const gradientsOf = async (one: OperatorCase, wanted: readonly string[]): Promise<{ inFloat64: Map<string, RefTensor>; inFloat32: Map<string, RefTensor> }> => {
  const { graph, feeds } = withObjective(forwardGraph(one), ({ dims, data, dtype }) => refTensor(dims, data.map((_, i) => Math.cos(i + 1)), dtype))
  return { inFloat64: referenceGradients(graph, feeds, 'objective', wanted), inFloat32: await runtimeGradients(graph, feeds, 'objective', wanted) }
}

const values = (results: ReadonlyMap<string, RefTensor>, name = 'x0'): number[] => Array.from((results.get(name) as RefTensor).data)

describe('hard places', () => {
  test('LayerNormalization keeps its digits beside a large mean', async () => {
    const x = refTensor([2, 8], Array.from({ length: 16 }, (_, i) => Math.fround(1000 + Math.sin(3 * i))))
    const scale = refTensor([8], Array.from({ length: 8 }, (_, i) => 1 + i / 8))
    const { inFloat64, inFloat32 } = await gradientsOf({ op: 'LayerNormalization', opset: 17, inputs: [fed(x), fed(scale)] }, ['x0', 'x1'])
    for (const name of ['x0', 'x1']) expect(largestError(values(inFloat32, name), values(inFloat64, name))).toBeLessThan(5e-4)
  })

  test.each(['LayerNormalization', 'RMSNormalization'])('%s of rows that are all the same', async (op) => {
    const { inFloat64, inFloat32 } = await gradientsOf({ op, opset: 23, attributes: { epsilon: float(1e-12) }, inputs: [fed(refTensor([2, 4], [3, 3, 3, 3, 0, 0, 0, 0])), fed(refTensor([4], [1, 2, 3, 4]))] }, ['x0', 'x1'])
    for (const name of ['x0', 'x1']) expect([...values(inFloat64, name), ...values(inFloat32, name)].every(Number.isFinite)).toBe(true)
  })

  test.each([1, 2])('LpNormalization of a zero vector passes no gradient, p = %i', async (p) => {
    const { inFloat64, inFloat32 } = await gradientsOf({ op: 'LpNormalization', opset: 18, attributes: { p }, inputs: [fed(refTensor([2, 2], [0, 0, 3, 4]))] }, ['x0'])
    for (const gradient of [values(inFloat64), values(inFloat32)]) {
      expect(gradient.slice(0, 2).map(Math.abs)).toEqual([0, 0])
      expect(gradient[2]).not.toBe(0)
    }
  })

  test('MeanVarianceNormalization of a constant channel', async () => {
    const { inFloat64, inFloat32 } = await gradientsOf({ op: 'MeanVarianceNormalization', opset: 13, inputs: [fed(refTensor([1, 2, 1, 2], [5, 5, 1, 2]))] }, ['x0'])
    expect([...values(inFloat64), ...values(inFloat32)].every(Number.isFinite)).toBe(true)
  })

  test.each([['boolean', refTensor([2, 3], [0, 0, 0, 1, 1, 0], 'bool')], ['additive', refTensor([2, 3], [-Infinity, -Infinity, -Infinity, 0, 0.5, -Infinity])]])('a query whose keys are all hidden by the mask: %s', async (_, mask) => {
    const numbers = (dims: number[], from: number) => fed(refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(from + i))))
    const one: OperatorCase = { op: 'Attention', opset: 23, inputs: [numbers([1, 1, 2, 2], 0), numbers([1, 1, 3, 2], 5), numbers([1, 1, 3, 2], 9), fixed(mask)] }
    const { inFloat64, inFloat32 } = await gradientsOf(one, ['x0', 'x1', 'x2'])
    for (const results of [inFloat64, inFloat32]) {
      expect(values(results, 'x0').slice(0, 2).map(Math.abs)).toEqual([0, 0])
      for (const name of ['x1', 'x2']) expect(values(results, name).slice(4).map(Math.abs), `${name} of the key that nobody sees`).toEqual([0, 0])
      expect(values(results, 'x0').slice(2).every((value) => Number.isFinite(value) && value !== 0)).toBe(true)
    }
  })
})
