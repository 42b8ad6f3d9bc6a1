/** @file ONNX models in this process: pre-flight, decoding, checks, shapes, and the gradient of small graphs. */
import { differentiate } from '../../dist/src/autodiff/index.js'
import { checkGraph, describePrediction, inferShapes, readModel, upgradeModel, writeModel } from '../../dist/src/graph/index.js'
import { isFloat } from '../../dist/src/tensor/dtypes.js'
import { checkModel } from '../../dist/src/worker/check-model.js'
import { mutateBytes } from '../mutate/bytes.mjs'
import { decode, mutateMessage } from '../mutate/protobuf.mjs'
import { read, readAll } from './files.mjs'

const SMALL = 8000
const MOST_NODES = 300
const MAX_MEMORY_BYTES = 2 ** 30

export const onnxSeeds = () => [
  ...readAll('test/fixtures/models', '.onnx', SMALL), ...readAll('test/fixtures/models/breadth', '.onnx', SMALL), ...readAll('test/fixtures/engine', '.onnx', SMALL), ...readAll('test/fixtures/functions', '.onnx', SMALL),
  ...readAll('test/fixtures/graph', '.onnx', SMALL), ...readAll('test/fixtures/quantized', '.onnx', SMALL), ...readAll('test/fixtures/recurrent', '.onnx', SMALL), ...readAll('test/fixtures/worker', '.onnx', SMALL),
  ...Object.values(JSON.parse(read('test/fixtures/scikit-learn/models.json'))).map(({ model }) => Buffer.from(model, 'base64')).filter(({ length }) => length <= SMALL),
]

export function onnxMutator() {
  const seeds = onnxSeeds()
  const trees = seeds.map((bytes) => decode(bytes))
  return (choice) => (choice.chance(0.15) ? mutateBytes(choice.one(seeds), choice, seeds) : mutateMessage(choice.one(trees), choice, trees))
}

export const onnx = () => ({
  extension: 'onnx',
  files: [],
  limitMs: 10_000,
  mutate: onnxMutator(),
  open: () => async (bytes) => {
    checkModel(bytes, { original: 'model.onnx', maxMemoryBytes: MAX_MEMORY_BYTES, memory: 'normal' })
    const model = readModel(bytes)
    writeModel(model)
    const upgraded = upgradeModel(model)
    if (upgraded.graph.nodes.length > MOST_NODES) return
    const graph = inferShapes(checkGraph(upgraded.graph))
    describePrediction({ ...upgraded, graph })
    const target = graph.outputs.find(({ type }) => type?.kind === 'tensor' && isFloat(type.dtype))
    const inputs = graph.inputs.filter(({ type }) => type?.kind === 'tensor' && isFloat(type.dtype))
    if (target && inputs.length > 0) differentiate(graph, { objective: { output: target.name, on: 'logits' }, withRespectTo: inputs.map(({ name }) => name) })
  },
})
