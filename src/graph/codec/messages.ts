/** @file The messages of onnx.proto that Probity reads and writes; numbers and names are those of the generated descriptor. */
import type * as proto from '../onnx-proto.js'
import { defineMessage, type Field, type Scalar, type Schema } from './protobuf.js'

type Kind = Field['kind']
const field = (number: number, name: string, kind: Kind, oneof: string | null = null): Field => ({ number, name, kind, repeated: false, oneof })
const list = (number: number, name: string, kind: Kind): Field => ({ number, name, kind, repeated: true, oneof: null })
const strings = (entries: Readonly<Record<string, number>>, kind: Scalar = 'string'): Field[] => Object.entries(entries).map(([name, number]) => field(number, name, kind))
const metadata = (number: number): Field => list(number, 'metadataProps', () => StringStringEntryProtoSchema)

export const StringStringEntryProtoSchema: Schema<proto.StringStringEntryProto> = defineMessage(strings({ key: 1, value: 2 }))
export const OperatorSetIdProtoSchema: Schema<proto.OperatorSetIdProto> = defineMessage([field(1, 'domain', 'string'), field(2, 'version', 'int64')])

export const TensorShapeProto_DimensionSchema: Schema<proto.TensorShapeProto_Dimension> = defineMessage([field(1, 'dimValue', 'int64', 'value'), field(2, 'dimParam', 'string', 'value')])
export const TensorShapeProtoSchema: Schema<proto.TensorShapeProto> = defineMessage([list(1, 'dim', () => TensorShapeProto_DimensionSchema)])
const tensorType = [field(1, 'elemType', 'int32'), field(2, 'shape', () => TensorShapeProtoSchema)]
export const TypeProto_TensorSchema: Schema<proto.TypeProto_Tensor> = defineMessage(tensorType)
export const TypeProto_SparseTensorSchema: Schema<proto.TypeProto_SparseTensor> = defineMessage(tensorType)
export const TypeProto_SequenceSchema: Schema<proto.TypeProto_Sequence> = defineMessage([field(1, 'elemType', () => TypeProtoSchema)])
export const TypeProto_OptionalSchema: Schema<proto.TypeProto_Optional> = defineMessage([field(1, 'elemType', () => TypeProtoSchema)])
export const TypeProto_MapSchema: Schema<proto.TypeProto_Map> = defineMessage([field(1, 'keyType', 'int32'), field(2, 'valueType', () => TypeProtoSchema)])
export const TypeProto_OpaqueSchema: Schema<proto.TypeProto_Opaque> = defineMessage(strings({ domain: 1, name: 2 }))
export const TypeProtoSchema: Schema<proto.TypeProto> = defineMessage([
  field(1, 'tensorType', () => TypeProto_TensorSchema, 'value'), field(4, 'sequenceType', () => TypeProto_SequenceSchema, 'value'), field(5, 'mapType', () => TypeProto_MapSchema, 'value'),
  field(7, 'opaqueType', () => TypeProto_OpaqueSchema, 'value'), field(8, 'sparseTensorType', () => TypeProto_SparseTensorSchema, 'value'), field(9, 'optionalType', () => TypeProto_OptionalSchema, 'value'),
])
export const ValueInfoProtoSchema: Schema<proto.ValueInfoProto> = defineMessage([field(1, 'name', 'string'), field(2, 'type', () => TypeProtoSchema), field(3, 'docString', 'string'), metadata(4)])

/** Segments are read only to be refused. */
const SegmentSchema: Schema<proto.TensorProto_Segment> = defineMessage([field(1, 'begin', 'int64'), field(2, 'end', 'int64')])
export const TensorProtoSchema: Schema<proto.TensorProto> = defineMessage([
  list(1, 'dims', 'int64'), field(2, 'dataType', 'int32'), field(3, 'segment', () => SegmentSchema), list(4, 'floatData', 'float'), list(5, 'int32Data', 'int32'), list(6, 'stringData', 'bytes'),
  list(7, 'int64Data', 'int64'), field(8, 'name', 'string'), field(9, 'rawData', 'bytes'), list(10, 'doubleData', 'double'), list(11, 'uint64Data', 'uint64'), field(12, 'docString', 'string'),
  list(13, 'externalData', () => StringStringEntryProtoSchema), field(14, 'dataLocation', 'int32'), metadata(16),
])
export const SparseTensorProtoSchema: Schema<proto.SparseTensorProto> = defineMessage([field(1, 'values', () => TensorProtoSchema), field(2, 'indices', () => TensorProtoSchema), list(3, 'dims', 'int64')])

