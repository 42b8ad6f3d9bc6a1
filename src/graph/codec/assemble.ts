/** @file Bytes of a model with its weights copied once: the protobuf library copies every message into the one around it. */
import { clearField, toBinary } from '@bufbuild/protobuf'
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema, type GraphProto, type ModelProto, type TensorProto } from '../onnx-proto.js'

/** A field number with wire type 2: a length and as many bytes. */
const tagOf = (field: number): number => (field << 3) | 2
const GRAPH = tagOf(ModelProtoSchema.field.graph.number)
const INITIALIZER = tagOf(GraphProtoSchema.field.initializer.number)
const RAW_DATA = tagOf(TensorProtoSchema.field.rawData.number)

/** What `toBinary` gives for the model with this graph, but for the order of fields. The messages are taken apart on the way. */
export function assemble(model: ModelProto, graph: GraphProto): Uint8Array {
  const tensors = graph.initializer.map(takeApart)
  graph.initializer = []
  const [around, nodes] = [toBinary(ModelProtoSchema, model), toBinary(GraphProtoSchema, graph)]
  const graphLength = tensors.reduce((sum, { length }) => sum + fieldLength(length), nodes.length)
  const bytes = new Uint8Array(around.length + fieldLength(graphLength))
  let at = 0
  const put = (part: Uint8Array) => {
    bytes.set(part, at)
    at += part.length
  }
  const open = (tag: number, length: number) => {
    bytes[at++] = tag
    let rest = length
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
    bytes[at++] = rest
  }
  put(around)
  open(GRAPH, graphLength)
  put(nodes)
  for (const { head, raw, length } of tensors) {
    open(INITIALIZER, length)
    put(head)
    if (raw.length === 0) continue
    open(RAW_DATA, raw.length)
    put(raw)
  }
  return bytes
}

function takeApart(tensor: TensorProto): { head: Uint8Array; raw: Uint8Array; length: number } {
  const raw = tensor.rawData
  // Only an empty field that is there at all makes a tensor of no elements.
  if (raw.length > 0) clearField(tensor, TensorProtoSchema.field.rawData)
  const head = toBinary(TensorProtoSchema, tensor)
  return { head, raw, length: head.length + (raw.length > 0 ? fieldLength(raw.length) : 0) }
}

/** Bytes of a field: its tag, its length and what it holds. */
function fieldLength(length: number): number {
  let size = 1
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return 1 + size + length
}
