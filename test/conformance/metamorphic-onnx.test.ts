/** @file Laws of gradients on ONNX cases of every operator: linearity in what comes in, and indifference to names and to the order of nodes. */
import { describe, expect, test } from 'vitest'
import { mapSubgraphs, readsOf, type Graph, type Node } from '../../src/graph/index.js'
import { randomStream } from '../../src/tensor/random.js'
import { largestError } from '../reference/compare.js'
import { refTensor, type RefTensor } from '../reference/index.js'
import { byOperator, type OnnxCase } from '../reference/onnx-cases.js'
import { checkedCases, gradientsOf, optionsOf, prepare, type GradientCase } from './onnx-gradients.js'

const byName = (a: OnnxCase, b: OnnxCase) => randomStream(2, a.name)(0, 0) - randomStream(2, b.name)(0, 0)
const sample = (cases: readonly OnnxCase[]) => [...cases].sort(byName).slice(0, 2).flatMap((one) => prepare(one, optionsOf(one)) ?? [])
const plain = [...byOperator(checkedCases.filter(({ expanded }) => !expanded))]
const bodies = [...byOperator(checkedCases.filter(({ expanded }) => expanded))]

function expectSame(actual: ReadonlyMap<string, RefTensor>, expected: ReadonlyMap<string, RefTensor>, tolerance: number): void {
  expect([...actual.keys()]).toEqual([...expected.keys()])
  for (const [name, { data }] of expected) expect(largestError((actual.get(name) as RefTensor).data, data), name).toBeLessThanOrEqual(tolerance)
}

const mapEach = (tensors: ReadonlyMap<string, RefTensor>, change: (name: string, value: number, i: number) => number) =>
  new Map([...tensors].map(([name, { dims, data, dtype }]) => [name, refTensor(dims, data.map((value, i) => change(name, value, i)), dtype)]))

describe('the gradient for weights 2u − 3v is twice that for u less three times that for v', () => {
  const isWeight = (name: string) => /^w\d+$/.test(name)
  const weighed = (one: GradientCase, change: (value: number, other: number) => number) =>
    gradientsOf({ ...one, feeds: mapEach(one.feeds, (name, value, i) => (isWeight(name) ? change(value, value === 0 ? 0 : one.random(i, 4000) - 0.5) : value)) })

  test.each(plain)('%s', (_, cases) => {
    for (const one of sample(cases)) {
      const [ofU, ofV] = [weighed(one, (u) => u), weighed(one, (__, v) => v)]
      const combined = mapEach(ofU, (name, value, i) => 2 * value - 3 * (ofV.get(name) as RefTensor).data[i])
      expectSame(weighed(one, (u, v) => 2 * u - 3 * v), combined, 1e-9)
    }
  })
})

describe('names do not matter', () => {
  const renamed = (name: string) => (name === '' || name === 'objective' ? name : `another ${name}`)
  const rename = (graph: Graph): Graph => {
    const info = <I extends { readonly name: string }>(value: I): I => ({ ...value, name: renamed(value.name) })
    const keys = <V>(map: ReadonlyMap<string, V>) => new Map([...map].map(([name, value]) => [renamed(name), value]))
    return {
      ...graph,
      inputs: graph.inputs.map(info),
      outputs: graph.outputs.map(info),
      initializers: keys(graph.initializers),
      valueInfo: new Map([...graph.valueInfo].map(([name, value]) => [renamed(name), info(value)])),
      nodes: graph.nodes.map((node) => ({ ...mapSubgraphs(node, rename), inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) })),
    }
  }
  const keysRenamed = <V>(map: ReadonlyMap<string, V>) => new Map([...map].map(([name, value]) => [renamed(name), value]))

  test.each([...plain, ...bodies])('%s', (_, cases) => {
    for (const one of sample(cases)) {
      const other = { ...one, graph: rename(one.graph), feeds: keysRenamed(one.feeds), wanted: one.wanted.map(renamed) }
      expectSame(gradientsOf(other), keysRenamed(gradientsOf(one)), 0)
    }
  })
})

describe('the order of nodes does not matter', () => {
  test.each(bodies)('%s', (_, cases) => {
    for (const one of sample(cases)) expectSame(gradientsOf({ ...one, graph: { ...one.graph, nodes: shuffled(one.graph.nodes, one.random) } }), gradientsOf(one), 1e-9)
  })
})

/** Another order in which every value is made before it is read. */
function shuffled(nodes: readonly Node[], random: (row: number, draw: number) => number): Node[] {
  const order: Node[] = []
  const waiting = new Set(nodes)
  const unmade = new Set(nodes.flatMap(({ outputs }) => outputs))
  while (waiting.size > 0) {
    const ready = [...waiting].filter((node) => !readsOf(node).some((name) => unmade.has(name)))
    const next = ready[Math.floor(random(waiting.size, 5000) * ready.length)]
    order.push(next)
    waiting.delete(next)
    for (const output of next.outputs) unmade.delete(output)
  }
  return order
}
