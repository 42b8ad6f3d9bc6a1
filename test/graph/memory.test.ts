import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toAttributes, type Attributes } from '../../src/graph/builder.js'
import { estimateMemory, readModel, type Graph, type Node, type ValueInfo } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'

const node = (opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({ name: '', opType, domain: '', inputs, outputs, attributes: toAttributes(attributes) })
const x: ValueInfo = { name: 'x', type: { kind: 'tensor', dtype: 'float32', dims: ['N', 10] } }
function graphOf(nodes: Node[], constants: Record<string, number[]> = {}): Graph {
  const initializers = new Map(Object.entries(constants).map(([name, values]) => [name, fromNumbers(values, [values.length], 'int64')]))
  return { name: '', inputs: [x], overridable: [], outputs: [{ name: nodes.at(-1)?.outputs[0] ?? 'x', type: null }], nodes, initializers, sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]) }
}

describe('peak memory', () => {
  it('frees values after their last reader', () => {
    const chain = graphOf(['a', 'b', 'c', 'd'].map((name, i, all) => node('Relu', [i ? all[i - 1] : 'x'], [name])))
    expect(estimateMemory(chain, { blockRows: 100 })).toBe(2 * 4 * 100 * 10)
  })
  it('keeps what is read later', () => {
    const branches = graphOf([node('Relu', ['x'], ['a']), node('Neg', ['x'], ['b']), node('Exp', ['x'], ['c']), node('Sum', ['a', 'b', 'c'], ['d'])])
    expect(estimateMemory(branches, { blockRows: 100 })).toBe(4 * 4 * 100 * 10)
  })
  it('is far below any limit for the shared models', () => {
    for (const name of ['digits-cnn', 'hmda-mlp', 'hmda-forest', 'diabetes-gbr']) expect(estimateMemory(readModel(readFileSync(new URL(`../fixtures/models/${name}.onnx`, import.meta.url))).graph)).toBeLessThan(50 * 2 ** 20)
  })
})

describe('bombs of a few bytes', () => {
  const doubling = Array.from({ length: 34 }, (_, i) => node('Concat', i ? [`v${i - 1}`, `v${i - 1}`] : ['x', 'x'], [`v${i}`], { axis: 1 }))
  it.each<[string, Graph, string, RegExp]>([
    ['a constant of 2^40 elements', graphOf([node('ConstantOfShape', ['s'], ['big'])], { s: [2 ** 20, 2 ** 20] }), 'preflight/max-elements', /"big" has 1099511627776 elements/],
    ['34 doublings', graphOf(doubling), 'preflight/max-memory-bytes', /"v1\d"/],
    ['an Expand', graphOf([node('Expand', ['x', 's'], ['wide'])], { s: [500000, 1, 10] }), 'preflight/max-memory-bytes', /"wide"/],
  ])('%s', (_, graph, code, message) => {
    expect(() => estimateMemory(graph, { maxMemoryBytes: 2 ** 32 })).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})