export const AttributeProtoSchema: Schema<proto.AttributeProto> = defineMessage([
  field(1, 'name', 'string'), field(2, 'f', 'float'), field(3, 'i', 'int64'), field(4, 's', 'bytes'), field(5, 't', () => TensorProtoSchema), field(6, 'g', () => GraphProtoSchema),
  list(7, 'floats', 'float'), list(8, 'ints', 'int64'), list(9, 'strings', 'bytes'), list(10, 'tensors', () => TensorProtoSchema), list(11, 'graphs', () => GraphProtoSchema),
  field(14, 'tp', () => TypeProtoSchema), list(15, 'typeProtos', () => TypeProtoSchema), field(20, 'type', 'int32'), field(21, 'refAttrName', 'string'),
  field(22, 'sparseTensor', () => SparseTensorProtoSchema), list(23, 'sparseTensors', () => SparseTensorProtoSchema),
])
export const NodeProtoSchema: Schema<proto.NodeProto> = defineMessage([
  list(1, 'input', 'string'), list(2, 'output', 'string'), ...strings({ name: 3, opType: 4 }), list(5, 'attribute', () => AttributeProtoSchema), ...strings({ docString: 6, domain: 7, overload: 8 }), metadata(9),
])
export const TensorAnnotationSchema: Schema<proto.TensorAnnotation> = defineMessage([field(1, 'tensorName', 'string'), list(2, 'quantParameterTensorNames', () => StringStringEntryProtoSchema)])
export const GraphProtoSchema: Schema<proto.GraphProto> = defineMessage([
  list(1, 'node', () => NodeProtoSchema), field(2, 'name', 'string'), list(5, 'initializer', () => TensorProtoSchema), field(10, 'docString', 'string'), list(11, 'input', () => ValueInfoProtoSchema),
  list(12, 'output', () => ValueInfoProtoSchema), list(13, 'valueInfo', () => ValueInfoProtoSchema), list(14, 'quantizationAnnotation', () => TensorAnnotationSchema),
  list(15, 'sparseInitializer', () => SparseTensorProtoSchema), metadata(16),
])
export const FunctionProtoSchema: Schema<proto.FunctionProto> = defineMessage([
  field(1, 'name', 'string'), list(4, 'input', 'string'), list(5, 'output', 'string'), list(6, 'attribute', 'string'), list(7, 'node', () => NodeProtoSchema), field(8, 'docString', 'string'),
  list(9, 'opsetImport', () => OperatorSetIdProtoSchema), field(10, 'domain', 'string'), list(11, 'attributeProto', () => AttributeProtoSchema), list(12, 'valueInfo', () => ValueInfoProtoSchema),
  field(13, 'overload', 'string'), metadata(14),
])
export const ModelProtoSchema: Schema<proto.ModelProto> = defineMessage([
  field(1, 'irVersion', 'int64'), ...strings({ producerName: 2, producerVersion: 3, domain: 4 }), field(5, 'modelVersion', 'int64'), field(6, 'docString', 'string'), field(7, 'graph', () => GraphProtoSchema),
  list(8, 'opsetImport', () => OperatorSetIdProtoSchema), metadata(14), list(25, 'functions', () => FunctionProtoSchema),
])

/** AttributeProto.AttributeType */
export const ATTRIBUTE_TYPES = {
  float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10, 'sparse-tensor': 11, 'sparse-tensors': 12, type: 13, types: 14,
} as const
/** TensorProto.DataLocation */
export const EXTERNAL_LOCATION = 1
