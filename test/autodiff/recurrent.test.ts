/** @file Recurrent layers, and loops and branches that TorchScript wrote, against PyTorch's gradients. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { GraphBuilder } from '../../src/graph/builder.js'
import { readModel, type Attribute, type Graph } from '../../src/graph/index.js'
import { TestGraph } from '../conformance/build-graph.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

type Stored = { readonly dims: number[]; readonly data: number[] }
type StoredLayer = {
  readonly op: string
  readonly direction: string
  readonly lengths: number[] | null
  readonly activation: string | null
  readonly hidden: number
  readonly inputs: Record<string, Stored>
  readonly outputs: Stored[]
  readonly weights: Stored[]
  readonly gradients: Record<string, Stored>
}
type StoredLoop = { readonly model: string; readonly entries: { readonly inputs: Record<string, Stored>; readonly output: Stored; readonly gradients: Record<string, Stored> }[] }

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/recurrent/${name}`, import.meta.url))
const { layers } = JSON.parse(fixture('layers.json').toString()) as { layers: StoredLayer[] }
const { loops } = JSON.parse(fixture('loops.json').toString()) as { loops: StoredLoop[] }
const restore = ({ dims, data }: Stored): RefTensor => refTensor(dims, data)

/** The gradients of Σ of the graph's first output, in float64 and on ONNX Runtime, against PyTorch's. */
async function compare(graph: Graph, feeds: ReadonlyMap<string, RefTensor>, expected: Readonly<Record<string, Stored>>, tolerance: number): Promise<void> {
  const gradient = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: Object.keys(expected) })
  const [exact, rounded] = [interpret(gradient, feeds), await runOnnxRuntime(gradient, feeds)]
  for (const [name, truth] of Object.entries(expected)) {
    const output = gradient.gradients.get(name) ?? ''
    expect(largestError(exact.get(output)?.data ?? [], truth.data), `gradient of ${name}`).toBeLessThanOrEqual(tolerance)
    expect(largestError(rounded.get(output)?.data ?? [], truth.data), `ONNX Runtime's gradient of ${name}`).toBeLessThanOrEqual(1e-4)
  }
}

describe('layers of PyTorch', () => {
  test.each(layers.map((layer) => [layer.op, layer.direction, layer.lengths ? 'with lengths' : '', layer.activation ?? '', layer] as const))('%s %s %s %s', async (_op, _direction, _lengths, _activation, layer) => {
    const g = new TestGraph('static')
    const names = Object.fromEntries(Object.entries(layer.inputs).map(([name, tensor]) => [name, g.feed(name, restore(tensor))]))
    const lengths = layer.lengths ? g.constant(layer.lengths, 'int32') : ''
    const activations: Attribute | undefined = layer.activation ? { type: 'strings', value: [new TextEncoder().encode('Relu')] } : undefined
    const outputs = g.addMany(layer.op, [names.x, names.w, names.r, names.b, lengths, names.h, ...(names.c ? [names.c] : [])], layer.outputs.length, { hidden_size: layer.hidden, direction: layer.direction, activations, linear_before_reset: layer.op === 'GRU' ? 1 : undefined })
    const parts = outputs.map((name, i) => g.add('Reshape', [g.add('Mul', [name, g.feed(`weight${i}`, restore(layer.weights[i]))]), g.shape([-1])]))
    const { graph, feeds } = g.finish(g.add('Concat', parts, { axis: 0 }))
    const forward = interpret(graph, feeds, { fetch: outputs })
    outputs.forEach((name, i) => expect(largestError(forward.get(name)?.data ?? [], layer.outputs[i].data), `output ${i}`).toBeLessThanOrEqual(1e-7))
    await compare(graph, feeds, layer.gradients, 1e-7)
  })
})

describe('loops and branches of TorchScript', () => {
  test.each(loops.map(({ model, entries }) => [model, entries] as const))('%s', async (model, entries) => {
    const { graph } = readModel(fixture(model))
    const builder = new GraphBuilder({ ...graph, outputs: [] })
    const y = graph.outputs[0].name
    builder.output({ name: builder.add('Reshape', [builder.add('Mul', [y, y]), builder.shape([-1])]), type: null })
    for (const { inputs, output, gradients } of entries) {
      const feeds = new Map(Object.entries(inputs).map(([name, tensor]) => [name, restore(tensor)]))
      expect(largestError(interpret(graph, feeds).get(y)?.data ?? [], output.data)).toBeLessThanOrEqual(1e-5)
      await compare(builder.build(), feeds, gradients, 1e-5)
    }
  })
})

test.each(['LSTM', 'GRU', 'RNN'])('a row of the gradient of %s depends on that row alone', async (op) => {
  const g = new TestGraph('symbolic')
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op] ?? 0
  const wave = (dims: readonly number[], seed: number) => refTensor(dims, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(Math.sin(seed + 1.3 * i))))
  const x = wave([4, 3, 2], 1)
  const y = g.add(op, [g.feed('x', x), g.weight(wave([1, 3 * gates, 2], 2)), g.weight(wave([1, 3 * gates, 3], 3))], { hidden_size: 3 }) // [4, 1, 3, 3]
  const { graph, feeds } = g.finish(g.add('ReduceSum', [g.add('Mul', [y, y]), g.shape([0, 1, 3])], { keepdims: 0 })) // [3]
  const gradient = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: ['x'] })
  const rowOf = async (values: RefTensor) => (await runOnnxRuntime(gradient, new Map([...feeds, ['x', values]]))).get(gradient.gradients.get('x') ?? '')?.data.filter((_, i) => Math.floor(i / 2) % 3 === 1)
  const others = refTensor(x.dims, x.data.map((value, i) => (Math.floor(i / 2) % 3 === 1 ? value : 5 - value)))
  expect(await rowOf(others)).toEqual(await rowOf(x))
})
