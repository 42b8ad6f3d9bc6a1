import { readdirSync, readFileSync } from 'node:fs'
import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ProbityError } from '../../src/contracts/errors.js'
import { describePrediction, estimateMemory, preflight, readModel, refuseByName, upgradeModel, writeModel, type PreflightLimits } from '../../src/graph/index.js'
import {
  AttributeProtoSchema, FunctionProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, SparseTensorProtoSchema, StringStringEntryProtoSchema, TensorProtoSchema,
  TensorShapeProto_DimensionSchema, TensorShapeProtoSchema, TypeProto_SequenceSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema, type FunctionProto, type GraphProto, type NodeProto, type TypeProto,
} from '../../src/graph/onnx-proto.js'
import { randomStream } from '../../src/tensor/random.js'

const FOLDERS = [new URL('../fixtures/models/', import.meta.url), new URL('../fixtures/graph/', import.meta.url)]
const FILES = FOLDERS.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.onnx')).map((name) => [name, readFileSync(new URL(name, folder))] as const))
const LIMITS: Partial<PreflightLimits> = { domains: ['', 'ai.onnx.ml', 'test'] }

const node = (opType: string, domain = '', graph?: GraphProto): NodeProto =>
  create(NodeProtoSchema, { opType, domain, input: ['x'], output: ['y'], attribute: graph ? [create(AttributeProtoSchema, { name: 'body', g: graph })] : [] })
const graph = (fields: Partial<Pick<GraphProto, 'node' | 'initializer' | 'valueInfo' | 'sparseInitializer'>> = {}) => create(GraphProtoSchema, { node: [node('Relu')], ...fields })
const file = (main: GraphProto, functions: FunctionProto[] = []) =>
  toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport: [create(OperatorSetIdProtoSchema, { version: 18n })], graph: main, functions }))
const tensor = (dims: bigint[]) => create(TensorProtoSchema, { name: 'w', dataType: 1, dims })
const tensorType = (...dims: (bigint | string)[]) => create(TypeProtoSchema, {
  value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType: 1, shape: create(TensorShapeProtoSchema, { dim: dims.map((dim) => create(TensorShapeProto_DimensionSchema, { value: typeof dim === 'bigint' ? { case: 'dimValue', value: dim } : { case: 'dimParam', value: dim } })) }) }) },
})
const value = (type: TypeProto) => create(ValueInfoProtoSchema, { name: 'v', type })
const nested = (depth: number): GraphProto => (depth === 0 ? graph() : graph({ node: [node('If', '', nested(depth - 1))] }))
const sequence = (depth: number): TypeProto => (depth === 0 ? tensorType(1n) : create(TypeProtoSchema, { value: { case: 'sequenceType', value: create(TypeProto_SequenceSchema, { elemType: sequence(depth - 1) }) } }))
const definition = (name: string, ...nodes: NodeProto[]) => create(FunctionProtoSchema, { name, domain: 'own', node: nodes })
const calls = (name: string, count: number) => Array.from({ length: count }, () => node(name, 'own'))

