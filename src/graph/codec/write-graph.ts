/** @file IR graphs, nodes and attributes → GraphProto, NodeProto and AttributeProto. */
import { create } from '@bufbuild/protobuf'
import type { Attribute, Graph, Node, ValueInfo } from '../ir.js'
import {
  AttributeProto_AttributeType as Kind, AttributeProtoSchema, GraphProtoSchema, NodeProtoSchema, TensorAnnotationSchema, type AttributeProto, type GraphProto, type NodeProto, type TensorProto,
} from '../onnx-proto.js'
import { writeSparseTensor, writeTensor } from './write-tensor.js'
import { writeEntries, writeType, writeValueInfo } from './write-type.js'

export function writeGraph(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    input: [...graph.inputs, ...graph.overridable.map((name) => overridableInput(graph, name))].map(writeValueInfo),
    output: graph.outputs.map(writeValueInfo),
    node: graph.nodes.map(writeNode),
    initializer: [...graph.initializers].map(([name, initializer]): TensorProto => {
      const notes = graph.initializerNotes?.get(name)
      return Object.assign(writeTensor(initializer, name), { ...(notes?.doc ? { docString: notes.doc } : {}), metadataProps: writeEntries(notes?.metadata) })
    }),
    sparseInitializer: [...graph.sparseInitializers].map(([name, sparse]) => writeSparseTensor(sparse, name)),
    valueInfo: [...graph.valueInfo.values()].map(writeValueInfo),
    ...(graph.doc ? { docString: graph.doc } : {}),
    metadataProps: writeEntries(graph.metadata),
    quantizationAnnotation: (graph.quantization ?? []).map(({ tensor, parameters }) =>
      create(TensorAnnotationSchema, { tensorName: tensor, quantParameterTensorNames: writeEntries(parameters) })),
  })
}

function overridableInput(graph: Graph, name: string): ValueInfo {
  const tensor = graph.initializers.get(name)
  if (tensor) return { name, type: { kind: 'tensor', dtype: tensor.dtype, dims: tensor.dims } }
  const sparse = graph.sparseInitializers.get(name)
  return { name, type: sparse ? { kind: 'sparse-tensor', dtype: sparse.values.dtype, dims: sparse.dims } : null }
}

export function writeNode(node: Node): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.opType,
    ...(node.domain ? { domain: node.domain } : {}),
    ...(node.overload ? { overload: node.overload } : {}),
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, attribute]) => writeAttribute(name, attribute)),
    ...(node.doc ? { docString: node.doc } : {}),
    metadataProps: writeEntries(node.metadata),
  })
}

const KINDS: Readonly<Record<string, Kind>> = {
  float: Kind.FLOAT, int: Kind.INT, string: Kind.STRING, tensor: Kind.TENSOR, graph: Kind.GRAPH, 'sparse-tensor': Kind.SPARSE_TENSOR, type: Kind.TYPE_PROTO,
  floats: Kind.FLOATS, ints: Kind.INTS, strings: Kind.STRINGS, tensors: Kind.TENSORS, graphs: Kind.GRAPHS, 'sparse-tensors': Kind.SPARSE_TENSORS, types: Kind.TYPE_PROTOS,
}

export function writeAttribute(name: string, attribute: Attribute): AttributeProto {
  if (attribute.type === 'reference') return create(AttributeProtoSchema, { name, refAttrName: attribute.value, type: KINDS[attribute.of] ?? Kind.UNDEFINED })
  const proto = create(AttributeProtoSchema, { name, type: KINDS[attribute.type] })
  switch (attribute.type) {
    case 'float': proto.f = attribute.value; break
    case 'int': proto.i = attribute.value; break
    case 'string': proto.s = attribute.value; break
    case 'tensor': proto.t = writeTensor(attribute.value, attribute.value.name ?? ''); break
    case 'graph': proto.g = writeGraph(attribute.value); break
    case 'sparse-tensor': proto.sparseTensor = writeSparseTensor(attribute.value, attribute.value.values.name ?? ''); break
    case 'type': proto.tp = writeType(attribute.value); break
    case 'floats': proto.floats = [...attribute.value]; break
    case 'ints': proto.ints = [...attribute.value]; break
    case 'strings': proto.strings = [...attribute.value]; break
    case 'tensors': proto.tensors = attribute.value.map((tensor) => writeTensor(tensor, tensor.name ?? '')); break
    case 'graphs': proto.graphs = attribute.value.map(writeGraph); break
    case 'sparse-tensors': proto.sparseTensors = attribute.value.map((tensor) => writeSparseTensor(tensor, tensor.values.name ?? '')); break
    case 'types': proto.typeProtos = attribute.value.map(writeType); break
  }
  return proto
}
