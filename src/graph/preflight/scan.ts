/** @file Counts and bounds everything in a ModelProto on the wire. Field numbers are those of onnx.proto. */
import type { DType } from '../../contracts/tensor.js'
import { byteLength } from '../../tensor/dtypes.js'
import { dtypeOfNumber } from '../codec/data-types.js'
import { overLimit, type PreflightLimits } from './limits.js'
import { isNegative, type WireReader } from './wire-reader.js'

/** Nodes of a graph or function body with all its subgraphs, and how often each operator occurs. */
export type Body = { nodes: number; readonly operators: Map<string, number> }

export type Scan = {
  readonly limits: PreflightLimits
  graphs: number
  initializers: number
  depth: number
  initializerBytes: number
  largestValueBytes: number
  readonly main: Body
  /** By operator key. */
  readonly functions: Map<string, Body>
  readonly opsets: { domain: string; version: number }[]
  readonly externalLocations: Set<string>
}

export const newScan = (limits: PreflightLimits): Scan => ({
  limits, graphs: 0, initializers: 0, depth: 0, initializerBytes: 0, largestValueBytes: 0, main: newBody(), functions: new Map(), opsets: [], externalLocations: new Set(),
})
const newBody = (): Body => ({ nodes: 0, operators: new Map() })

/** A domain and an operator's name; domains hold no line breaks worth telling apart. */
export const operatorKey = (domain: string, name: string): string => `${domain === 'ai.onnx' ? '' : domain}\n${name}`

export function scanModel(scan: Scan, model: WireReader): void {
  while (model.next()) {
    if (model.wire !== 2) continue
    if (model.field === 7) scanGraph(scan, scan.main, model.inside(), 0)
    else if (model.field === 8) scan.opsets.push(readOpset(model.inside()))
    else if (model.field === 25) scanFunction(scan, model.inside())
  }
}

function readOpset(opset: WireReader): { domain: string; version: number } {
  const found = { domain: '', version: 0 }
  while (opset.next()) {
    if (opset.field === 1 && opset.wire === 2) found.domain = opset.text()
    else if (opset.field === 2 && opset.wire === 0) found.version = opset.value
  }
  return found
}

function scanFunction(scan: Scan, definition: WireReader): void {
  const body = newBody()
  let [name, domain] = ['', '']
  while (definition.next()) {
    if (definition.wire !== 2) continue
    if (definition.field === 1) name = definition.text()
    else if (definition.field === 10) domain = definition.text()
    else if (definition.field === 7) scanNode(scan, body, definition.inside(), 0)
    else if (definition.field === 11) scanAttribute(scan, body, definition.inside(), 0)
    else if (definition.field === 12) scanValue(scan, definition.inside())
  }
  scan.functions.set(operatorKey(domain, name), body)
}

function scanGraph(scan: Scan, body: Body, graph: WireReader, depth: number): void {
  scan.graphs++
  scan.depth = Math.max(scan.depth, depth)
  if (depth > scan.limits.maxDepth) overLimit('maxDepth', `The model nests subgraphs ${depth} deep`, scan.limits)
  while (graph.next()) {
    if (graph.wire !== 2) continue
    if (graph.field === 1) scanNode(scan, body, graph.inside(), depth)
    else if (graph.field === 5) scanTensor(countInitializer(scan), graph.inside())
    else if (graph.field === 15) scanSparse(countInitializer(scan), graph.inside())
    else if (graph.field === 11 || graph.field === 12 || graph.field === 13) scanValue(scan, graph.inside())
  }
}

function countInitializer(scan: Scan): Scan {
  if (++scan.initializers > scan.limits.maxInitializers) overLimit('maxInitializers', `The model has ${scan.initializers} initializers or more`, scan.limits)
  return scan
}

function scanNode(scan: Scan, body: Body, node: WireReader, depth: number): void {
  if (++body.nodes > scan.limits.maxNodes) overLimit('maxNodes', `The model has ${body.nodes} nodes or more`, scan.limits)
  let [operator, domain] = ['', '']
  while (node.next()) {
    if (node.wire !== 2) continue
    if (node.field === 4) operator = node.text()
    else if (node.field === 7) domain = node.text()
    else if (node.field === 5) scanAttribute(scan, body, node.inside(), depth)
  }
  const key = operatorKey(domain, operator)
  body.operators.set(key, (body.operators.get(key) ?? 0) + 1)
}

function scanAttribute(scan: Scan, body: Body, attribute: WireReader, depth: number): void {
  while (attribute.next()) {
    if (attribute.wire !== 2) continue
    if (attribute.field === 5 || attribute.field === 10) scanTensor(scan, attribute.inside())
    else if (attribute.field === 6 || attribute.field === 11) scanGraph(scan, body, attribute.inside(), depth + 1)
    else if (attribute.field === 22 || attribute.field === 23) scanSparse(scan, attribute.inside())
    else if (attribute.field === 14 || attribute.field === 15) scanType(scan, attribute.inside(), '', 0)
  }
}

