/** @file IR types and value infos → TypeProto and ValueInfoProto. */
import { create } from '@bufbuild/protobuf'
import type { Dim } from '../../contracts/model.js'
import type { ValueInfo, ValueType } from '../ir.js'
import {
  StringStringEntryProtoSchema, TensorShapeProto_DimensionSchema, TensorShapeProtoSchema, TypeProto_MapSchema, TypeProto_OptionalSchema, TypeProto_SequenceSchema, TypeProto_SparseTensorSchema,
  TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema, type StringStringEntryProto, type TypeProto, type ValueInfoProto,
} from '../onnx-proto.js'
import { dataTypeNumber } from './data-types.js'

export function writeValueInfo(info: ValueInfo): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name: info.name,
    ...(info.type ? { type: writeType(info.type) } : {}),
    ...(info.doc ? { docString: info.doc } : {}),
    metadataProps: writeEntries(info.metadata),
  })
}

export function writeType(type: ValueType): TypeProto {
  return create(TypeProtoSchema, { value: writeCase(type) })
}

function writeCase(type: ValueType): TypeProto['value'] {
  switch (type.kind) {
    case 'tensor': return { case: 'tensorType', value: create(TypeProto_TensorSchema, tensorFields(type)) }
    case 'sparse-tensor': return { case: 'sparseTensorType', value: create(TypeProto_SparseTensorSchema, tensorFields(type)) }
    case 'sequence': return { case: 'sequenceType', value: create(TypeProto_SequenceSchema, { elemType: writeType(type.element) }) }
    case 'optional': return { case: 'optionalType', value: create(TypeProto_OptionalSchema, { elemType: writeType(type.element) }) }
    case 'map': return { case: 'mapType', value: create(TypeProto_MapSchema, { keyType: dataTypeNumber(type.key), valueType: writeType(type.value) }) }
  }
}

function tensorFields({ dtype, dims }: Extract<ValueType, { kind: 'tensor' | 'sparse-tensor' }>) {
  const elemType = dataTypeNumber(dtype)
  return dims === null ? { elemType } : { elemType, shape: create(TensorShapeProtoSchema, { dim: dims.map(writeDim) }) }
}

function writeDim(dim: Dim) {
  if (dim === null) return create(TensorShapeProto_DimensionSchema)
  return create(TensorShapeProto_DimensionSchema, { value: typeof dim === 'number' ? { case: 'dimValue', value: BigInt(dim) } : { case: 'dimParam', value: dim } })
}

export function writeEntries(record: Readonly<Record<string, string>> | undefined): StringStringEntryProto[] {
  return Object.entries(record ?? {}).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }))
}
