/** @file IR → ONNX file. */
import { create } from '@bufbuild/protobuf'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { FunctionDefinition, OnnxModel } from '../ir.js'
import { FunctionProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema, type FunctionProto, type OperatorSetIdProto } from '../onnx-proto.js'
import { assemble } from './assemble.js'
import { writeAttribute, writeGraph, writeNode } from './write-graph.js'
import { writeEntries, writeValueInfo } from './write-type.js'

/**
 * Writes an ONNX file that `readModel` reads back to an equal model.
 *
 * @throws ProbityError `graph/initializer-size` when a tensor's data and dims disagree, `graph/unwritable` when a value has no place in the format
 */
export function writeModel(model: OnnxModel): Uint8Array {
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    opsetImport: writeOpsets(model.graph.opsets),
    ...(model.producerName ? { producerName: model.producerName } : {}),
    ...(model.producerVersion ? { producerVersion: model.producerVersion } : {}),
    ...(model.domain ? { domain: model.domain } : {}),
    ...(model.modelVersion ? { modelVersion: model.modelVersion } : {}),
    ...(model.doc ? { docString: model.doc } : {}),
    metadataProps: writeEntries(model.metadata),
    functions: model.functions.map(writeFunction),
  })
  const graph = writeGraph(model.graph)
  try {
    return assemble(proto, graph)
  } catch (error) {
    throw new ProbityError('graph/unwritable', `The model cannot be written as ONNX: ${messageOf(error)}`, { cause: error })
  }
}

function writeFunction(definition: FunctionDefinition): FunctionProto {
  return create(FunctionProtoSchema, {
    name: definition.name,
    domain: definition.domain,
    ...(definition.overload ? { overload: definition.overload } : {}),
    input: [...definition.inputs],
    output: [...definition.outputs],
    attribute: [...definition.attributes],
    attributeProto: [...definition.attributeDefaults].map(([name, attribute]) => writeAttribute(name, attribute)),
    node: definition.nodes.map(writeNode),
    opsetImport: writeOpsets(definition.opsets),
    valueInfo: [...definition.valueInfo.values()].map(writeValueInfo),
    ...(definition.doc ? { docString: definition.doc } : {}),
    metadataProps: writeEntries(definition.metadata),
  })
}

function writeOpsets(opsets: ReadonlyMap<string, number>): OperatorSetIdProto[] {
  return [...opsets].map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }))
}