function scanTensor(scan: Scan, tensor: WireReader): void {
  const dims: number[] = []
  let [name, dtype] = ['', null as DType | null]
  while (tensor.next()) {
    if (tensor.field === 1) takeDims(scan, dims, tensor)
    else if (tensor.field === 2 && tensor.wire === 0) dtype = dtypeOfNumber(tensor.value)
    else if (tensor.field === 8 && tensor.wire === 2) name = tensor.text()
    else if (tensor.field === 13 && tensor.wire === 2) takeLocation(scan, tensor.inside())
  }
  scan.initializerBytes += bytesOf(scan, `Tensor "${name}"`, dims, dtype)
}

function scanSparse(scan: Scan, sparse: WireReader): void {
  const dims: number[] = []
  while (sparse.next()) {
    if (sparse.field === 3) takeDims(scan, dims, sparse)
    else if ((sparse.field === 1 || sparse.field === 2) && sparse.wire === 2) scanTensor(scan, sparse.inside())
  }
  // A runtime makes it dense.
  scan.initializerBytes += bytesOf(scan, 'A sparse tensor', dims, 'float32')
}

function takeDims(scan: Scan, dims: number[], reader: WireReader): void {
  if (reader.wire !== 0 && reader.wire !== 2) return
  // Ten bytes hold at least one dimension, so this bounds the list before it is made.
  if (reader.wire === 2 && reader.end - reader.start > 10 * scan.limits.maxRank) overLimit('maxRank', 'A tensor has too many dimensions', scan.limits)
  dims.push(...reader.varints())
}

function takeLocation(scan: Scan, entry: WireReader): void {
  let [key, value] = ['', '']
  while (entry.next()) {
    if (entry.field === 1 && entry.wire === 2) key = entry.text()
    else if (entry.field === 2 && entry.wire === 2) value = entry.text()
  }
  if (key === 'location') scan.externalLocations.add(value)
}

/** Bytes of a tensor, refused when its rank, its sizes or their product are beyond what any audit needs. */
function bytesOf(scan: Scan, what: string, dims: readonly number[], dtype: DType | null): number {
  if (dims.length > scan.limits.maxRank) overLimit('maxRank', `${what} has ${dims.length} dimensions`, scan.limits)
  if (dims.some(isNegative)) overLimit('maxElements', `${what} has a negative size`, scan.limits)
  const elements = dims.reduce((product, dim) => product * dim, 1)
  if (!(elements <= scan.limits.maxElements)) overLimit('maxElements', `${what} of shape [${dims.join(', ')}] has ${elements} elements`, scan.limits)
  return byteLength(dtype ?? 'float64', elements)
}

function scanValue(scan: Scan, value: WireReader): void {
  let name = ''
  while (value.next()) {
    if (value.wire !== 2) continue
    if (value.field === 1) name = value.text()
    else if (value.field === 2) scanType(scan, value.inside(), name, 0)
  }
}

function scanType(scan: Scan, type: WireReader, name: string, depth: number): void {
  if (depth > scan.limits.maxDepth) overLimit('maxDepth', `The type of "${name}" nests ${depth} deep`, scan.limits)
  while (type.next()) {
    if (type.wire !== 2) continue
    if (type.field === 1 || type.field === 8) scanTensorType(scan, type.inside(), name)
    else if (type.field === 4 || type.field === 9) scanElement(scan, type.inside(), 1, name, depth)
    else if (type.field === 5) scanElement(scan, type.inside(), 2, name, depth)
  }
}

/** The inner type of a sequence, an optional or a map. */
function scanElement(scan: Scan, outer: WireReader, field: number, name: string, depth: number): void {
  while (outer.next()) if (outer.field === field && outer.wire === 2) scanType(scan, outer.inside(), name, depth + 1)
}

function scanTensorType(scan: Scan, type: WireReader, name: string): void {
  let dtype: DType | null = null
  const dims: number[] = []
  while (type.next()) {
    if (type.field === 1 && type.wire === 0) dtype = dtypeOfNumber(type.value)
    else if (type.field === 2 && type.wire === 2) {
      const shape = type.inside()
      while (shape.next()) {
        if (shape.field !== 1 || shape.wire !== 2) continue
        dims.push(boundDim(shape.inside(), dims.length === 0 ? scan.limits.blockRows : 1))
        if (dims.length > scan.limits.maxRank) overLimit('maxRank', `Value "${name}" has ${dims.length} dimensions or more`, scan.limits)
      }
    }
  }
  scan.largestValueBytes = Math.max(scan.largestValueBytes, bytesOf(scan, `Value "${name}"`, dims, dtype))
}

/** A stated size, or `otherwise` for a symbol. Some exporters write −1 for "unknown". */
function boundDim(dim: WireReader, otherwise: number): number {
  let size = otherwise
  while (dim.next()) if (dim.field === 1 && dim.wire === 0) size = isNegative(dim.value) ? otherwise : dim.value
  return size
}
