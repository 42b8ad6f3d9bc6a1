/** @file IR tensors → TensorProto and SparseTensorProto: raw bytes, except for strings. */
import { create } from '@bufbuild/protobuf'
import { ProbityError } from '../../contracts/errors.js'
import { sizeOf, storageLength } from '../../tensor/dtypes.js'
import { isExternal, type Initializer, type SparseTensor } from '../ir.js'
import { SparseTensorProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation, TensorProtoSchema, type SparseTensorProto, type TensorProto } from '../onnx-proto.js'
import { dataTypeNumber } from './data-types.js'

const encoder = new TextEncoder()

/** @throws ProbityError `graph/initializer-size` when data and dims disagree, so that no broken file is ever written */
export function writeTensor(tensor: Initializer, name: string): TensorProto {
  const proto = create(TensorProtoSchema, { dims: tensor.dims.map(BigInt), dataType: dataTypeNumber(tensor.dtype) })
  if (name !== '') proto.name = name
  if (isExternal(tensor)) {
    const { location, offset, length, checksum } = tensor.external
    const entries = [['location', location], ['offset', String(offset)], ...(length === null ? [] : [['length', String(length)]]), ...(checksum === undefined ? [] : [['checksum', checksum]])]
    proto.externalData = entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }))
    proto.dataLocation = TensorProto_DataLocation.EXTERNAL
    return proto
  }
  const { data, dims, dtype } = tensor
  const expected = storageLength(dtype, sizeOf(dims))
  if (data.length !== expected) throw new ProbityError('graph/initializer-size', `Tensor "${name}" has shape [${dims.join(', ')}], which needs ${expected} stored elements, and has ${data.length}.`)
  if (ArrayBuffer.isView(data)) proto.rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  else proto.stringData = data.map((text) => encoder.encode(text))
  return proto
}

export function writeSparseTensor(tensor: SparseTensor, name: string): SparseTensorProto {
  return create(SparseTensorProtoSchema, { values: writeTensor(tensor.values, name), indices: writeTensor(tensor.indices, ''), dims: tensor.dims.map(BigInt) })
}
