/** @file ONNX file → IR. */
import { fromBinary } from '@bufbuild/protobuf'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Attribute, FunctionDefinition, OnnxModel } from '../ir.js'
import { ModelProtoSchema, type FunctionProto, type ModelProto, type OperatorSetIdProto } from '../onnx-proto.js'
import { domainName, readAttribute, readGraph, readNode } from './read-graph.js'
import { readEntries, readMetadata, readValueInfo } from './read-type.js'
import { settleGraph, settleNodes } from './scopes.js'

/**
 * Reads an ONNX file. Nodes come out sorted; initializers view `bytes` where alignment permits, so `bytes` must not change afterwards.
 *
 * What only training runtimes and device placement need (training_info, device configurations, denotations) is not kept.
 *
 * @throws ProbityError `graph/malformed`, `graph/dtype`, `graph/opset` or `graph/unsupported`, naming the node or initializer
 */
export function readModel(bytes: Uint8Array): OnnxModel {
  const proto = parse(bytes)
  if (!proto.graph) throw new ProbityError('graph/malformed', 'The file has no graph: it is empty, or not an ONNX model. Give a file that an ONNX exporter wrote.')
  const opsets = readOpsets(proto.opsetImport, 'The model', proto.irVersion < 3n)
  return {
    irVersion: Number(proto.irVersion),
    producerName: proto.producerName,
    producerVersion: proto.producerVersion,
    domain: proto.domain,
    modelVersion: proto.modelVersion,
    doc: proto.docString,
    metadata: readEntries(proto.metadataProps),
    graph: settleGraph(readGraph(proto.graph, opsets)),
    functions: proto.functions.map((definition) => readFunction(definition, opsets)),
  }
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    // A Buffer's subarrays are Buffers, which would leak into the IR. Unknown fields are what newer ONNX versions add: nothing reads them.
    return fromBinary(ModelProtoSchema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), { readUnknownFields: false })
  } catch (error) {
    throw new ProbityError('graph/malformed', `The file is not a readable ONNX model (${messageOf(error)}). It is damaged, cut, or of another format: export the model again.`, { cause: error })
  }
}

function readOpsets(imports: readonly OperatorSetIdProto[], where: string, mayBeAbsent: boolean): Map<string, number> {
  const opsets = new Map<string, number>()
  for (const { domain, version } of imports) {
    const name = domainName(domain)
    const known = opsets.get(name)
    if (known !== undefined && known !== Number(version)) throw new ProbityError('graph/opset', `${where} imports versions ${known} and ${version} of the operator set "${name || 'ai.onnx'}". Export the model again with one.`)
    opsets.set(name, Number(version))
  }
  // Before IR version 3 there were no imports, and version 1 was meant.
  if (opsets.size === 0 && mayBeAbsent) opsets.set('', 1)
  if (opsets.size === 0) throw new ProbityError('graph/opset', `${where} imports no operator set, so its nodes have no meaning. Export the model again.`)
  return opsets
}

function readFunction(proto: FunctionProto, modelOpsets: ReadonlyMap<string, number>): FunctionDefinition {
  const where = `Function "${proto.domain}.${proto.name}"`
  const opsets = proto.opsetImport.length ? readOpsets(proto.opsetImport, where, false) : modelOpsets
  const own = new Set(proto.input)
  const attributeDefaults = new Map<string, Attribute>()
  for (const attribute of proto.attributeProto) attributeDefaults.set(attribute.name, readAttribute(attribute, opsets, `${where}, attribute "${attribute.name}"`))
  const nodes = settleNodes(proto.node.map((node) => readNode(node, opsets)), own, new Set(own))
  for (const output of proto.output) {
    if (!own.has(output)) throw new ProbityError('graph/malformed', `${where}: output "${output}" is made by no node. Export the model again.`)
  }
  return {
    name: proto.name,
    domain: domainName(proto.domain),
    ...(proto.overload ? { overload: proto.overload } : {}),
    inputs: proto.input,
    outputs: proto.output,
    attributes: proto.attribute,
    attributeDefaults,
    nodes,
    opsets,
    valueInfo: new Map(proto.valueInfo.map((info) => [info.name, readValueInfo(info)])),
    ...(proto.docString ? { doc: proto.docString } : {}),
    ...readMetadata(proto.metadataProps),
  }
}
