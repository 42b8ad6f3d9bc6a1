import { readdirSync, readFileSync } from 'node:fs'
import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ProbityError } from '../../src/contracts/errors.js'
import { readModel, writeModel, isExternal, type Node, type OnnxModel } from '../../src/graph/index.js'
import {
  GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, TensorProtoSchema, ValueInfoProtoSchema, type GraphProto, type ModelProto, type NodeProto, type TensorProto,
} from '../../src/graph/onnx-proto.js'

const MODELS = new URL('../fixtures/models/', import.meta.url)
const GRAPHS = new URL('../fixtures/graph/', import.meta.url)
const load = (name: string) => readModel(readFileSync(new URL(name, GRAPHS)))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const hex = (data: ArrayBufferView) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')

const node = (name: string, inputs: string[], outputs: string[], opType = 'Relu'): NodeProto => create(NodeProtoSchema, { name, opType, input: inputs, output: outputs })
const value = (name: string) => create(ValueInfoProtoSchema, { name })
function fileOf(graph: Partial<Pick<GraphProto, 'node' | 'initializer' | 'input' | 'output'>>, model: Partial<Pick<ModelProto, 'opsetImport'>> = {}): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, {
    irVersion: 8n, opsetImport: [create(OperatorSetIdProtoSchema, { version: 18n })], ...model,
    graph: create(GraphProtoSchema, { input: [value('x')], output: [value('y')], node: [node('only', ['x'], ['y'])], ...graph }),
  }))
}
function refusal(bytes: Uint8Array): ProbityError {
  try {
    readModel(bytes)
  } catch (error) {
    if (error instanceof ProbityError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('round trip', () => {
  const files = [...readdirSync(MODELS).map((name) => new URL(name, MODELS)), ...readdirSync(GRAPHS).map((name) => new URL(name, GRAPHS))].filter(({ href }) => href.endsWith('.onnx'))
  it.each(files.map((file) => [file.pathname.split('/').at(-1), file] as const))('%s reads back equal after writing', (_, file) => {
    const model = readModel(readFileSync(file))
    const again = readModel(writeModel(model))
    expect(again).toEqual(model)
    expect(model.graph.nodes.length).toBeGreaterThan(0)
  })
})

describe('attributes', () => {
  const attributes = load('attributes.onnx').graph.nodes[0].attributes
  const valueOf = (name: string) => attributes.get(name)
  const listOf = (name: string) => valueOf(name)?.value as readonly unknown[]

  it('reads scalars and lists exactly', () => {
    expect(valueOf('f')).toEqual({ type: 'float', value: Math.fround(0.1) })
    expect(valueOf('i')).toEqual({ type: 'int', value: -(2n ** 63n) })
    expect(text((valueOf('s') as { value: Uint8Array }).value)).toBe('text é')
    expect(valueOf('fs')).toEqual({ type: 'floats', value: [0.5, -0.25] })
    expect(valueOf('ii')).toEqual({ type: 'ints', value: [2n ** 63n - 1n, 0n, -1n] })
    expect((listOf('ss') as Uint8Array[]).map(text)).toEqual(['a', 'b'])
    expect(valueOf('empty')).toEqual({ type: 'ints', value: [] })
  })
  it('reads tensors, sparse tensors, graphs and types', () => {
    expect(valueOf('t')).toEqual({ type: 'tensor', value: { name: 't', dtype: 'float32', dims: [3], data: new Float32Array([0, 1, 2]) } })
    expect(valueOf('tt')).toMatchObject({ type: 'tensors', value: [{ name: 't1' }, { name: 't2' }] })
    expect(valueOf('sp')).toMatchObject({ type: 'sparse-tensor', value: { dims: [6], indices: { data: new BigInt64Array([0n, 2n, 5n]) } } })
    expect(valueOf('sps')).toMatchObject({ type: 'sparse-tensors', value: [{ dims: [6] }] })
    expect(valueOf('g')).toMatchObject({ type: 'graph', value: { name: 'inner', nodes: [{ opType: 'Relu', inputs: ['x'] }] } })
    expect(listOf('gs')).toHaveLength(2)
    const tensor = { kind: 'tensor', dtype: 'float32', dims: ['N', null, 2] }
    expect(valueOf('tp')).toEqual({ type: 'type', value: tensor })
    expect(valueOf('tps')).toEqual({ type: 'types', value: [{ kind: 'sequence', element: tensor }, { kind: 'optional', element: tensor }] })
  })
  it('guesses the kind where old files do not state it', () => {
    expect(['uf', 'ui', 'us', 'uints', 'ufloats'].map((name) => valueOf(name)?.type)).toEqual(['float', 'int', 'string', 'ints', 'floats'])
  })
})

describe('tensors of every dtype', () => {
  const { initializers } = load('dtypes.onnx').graph
  const truth = JSON.parse(readFileSync(new URL('dtypes.json', GRAPHS), 'utf8')) as Record<string, { bytes: string; typed: boolean }>
  it.each(Object.entries(truth))('%s has the bytes that NumPy has', (name, { bytes, typed }) => {
    const names = [name.startsWith('extreme') ? [] : [`raw/${name}`], typed ? [`typed/${name}`] : []].flat()
    for (const key of names) {
      const tensor = initializers.get(key)
      if (!tensor || isExternal(tensor) || !ArrayBuffer.isView(tensor.data)) throw new Error(`${key} is missing`)
      expect(hex(tensor.data), key).toBe(bytes)
    }
    expect(names.length).toBeGreaterThan(0)
  })
  it('reads strings', () => expect(initializers.get('strings')).toEqual({ dtype: 'string', dims: [2], data: ['ja', 'nein ü'] }))
})

describe('structures', () => {
  const model: OnnxModel = load('structures.onnx')
  it('sorts nodes, also behind what a subgraph captures', () => expect(model.graph.nodes.map(({ name }) => name)).toEqual(['call', 'late', 'branch']))
  it('tells inputs from initializers that are listed as inputs', () => {
    expect(model.graph.inputs.map(({ name }) => name)).toEqual(['x', 'flag'])
    expect(model.graph.overridable).toEqual(['w'])
  })
  it('accepts identical duplicate imports and names the default domain one way', () => expect([...model.graph.opsets]).toEqual([['', 18], ['test', 1]]))
  it('keeps notes, annotations, types and functions', () => {
    expect(model.graph.initializerNotes?.get('w')).toMatchObject({ doc: 'ones', metadata: { layer: '1' } })
    expect(model.graph.quantization).toMatchObject([{ tensor: 'late', parameters: { SCALE_TENSOR: 'w' } }])
    expect(model.graph.valueInfo.get('map')?.type).toMatchObject({ kind: 'map', key: 'int64' })
    expect(model.graph.sparseInitializers.get('sparse')).toMatchObject({ dims: [2, 3] })
    const constant: Node = model.functions[0].nodes[0]
    expect(constant.attributes.get('value_float')).toEqual({ type: 'reference', value: 'by', of: 'float' })
    expect(model.metadata.classes).toBe('a,b')
    expect(Object.getPrototypeOf(model.metadata)).toBeNull()
  })
})

describe('memory', () => {
  it('views aligned raw data and copies the rest', () => {
    const bytes = new Uint8Array(readFileSync(new URL('digits-cnn.onnx', MODELS)))
    const tensors = [...readModel(bytes).graph.initializers.values()].filter((tensor) => !isExternal(tensor) && ArrayBuffer.isView(tensor.data))
    const viewed = tensors.filter((tensor) => !isExternal(tensor) && ArrayBuffer.isView(tensor.data) && tensor.data.buffer === bytes.buffer)
    expect(viewed.length).toBeGreaterThan(0)
  })
})

describe('refusals name what is wrong', () => {
  const tensor = (fields: Partial<TensorProto>) => fileOf({ initializer: [Object.assign(create(TensorProtoSchema), { name: 'w', dataType: 1, ...fields })] })
  it.each<[string, Uint8Array, string, RegExp]>([
    ['an empty file', new Uint8Array(), 'graph/malformed', /no graph/],
    ['text', new TextEncoder().encode('hello, this is not a model'), 'graph/malformed', /not a readable ONNX/],
    ['a cycle', fileOf({ node: [node('a', ['v'], ['u']), node('b', ['u'], ['v']), node('c', ['x'], ['y'])] }), 'graph/cycle', /"a" \(Relu\)/],
    ['an unknown input', fileOf({ node: [node('a', ['ghost'], ['y'])] }), 'graph/malformed', /"a" \(Relu\) reads "ghost"/],
    ['a value made twice', fileOf({ node: [node('a', ['x'], ['y']), node('b', ['x'], ['y'])] }), 'graph/malformed', /"y", made by Node "b"/],
    ['an output nobody makes', fileOf({ node: [] }), 'graph/malformed', /Output "y"/],
    ['a node without operator', fileOf({ node: [node('a', ['x'], ['y'], '')] }), 'graph/malformed', /"a"/],
    ['raw data of the wrong size', tensor({ dims: [3n], rawData: new Uint8Array(8) }), 'graph/malformed', /"w" has shape \[3\], which needs 12 bytes, and the file has 8/],
    ['typed data of the wrong size', tensor({ dims: [3n], floatData: [1] }), 'graph/malformed', /needs 3 stored values, and the file has 1/],
    ['a negative dimension', tensor({ dims: [-3n] }), 'graph/malformed', /impossible shape \[-3\]/],
    ['an overflowing shape', tensor({ dims: [2n ** 40n, 2n ** 40n] }), 'graph/malformed', /impossible shape/],
    ['an unknown dtype', tensor({ dims: [1n], dataType: 99 }), 'graph/dtype', /element type 99/],
    ['conflicting imports', fileOf({}, { opsetImport: [17n, 18n].map((version) => create(OperatorSetIdProtoSchema, { version })) }), 'graph/opset', /17 and 18/],
    ['no imports', fileOf({}, { opsetImport: [] }), 'graph/opset', /no operator set/],
  ])('%s', (_, bytes, code, message) => {
    const error = refusal(bytes)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })
  it('never crashes on a file cut anywhere', () => {
    const bytes = readFileSync(new URL('structures.onnx', GRAPHS))
    for (let length = 0; length < bytes.length; length++) {
      try {
        readModel(bytes.subarray(0, length))
      } catch (error) {
        expect(error).toBeInstanceOf(ProbityError)
      }
    }
  })
})

it('refuses to write a tensor whose data and dims disagree', () => {
  const model = load('structures.onnx')
  const broken = { ...model, graph: { ...model.graph, initializers: new Map([['w', { dtype: 'float32' as const, dims: [4], data: new Float32Array(3) }]]) } }
  expect(() => writeModel(broken)).toThrow(/"w" has shape \[4\]/)
})
