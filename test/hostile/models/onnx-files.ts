/** @file Writes ONNX files as they should not be: messages are put together freely, whatever they mean. */
import { create, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProtoSchema, FunctionProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, StringStringEntryProtoSchema, TensorProtoSchema,
  TensorShapeProto_DimensionSchema, TensorShapeProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema,
  type AttributeProto, type FunctionProto, type GraphProto, type ModelProto, type NodeProto, type TensorProto, type ValueInfoProto,
} from '../../../src/graph/onnx-proto.js'

export const FLOAT = 1
export const INT64 = 7
export const STRING = 8
export const BOOL = 9

type Plain<Message> = Partial<Omit<Message, '$typeName' | '$unknown'>>

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Attribute from a value: whole numbers, lists of them, text, tensors, graphs; `{ floats }` and the like for the rest. */
export function attribute(name: string, value: number | bigint | readonly (number | bigint)[] | string | TensorProto | GraphProto | Plain<AttributeProto>): AttributeProto {
  if (typeof value === 'number' || typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: 2, i: BigInt(value) })
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: 3, s: bytesOf(value) })
  if (Array.isArray(value)) return create(AttributeProtoSchema, { name, type: 7, ints: value.map(BigInt) })
  if ('$typeName' in value && value.$typeName === 'onnx.TensorProto') return create(AttributeProtoSchema, { name, type: 4, t: value as TensorProto })
  if ('$typeName' in value && value.$typeName === 'onnx.GraphProto') return create(AttributeProtoSchema, { name, type: 5, g: value as GraphProto })
  return create(AttributeProtoSchema, { name, ...(value as Plain<AttributeProto>) })
}

export const node = (opType: string, input: string[], output: string | string[], attributes: Readonly<Record<string, Parameters<typeof attribute>[1]>> = {}, more: Plain<NodeProto> = {}): NodeProto =>
  create(NodeProtoSchema, { opType, input, output: typeof output === 'string' ? [output] : output, attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)), ...more })

export const tensor = (name: string, dims: readonly (number | bigint)[], fields: Plain<TensorProto> = {}): TensorProto => create(TensorProtoSchema, { name, dataType: FLOAT, dims: dims.map(BigInt), ...fields })
export const floats = (name: string, values: readonly number[], dims: readonly number[] = [values.length]): TensorProto => tensor(name, dims, { floatData: [...values] })
export const int64s = (name: string, values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): TensorProto => tensor(name, dims, { dataType: INT64, int64Data: values.map(BigInt) })
export const bool = (name: string, value: boolean): TensorProto => tensor(name, [], { dataType: BOOL, int32Data: [Number(value)] })
/** Data in another file. */
export const outside = (name: string, dims: readonly number[], entries: Readonly<Record<string, string>> | readonly (readonly [string, string])[]): TensorProto =>
  tensor(name, dims, { dataLocation: 1, externalData: (Array.isArray(entries) ? entries : Object.entries(entries)).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })) })

export const value = (name: string, dims: readonly (number | bigint | string)[] | null, elemType = FLOAT): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType,
          ...(dims && { shape: create(TensorShapeProtoSchema, { dim: dims.map((dim) => create(TensorShapeProto_DimensionSchema, { value: typeof dim === 'string' ? { case: 'dimParam', value: dim } : { case: 'dimValue', value: BigInt(dim) } })) }) }),
        }),
      },
    }),
  })

export const graph = (nodes: NodeProto[], fields: Plain<GraphProto> = {}): GraphProto => create(GraphProtoSchema, { name: 'g', node: nodes, ...fields })
export const functionOf = (name: string, input: string[], output: string[], nodes: NodeProto[], more: Plain<FunctionProto> = {}): FunctionProto =>
  create(FunctionProtoSchema, { name, domain: 'own', input, output, node: nodes, opsetImport: [create(OperatorSetIdProtoSchema, { version: 18n }), create(OperatorSetIdProtoSchema, { domain: 'own', version: 1n })], ...more })

export const metadata = (entries: Readonly<Record<string, string>>): ModelProto['metadataProps'] => Object.entries(entries).map(([key, text]) => create(StringStringEntryProtoSchema, { key, value: text }))

const IMPORTS = [['', 18], ['ai.onnx.ml', 3], ['com.microsoft', 1], ['own', 1]] as const

/** A file around a graph, which gets the input x [N, 2] and the output y [N, 2] unless it has its own. */
export function file(main: GraphProto, more: Plain<ModelProto> = {}): Uint8Array {
  const whole = { ...main, input: main.input.length > 0 ? main.input : [value('x', ['N', 2])], output: main.output.length > 0 ? main.output : [value('y', ['N', 2])] }
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport: IMPORTS.map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) })), graph: whole, ...more }))
}

/** A scalar of what `name` makes, added to x: y stays [N, 2] whatever comes before. */
export const intoY = (name: string): NodeProto[] => [node('ReduceMax', [name], 'the most', { keepdims: 0 }), node('Add', ['x', 'the most'], 'y')]

// ---- protobuf by hand, for what no schema writes

export function varint(number: number | bigint): number[] {
  const bytes: number[] = []
  for (let rest = BigInt.asUintN(64, BigInt(number)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 127n) | 128)
  }
}
/** One field with bytes inside. */
export const field = (number: number, content: Uint8Array | readonly number[]): Uint8Array => Buffer.concat([Buffer.from(varint(number * 8 + 2)), Buffer.from(varint(content.length)), content instanceof Uint8Array ? content : Buffer.from(content)])
