/** @file GraphProto, NodeProto and AttributeProto → IR. Order and scopes are checked afterwards (scopes.ts). */
import { ProbityError } from '../../contracts/errors.js'
import type { Attribute, Graph, Initializer, Node, SparseTensor, ValueType } from '../ir.js'
import { AttributeProto_AttributeType as Kind, type AttributeProto, type GraphProto, type NodeProto, type TypeProto } from '../onnx-proto.js'
import { readNamedTensor, readSparseTensor, readTensor } from './read-tensor.js'
import { readEntries, readMetadata, readType, readValueInfo } from './read-type.js'

export const domainName = (domain: string): string => (domain === 'ai.onnx' ? '' : domain)

export function describeNode(node: { name: string; opType: string; outputs: readonly string[] }): string {
  return `Node "${node.name || node.outputs.find((output) => output !== '') || '?'}" (${node.opType})`
}

export function readGraph(proto: GraphProto, opsets: ReadonlyMap<string, number>): Graph {
  const initializers = new Map<string, Initializer>()
  const notes = new Map<string, { doc?: string; metadata?: Record<string, string> }>()
  for (const tensor of proto.initializer) {
    const where = `Initializer "${tensor.name}"`
    if (tensor.name === '') throw new ProbityError('graph/malformed', 'An initializer has no name. Export the model again.')
    if (initializers.has(tensor.name)) throw new ProbityError('graph/malformed', `${where} is defined twice. Export the model again.`)
    initializers.set(tensor.name, readTensor(tensor, where))
    if (tensor.docString || tensor.metadataProps.length) notes.set(tensor.name, { ...(tensor.docString ? { doc: tensor.docString } : {}), ...readMetadata(tensor.metadataProps) })
  }
  const sparseInitializers = new Map<string, SparseTensor>()
  for (const sparse of proto.sparseInitializer) {
    const name = sparse.values?.name ?? ''
    if (name === '' || initializers.has(name) || sparseInitializers.has(name)) throw new ProbityError('graph/malformed', `Sparse initializer "${name}" has no name, or its name is taken. Export the model again.`)
    sparseInitializers.set(name, readSparseTensor(sparse, `Sparse initializer "${name}"`))
  }
  const constant = (name: string) => initializers.has(name) || sparseInitializers.has(name)
  const inputs = proto.input.map(readValueInfo)
  return {
    name: proto.name,
    inputs: inputs.filter(({ name }) => !constant(name)),
    overridable: inputs.filter(({ name }) => constant(name)).map(({ name }) => name),
    outputs: proto.output.map(readValueInfo),
    nodes: proto.node.map((node) => readNode(node, opsets)),
    initializers,
    sparseInitializers,
    ...(notes.size ? { initializerNotes: notes } : {}),
    valueInfo: new Map(proto.valueInfo.map((info) => [info.name, readValueInfo(info)])),
    opsets,
    ...(proto.docString ? { doc: proto.docString } : {}),
    ...readMetadata(proto.metadataProps),
    ...(proto.quantizationAnnotation.length
      ? { quantization: proto.quantizationAnnotation.map((annotation) => ({ tensor: annotation.tensorName, parameters: readEntries(annotation.quantParameterTensorNames) })) }
      : {}),
  }
}

export function readNode(proto: NodeProto, opsets: ReadonlyMap<string, number>): Node {
  const where = describeNode({ name: proto.name, opType: proto.opType, outputs: proto.output })
  if (proto.opType === '') throw new ProbityError('graph/malformed', `${where} has no operator. The file is damaged: export the model again.`)
  const attributes = new Map<string, Attribute>()
  for (const attribute of proto.attribute) {
    if (attribute.name === '' || attributes.has(attribute.name)) throw new ProbityError('graph/malformed', `${where} has an attribute "${attribute.name}" that is unnamed or given twice. Export the model again.`)
    attributes.set(attribute.name, readAttribute(attribute, opsets, `${where}, attribute "${attribute.name}"`))
  }
  return {
    name: proto.name,
    opType: proto.opType,
    domain: domainName(proto.domain),
    ...(proto.overload ? { overload: proto.overload } : {}),
    inputs: proto.input,
    outputs: proto.output,
    attributes,
    ...(proto.docString ? { doc: proto.docString } : {}),
    ...readMetadata(proto.metadataProps),
  }
}

