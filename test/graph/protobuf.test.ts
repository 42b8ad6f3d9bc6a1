import { readdirSync, readFileSync } from 'node:fs'
import { fromBinary, ScalarType, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import * as tables from '../../src/graph/codec/messages.js'
import { create, decode, encode, type Schema } from '../../src/graph/codec/protobuf.js'
import * as generated from '../../src/graph/onnx-proto.js'

const FOLDERS = [new URL('../fixtures/models/', import.meta.url), new URL('../fixtures/graph/', import.meta.url)]
const FILES = FOLDERS.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.onnx')).map((name) => [name, readFileSync(new URL(name, folder))] as const))
const SCALARS: Partial<Record<ScalarType, string>> = { [ScalarType.STRING]: 'string', [ScalarType.BYTES]: 'bytes', [ScalarType.INT32]: 'int32', [ScalarType.INT64]: 'int64', [ScalarType.UINT64]: 'uint64', [ScalarType.FLOAT]: 'float', [ScalarType.DOUBLE]: 'double' }
const schemas = Object.entries(tables).flatMap(([name, table]): [string, Schema][] => (typeof table === 'object' && 'fields' in table ? [[name, table]] : []))

describe('tables against the generated descriptor', () => {
  it.each(schemas)('%s', (name, schema) => {
    const { fields } = (generated as unknown as Record<string, DescMessage>)[name]
    for (const { number, name: field, kind, repeated, oneof } of schema.fields) {
      const truth = fields.find((one) => one.number === number)
      expect(truth?.localName, `${name} field ${number}`).toBe(field)
      expect(truth?.fieldKind === 'list').toBe(repeated)
      expect(truth?.oneof?.localName ?? null).toBe(oneof)
      const type = truth?.enum ? 'int32' : truth?.scalar !== undefined ? SCALARS[truth.scalar] : truth?.message?.name
      const stated = typeof kind === 'string' ? kind : schemas.find(([, other]) => other === kind())?.[0].replace('Schema', '').split('_').at(-1) ?? 'Segment'
      expect(stated, `${name}.${field}`).toBe(type)
    }
  })
  it('leave out only what Probity does not keep', () => {
    const missing = schemas.flatMap(([name, schema]) => (generated as unknown as Record<string, DescMessage>)[name].fields.filter(({ number }) => !schema.byNumber.has(number)).map((field) => `${name}.${field.localName}`))
    expect(missing.sort()).toEqual([
      'AttributeProtoSchema.docString', 'ModelProtoSchema.configuration', 'ModelProtoSchema.trainingInfo', 'NodeProtoSchema.deviceConfigurations', 'TensorShapeProto_DimensionSchema.denotation', 'TypeProtoSchema.denotation',
    ])
  })
})

describe('bytes against the library', () => {
  it.each(FILES)('%s: what is written here, the library reads as what it read before', (_, bytes) => {
    const written = encode(tables.ModelProtoSchema, decode(tables.ModelProtoSchema, new Uint8Array(bytes)))
    const options = { readUnknownFields: false }
    expect(toBinary(generated.ModelProtoSchema, fromBinary(generated.ModelProtoSchema, written, options))).toEqual(toBinary(generated.ModelProtoSchema, fromBinary(generated.ModelProtoSchema, bytes, options)))
  })

  it.each([0n, 1n, 127n, 128n, 2n ** 31n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n, -(2n ** 53n) - 1n, -(2n ** 63n)])('int64 %s', (value) => {
    const bytes = encode(tables.AttributeProtoSchema, create(tables.AttributeProtoSchema, { i: value, ints: [value, 5n] }))
    expect(bytes).toEqual(toBinary(generated.AttributeProtoSchema, fromBinary(generated.AttributeProtoSchema, bytes)))
    expect(decode(tables.AttributeProtoSchema, bytes)).toMatchObject({ i: value, ints: [value, 5n] })
  })
  it('merges a message that occurs twice, as protobuf does', () => {
    const part = (name: string, dims: bigint[]) => encode(tables.AttributeProtoSchema, create(tables.AttributeProtoSchema, { t: create(tables.TensorProtoSchema, { name, dims }) }))
    const bytes = Buffer.concat([part('a', [1n]), part('b', [2n])])
    const truth = fromBinary(generated.AttributeProtoSchema, bytes)
    expect(decode(tables.AttributeProtoSchema, bytes).t).toMatchObject({ name: truth.t?.name, dims: truth.t?.dims })
  })
  it('refuses a field of the wrong wire type and messages nested without end', () => {
    expect(() => decode(tables.NodeProtoSchema, Uint8Array.of(3 * 8, 1))).toThrow(/another type/)
    let type = create(tables.TypeProtoSchema)
    for (let i = 0; i < 60; i++) type = create(tables.TypeProtoSchema, { value: { case: 'sequenceType', value: create(tables.TypeProto_SequenceSchema, { elemType: type }) } })
    expect(() => decode(tables.TypeProtoSchema, encode(tables.TypeProtoSchema, type))).toThrow(/nested more than 100 deep/)
  })
})
