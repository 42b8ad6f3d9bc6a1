/** @file Hessian-vector products of whole models: the gradient of ⟨gradient, v⟩ against differences of gradients along v, in float64, and on ONNX Runtime. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { differentiate, type GradientGraph } from '../../src/autodiff/index.js'
import type { DType } from '../../src/contracts/tensor.js'
import { GraphBuilder, int, readModel, upgradeModel, type Graph } from '../../src/graph/index.js'
import { isFloat } from '../../src/tensor/dtypes.js'
import { randomStream } from '../../src/tensor/random.js'
import { fromTensor, interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

type Packed = { readonly dims: readonly number[]; readonly dtype: DType; readonly data: string }
type Feeds = ReadonlyMap<string, RefTensor>

const folder = new URL('../fixtures/architectures/', import.meta.url)
const unzip = (name: string) => gunzipSync(readFileSync(new URL(`${name}.gz`, folder)))

function unpack({ dims, dtype, data }: Packed): RefTensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64')).buffer
  const values = dtype === 'float32' ? new Float32Array(bytes) : dtype === 'int64' ? Array.from(new BigInt64Array(bytes), Number) : dtype === 'int32' ? new Int32Array(bytes) : new Uint8Array(bytes)
  return refTensor(dims, Array.from(values), dtype)
}

/** Values in [−1, 1] that follow from the name. */
const direction = (name: string, { dims, data, dtype }: RefTensor): RefTensor => {
  const stream = randomStream(7, name)
  return refTensor(dims, data.map((_, i) => Math.fround(2 * stream(i, 0) - 1)), dtype)
}

/** Σ over `values` of gradient · v as a new output, with v fed. */
function alongDirections(graph: Graph, gradients: ReadonlyMap<string, string>, directions: Feeds): Graph {
  const builder = new GraphBuilder(graph)
  const parts = [...directions].map(([name, { dims, dtype }]) => {
    builder.input({ name: `v/${name}`, type: { kind: 'tensor', dtype, dims } })
    return builder.add('Reshape', [builder.add('Mul', [gradients.get(name) as string, `v/${name}`]), builder.shape([-1])])
  })
  builder.nodes.push({ name: 'along', opType: 'Concat', domain: '', inputs: parts, outputs: ['along'], attributes: new Map([['axis', int(0)]]) })
  return { ...builder.build(), outputs: [{ name: 'along', type: null }] }
}

/** Weights become inputs that are fed, so that they can be moved. Scales of Resize are no weights. */
function withFedWeights(graph: Graph): { graph: Graph; weights: Map<string, RefTensor> } {
  const scales = new Set(graph.nodes.flatMap(({ opType, inputs }) => (opType === 'Resize' ? inputs.slice(1) : [])))
  const weights = new Map([...graph.initializers].flatMap(([name, tensor]) => ('data' in tensor && isFloat(tensor.dtype) && tensor.dims.length > 0 && !scales.has(name) ? [[name, fromTensor(tensor)] as const] : [])))
  const initializers = new Map([...graph.initializers].filter(([name]) => !weights.has(name)))
  const inputs = [...graph.inputs, ...[...weights].map(([name, { dims, dtype }]) => ({ name, type: { kind: 'tensor' as const, dtype, dims } }))]
  return { graph: { ...graph, initializers, inputs }, weights }
}

type Truth = { readonly inputs: Readonly<Record<string, Packed>>; readonly target: readonly number[] }

function load(model: string) {
  const truth = JSON.parse(unzip(`${model.split('.')[0]}.json`).toString()) as Truth
  const { graph, weights } = withFedWeights(upgradeModel(readModel(new Uint8Array(unzip(`${model}.onnx`)))).graph)
  const first = differentiate(graph, { objective: { output: graph.outputs[0].name, loss: 'cross-entropy' }, withRespectTo: [...weights.keys()] })
  const target = [first.target?.name ?? '', refTensor([truth.target.length], truth.target, 'int64')] as const
  const feeds = new Map([...Object.entries(truth.inputs).map(([name, packed]) => [name, unpack(packed)] as const), ...weights, target])
  return { first, weights, feeds }
}

/** The product with the Hessian of Σ cross-entropy, by every weight, along `directions`. */
const productOf = (first: GradientGraph, directions: Feeds): GradientGraph =>
  differentiate(alongDirections(first, first.gradients, directions), { objective: { output: 'along' }, withRespectTo: [...directions.keys()] })

const STEP = 1e-6
const MODELS = ['bert.torchscript-17', 'gpt2.dynamo-18', 'vit.dynamo-18', 'resnet.torchscript-17', 'efficientnet.dynamo-18', 'tabular-transformer.dynamo-18', 'lstm.dynamo-18', 'gru.torchscript-17']

test.each(MODELS)('%s', { timeout: 60_000 }, async (model) => {
  const { first, weights, feeds } = load(model)
  const directions = new Map([...weights].map(([name, weight]) => [name, direction(name, weight)]))
  const product = productOf(first, directions)
  const fed = new Map([...feeds, ...[...directions].map(([name, v]) => [`v/${name}`, v] as const)])
  const gradientsAt = (step: number) => {
    const moved = [...weights].map(([name, { dims, data, dtype }]) => [name, refTensor(dims, data.map((value, i) => value + step * (directions.get(name) as RefTensor).data[i]), dtype)] as const)
    return interpret(first, new Map([...feeds, ...moved]))
  }
  const [ahead, behind, exact, onRuntime] = [gradientsAt(STEP), gradientsAt(-STEP), interpret(product, fed), await runOnnxRuntime(product, fed)]
  const of = (results: Feeds, { gradients }: GradientGraph, name: string) => (results.get(gradients.get(name) as string) as RefTensor).data
  for (const name of weights.keys()) {
    const minus = of(behind, first, name)
    const expected = of(ahead, first, name).map((value, i) => (value - minus[i]) / (2 * STEP))
    // A bias of keys moves nothing, and what is left of its column is rounding.
    const size = Math.max(0.1, ...expected.map(Math.abs))
    const errorOf = (actual: ArrayLike<number>) => expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value) / size), 0)
    expect(errorOf(of(exact, product, name)), name).toBeLessThan(1e-5)
    expect(errorOf(of(onRuntime, product, name)), `${name} on ONNX Runtime`).toBeLessThan(1e-4)
  }
})

/** Gradients of a Loop that carries a list are Loops whose lists are not followed a second time. */
const REFUSED = ['keras-gru.18', 'keras-rnn.default', 'keras-conv-lstm.18']

test.each(REFUSED)('%s says why not', (model) => {
  const { first, weights } = load(model)
  const directions = new Map([...weights].map(([name, weight]) => [name, direction(name, weight)]))
  expect(() => productOf(first, directions)).toThrow(/while_placeholder.*sequence/)
})