const KINDS = {
  [Kind.UNDEFINED]: 'undefined', [Kind.FLOAT]: 'float', [Kind.INT]: 'int', [Kind.STRING]: 'string', [Kind.TENSOR]: 'tensor', [Kind.GRAPH]: 'graph',
  [Kind.SPARSE_TENSOR]: 'sparse-tensor', [Kind.TYPE_PROTO]: 'type', [Kind.FLOATS]: 'floats', [Kind.INTS]: 'ints', [Kind.STRINGS]: 'strings',
  [Kind.TENSORS]: 'tensors', [Kind.GRAPHS]: 'graphs', [Kind.SPARSE_TENSORS]: 'sparse-tensors', [Kind.TYPE_PROTOS]: 'types',
} as const
type KindName = (typeof KINDS)[Kind]

export function readAttribute(proto: AttributeProto, opsets: ReadonlyMap<string, number>, where: string): Attribute {
  const type: KindName | undefined = KINDS[proto.type]
  if (proto.refAttrName !== '') return { type: 'reference', value: proto.refAttrName, of: type ?? 'undefined' }
  switch (type === 'undefined' ? guessKind(proto) : type) {
    case 'float': return { type: 'float', value: proto.f }
    case 'int': return { type: 'int', value: proto.i }
    case 'string': return { type: 'string', value: proto.s }
    case 'tensor': return { type: 'tensor', value: readNamedTensor(present(proto.t, where), where) }
    case 'graph': return { type: 'graph', value: readGraph(present(proto.g, where), opsets) }
    case 'sparse-tensor': return { type: 'sparse-tensor', value: readSparseTensor(present(proto.sparseTensor, where), where) }
    case 'type': return { type: 'type', value: requireType(present(proto.tp, where), where) }
    case 'floats': return { type: 'floats', value: proto.floats }
    case 'ints': return { type: 'ints', value: proto.ints }
    case 'strings': return { type: 'strings', value: proto.strings }
    case 'tensors': return { type: 'tensors', value: proto.tensors.map((tensor) => readNamedTensor(tensor, where)) }
    case 'graphs': return { type: 'graphs', value: proto.graphs.map((graph) => readGraph(graph, opsets)) }
    case 'sparse-tensors': return { type: 'sparse-tensors', value: proto.sparseTensors.map((tensor) => readSparseTensor(tensor, where)) }
    case 'types': return { type: 'types', value: proto.typeProtos.map((inner) => requireType(inner, where)) }
    default: throw new ProbityError('graph/malformed', `${where} has the unknown type ${proto.type}. Export the model with an ONNX version up to 1.23.`)
  }
}

/** Files of IR version 1 carry no attribute type: the field that is filled tells. Nothing filled is an empty list of integers, as in `axes = []`. */
function guessKind(proto: AttributeProto): KindName {
  const set = (field: keyof AttributeProto) => Object.hasOwn(proto, field)
  if (set('f')) return 'float'
  if (set('i')) return 'int'
  if (set('s')) return 'string'
  if (proto.t) return 'tensor'
  if (proto.g) return 'graph'
  if (proto.sparseTensor) return 'sparse-tensor'
  if (proto.tp) return 'type'
  if (proto.floats.length) return 'floats'
  if (proto.strings.length) return 'strings'
  if (proto.tensors.length) return 'tensors'
  if (proto.graphs.length) return 'graphs'
  if (proto.sparseTensors.length) return 'sparse-tensors'
  if (proto.typeProtos.length) return 'types'
  return 'ints'
}

function present<T>(value: T | undefined, where: string): T {
  if (value === undefined) throw new ProbityError('graph/malformed', `${where} announces a value and has none. Export the model again.`)
  return value
}

function requireType(proto: TypeProto, where: string): ValueType {
  const type = readType(proto, where)
  if (type === null) throw new ProbityError('graph/malformed', `${where} is an incomplete type. Export the model again.`)
  return type
}
