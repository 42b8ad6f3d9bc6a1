/** @file TypeProto and ValueInfoProto → IR. */
import { ProbityError } from '../../contracts/errors.js'
import type { Dim } from '../../contracts/model.js'
import type { ValueInfo, ValueType } from '../ir.js'
import type { StringStringEntryProto, TensorShapeProto, TypeProto, ValueInfoProto } from '../onnx-proto.js'
import { dtypeOfNumber, requireDType } from './data-types.js'

export function readValueInfo(proto: ValueInfoProto): ValueInfo {
  return {
    name: proto.name,
    type: proto.type ? readType(proto.type, `Value "${proto.name}"`) : null,
    ...(proto.docString ? { doc: proto.docString } : {}),
    ...readMetadata(proto.metadataProps),
  }
}

/** null where the file leaves the type open. */
export function readType(proto: TypeProto, where: string): ValueType | null {
  const { value } = proto
  switch (value.case) {
    case undefined:
      return null
    case 'tensorType':
    case 'sparseTensorType': {
      const dtype = value.value.elemType === 0 ? null : requireDType(value.value.elemType, where)
      if (dtype === null) return null
      return { kind: value.case === 'tensorType' ? 'tensor' : 'sparse-tensor', dtype, dims: value.value.shape ? readShape(value.value.shape) : null }
    }
    case 'sequenceType':
    case 'optionalType': {
      const element = value.value.elemType ? readType(value.value.elemType, where) : null
      return element && { kind: value.case === 'sequenceType' ? 'sequence' : 'optional', element }
    }
    case 'mapType': {
      const key = dtypeOfNumber(value.value.keyType)
      const element = value.value.valueType ? readType(value.value.valueType, where) : null
      return key && element && { kind: 'map', key, value: element }
    }
    case 'opaqueType':
      throw new ProbityError('graph/unsupported', `${where} has an opaque type (${value.value.domain}.${value.value.name}), which needs a custom runtime. Export the model with tensors only.`)
  }
}

function readShape(shape: TensorShapeProto): Dim[] {
  return shape.dim.map(({ value }) => {
    if (value.case === 'dimParam') return value.value === '' ? null : value.value
    // Some exporters write −1 for "unknown".
    if (value.case === 'dimValue') return value.value < 0n || value.value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value.value)
    return null
  })
}

export function readEntries(entries: readonly StringStringEntryProto[]): Record<string, string> {
  const record = Object.create(null) as Record<string, string>
  for (const { key, value } of entries) record[key] = value
  return record
}

export const readMetadata = (entries: readonly StringStringEntryProto[]): { metadata?: Record<string, string> } => (entries.length ? { metadata: readEntries(entries) } : {})