function refusal(check: () => unknown): ProbityError {
  try {
    check()
  } catch (error) {
    if (error instanceof ProbityError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('models that are fine', () => {
  it.each(FILES)('%s', (_, bytes) => {
    const summary = preflight(bytes, LIMITS)
    const { graph } = readModel(bytes)
    expect(summary.initializers).toBe(graph.initializers.size + graph.sparseInitializers.size)
    expect(summary.nodes).toBeGreaterThanOrEqual(graph.nodes.length)
  })
  it('sums initializers and the largest declared value, taking an unknown batch as a block', () => {
    const main = graph({ initializer: [tensor([10n, 10n])], valueInfo: [value(tensorType('N', 5n)), value(tensorType(2n, 'm'))] })
    expect(preflight(file(main), { blockRows: 100 }).memoryBytes).toBe(4 * (100 + 100 * 5))
  })
  it('lists where external data lies', () => {
    const external = create(TensorProtoSchema, { name: 'w', dataType: 1, dims: [1n], dataLocation: 1, externalData: [create(StringStringEntryProtoSchema, { key: 'location', value: 'w.bin' })] })
    expect(preflight(file(graph({ initializer: [external] }))).externalLocations).toEqual(['w.bin'])
  })
  it('counts functions as often as they are called', () => {
    const functions = [definition('inner', node('Relu'), node('Relu')), definition('outer', ...calls('inner', 3))]
    expect(preflight(file(graph({ node: calls('outer', 2) }), functions)).nodes).toBe(2 + 2 * (3 + 3 * 2))
  })
})

describe('limits, each named', () => {
  const doubling = Array.from({ length: 40 }, (_, i) => definition(`f${i}`, ...(i === 0 ? [node('Relu')] : calls(`f${i - 1}`, 2))))
  it.each<[string, Uint8Array, Partial<PreflightLimits>, RegExp]>([
    ['preflight/max-bytes', file(graph()), { maxBytes: 10 }, /maxBytes is 10/],
    ['preflight/max-nodes', file(graph({ node: Array.from({ length: 6 }, () => node('Relu')) })), { maxNodes: 5 }, /maxNodes is 5/],
    ['preflight/max-nodes', file(graph({ node: calls('f39', 1) }), doubling), {}, /functions expanded/],
    ['preflight/max-depth', file(nested(17)), {}, /17 deep/],
    ['preflight/max-depth', file(graph({ valueInfo: [value(sequence(18))] })), {}, /type of "v"/],
    ['preflight/max-initializers', file(graph({ initializer: [tensor([1n]), tensor([1n])] })), { maxInitializers: 1 }, /maxInitializers/],
    ['preflight/max-rank', file(graph({ initializer: [tensor(Array.from({ length: 17 }, () => 1n))] })), {}, /17 dimensions or more/],
    ['preflight/max-rank', file(graph({ initializer: [tensor(Array.from({ length: 5000 }, () => 1n))] })), {}, /17 dimensions or more/],
    ['graph/malformed', file(graph({ initializer: [tensor([-1n])] })), {}, /negative size/],
    ['preflight/max-elements', file(graph({ initializer: [tensor([2n ** 40n, 2n ** 40n])] })), {}, /"w" of shape/],
    ['preflight/max-elements', file(graph({ valueInfo: [value(tensorType(2n ** 62n))] })), {}, /Value "v"/],
    ['preflight/max-elements', file(graph({ sparseInitializer: [create(SparseTensorProtoSchema, { dims: [2n ** 50n] })] })), {}, /sparse/],
    ['preflight/max-memory-bytes', file(graph({ initializer: [tensor([2n ** 20n])] })), { maxMemoryBytes: 2 ** 20 }, /maxMemoryBytes/],
    ['preflight/domains', file(graph({ node: [node('Evil', 'com.evil')] })), {}, /Operator Evil is of the domain "com.evil"/],
    ['preflight/domains', file(graph({ node: [node('Loss', 'ai.onnx.preview.training')] })), {}, /training/],
    ['preflight/domains', file(graph({ node: [node('other', 'own')] }), [definition('f', node('Relu'))]), {}, /Operator other/],
    ['preflight/function-cycle', file(graph(), [definition('a', ...calls('b', 1)), definition('b', ...calls('a', 1))]), {}, /calls itself/],
    ['preflight/no-graph', new Uint8Array(), {}, /empty/],
    ['preflight/no-graph', file(create(GraphProtoSchema)), {}, /no graph with nodes/],
    ['graph/malformed', file(graph()).subarray(0, 10), {}, /byte/],
  ])('%s', (code, bytes, limits, message) => {
    const error = refusal(() => preflight(bytes, limits))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).not.toContain('\n')
  })
})

describe('other formats', () => {
  const text = (content: string) => Buffer.from(content, 'latin1')
  it.each([
    ['pickle', Buffer.from([0x80, 4, 0x95, 1, 2, 3]), /Python pickle/],
    ['PyTorch', text('PK\x03\x04......model/data.pkl......'), /torch\.onnx\.export/],
    ['ZIP', text('PK\x03\x04................'), /ZIP archive/],
    ['HDF5', text('\x89HDF\r\n\x1a\n.........'), /HDF5/],
    ['GGUF', text('GGUF\x03\x00\x00\x00'), /GGUF/],
    ['safetensors', Buffer.concat([Buffer.from([80, 0, 0, 0, 0, 0, 0, 0]), text('{"weight":{"dtype":"F32"}}')]), /safetensors/],
    ['HTML', text('<!DOCTYPE html><html>Not found</html>'), /web page/],
    ['JSON', text('{"format": "layers-model"}'), /JSON/],
    ['text', text('age,income,denied\n1,2,3\n'), /text file/],
    ['Git LFS', text('version https://git-lfs.github.com/spec/v1\noid sha256:…'), /git lfs pull/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
    ['SavedModel', Buffer.from([8, 1, 18, 3, 10, 1, 18]), /tf2onnx/],
  ])('%s is recognised', (_, bytes, message) => expect(refusal(() => preflight(bytes))).toMatchObject({ code: 'preflight/format', message: expect.stringMatching(message) }))

  it.each(['m.pkl', 'M.PT', 'a/b.pth', 'x.joblib', 'x.h5', 'x.keras'])('%s is refused by name', (name) => expect(refusal(() => refuseByName(name)).code).toBe('preflight/format'))
  it('leaves other names alone', () => expect(() => refuseByName('model.onnx')).not.toThrow())
})

describe('damaged files', () => {
  it('2,000 mutated models end in an answer or a ProbityError, each within 100 ms', () => {
    const draw = randomStream(7, 'mutations')
    const small = FILES.filter(([, bytes]) => bytes.length < 60_000)
    // Compiled code first: the limit is about the input, not about a cold start.
    for (const [, bytes] of small) chain(bytes)
    let [slowestMs, refused] = [0, 0]
    for (let i = 0; i < 2000; i++) {
      const bytes = new Uint8Array(small[i % small.length][1])
      const mutations = 1 + Math.floor(draw(i, 0) * 8)
      for (let j = 0; j < mutations; j++) {
        // Half of the changes hit the last or first kilobyte, where names and structure are denser than weights.
        const reach = j % 2 ? bytes.length : Math.min(bytes.length, 1024)
        const offset = Math.floor(draw(i, 3 * j + 1) * reach)
        bytes[draw(i, 3 * j + 2) < 0.5 ? offset : bytes.length - 1 - offset] = Math.floor(draw(i, 3 * j + 3) * 256)
      }
      // Time of this process, not of the wall: other work on the machine must not fail the test.
      const start = process.cpuUsage()
      if (chain(bytes) === 'refused') refused++
      const { user, system } = process.cpuUsage(start)
      slowestMs = Math.max(slowestMs, (user + system) / 1000)
    }
    expect(slowestMs).toBeLessThan(100)
    expect(refused).toBeGreaterThan(500)
    expect(refused).toBeLessThan(2000)
  })
})

/** Everything that happens to a model's bytes before a runtime sees them. */
function chain(bytes: Uint8Array): 'read' | 'refused' {
  try {
    preflight(bytes, LIMITS)
    const model = readModel(bytes)
    estimateMemory(model.graph)
    describePrediction(model)
    writeModel(upgradeModel(model))
    return 'read'
  } catch (error) {
    if (error instanceof ProbityError) return 'refused'
    throw error
  }
}
