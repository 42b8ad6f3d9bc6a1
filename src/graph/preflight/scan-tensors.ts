/** @file Tensors and types on the wire: their sizes, and where their bytes lie. */
import { ProbityError } from '../../contracts/errors.js'
import type { DType } from '../../contracts/tensor.js'
import { byteLength } from '../../tensor/dtypes.js'
import { dtypeOfNumber } from '../codec/data-types.js'
import { overLimit } from './limits.js'
import { list, nameIn, type Scan } from './scan-state.js'
import { isNegative, type WireReader } from './wire-reader.js'

/** Fields that list a tensor's elements one by one, and the bytes of an element. */
const TYPED_FIELDS: ReadonlyMap<number, number | 'varint' | 'message'> = new Map<number, number | 'varint' | 'message'>([[4, 4], [5, 'varint'], [6, 'message'], [7, 'varint'], [10, 8], [11, 'varint']])

export function scanTensor(scan: Scan, tensor: WireReader): DType | null {
  const dims: number[] = []
  const entries = new Map<string, string>()
  let [name, dtype] = ['', null as DType | null]
  while (tensor.next()) {
    const { field, wire } = tensor
    const element = TYPED_FIELDS.get(field)
    if (element !== undefined) list(scan, tensor.count(element))
    else if (field === 1) takeDims(scan, dims, tensor)
    else if (field === 2 && wire === 0) dtype = dtypeOfNumber(tensor.value)
    else if (field === 8 && wire === 2) name = nameIn(scan, tensor)
    else if (field === 13 && wire === 2) takeExternal(scan, entries, tensor.inside())
  }
  const location = entries.get('location')
  if (location !== undefined && scan.externalLocations.add(location).size > scan.limits.maxFiles) overLimit('maxFiles', `The model names ${scan.externalLocations.size} files or more`, scan.limits)
  scan.initializerBytes += bytesOf(scan, `Tensor "${name}"`, dims, dtype)
  return dtype
}

export function scanSparse(scan: Scan, sparse: WireReader): void {
  const dims: number[] = []
  let dtype: DType | null = null
  while (sparse.next()) {
    if (sparse.field === 3) takeDims(scan, dims, sparse)
    else if (sparse.field === 1 && sparse.wire === 2) dtype = scanTensor(scan, sparse.inside())
    else if (sparse.field === 2 && sparse.wire === 2) scanTensor(scan, sparse.inside())
  }
  // A runtime makes it dense.
  scan.initializerBytes += bytesOf(scan, 'A sparse tensor', dims, dtype)
}

function takeDims(scan: Scan, dims: number[], reader: WireReader): void {
  if (reader.wire !== 0 && reader.wire !== 2) return
  // Ten bytes hold at least one dimension, so this bounds the list before it is made.
  if (reader.wire === 2 && reader.end - reader.start > 10 * scan.limits.maxRank) overLimit('maxRank', 'A tensor has too many dimensions', scan.limits)
  dims.push(...reader.varints())
  if (dims.length > scan.limits.maxRank) overLimit('maxRank', `A tensor has ${dims.length} dimensions or more`, scan.limits)
}

/** ONNX defines these. ONNX Runtime takes others as well, such as weights in the layout of one processor's kernels, which nothing checks. */
const EXTERNAL_KEYS: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum'])
/** In place of a file, ONNX Runtime understands an address in its own memory. */
const MEMORY_MARK = '_ORT_MEM_ADDR_'

function takeExternal(scan: Scan, entries: Map<string, string>, entry: WireReader): void {
  list(scan, 1)
  let [key, value] = ['', '']
  while (entry.next()) {
    if (entry.field === 1 && entry.wire === 2) key = nameIn(scan, entry)
    else if (entry.field === 2 && entry.wire === 2) value = nameIn(scan, entry)
  }
  if (!EXTERNAL_KEYS.has(key)) refuseExternal(`has an entry "${key}", which ONNX does not define`)
  if (entries.has(key)) refuseExternal(`gives its ${key} twice`)
  if (value.includes(MEMORY_MARK)) refuseExternal('names an address in memory in place of a file')
  entries.set(key, value)
}

function refuseExternal(why: string): never {
  throw new ProbityError('preflight/external-data', `External data of a tensor ${why}. Export the model again.`)
}

/** Bytes of a tensor, refused when its rank, its sizes or their product are beyond what any audit needs. */
function bytesOf(scan: Scan, what: string, dims: readonly number[], dtype: DType | null): number {
  if (dims.some(isNegative)) throw new ProbityError('graph/malformed', `${what} has a negative size. Export the model again.`)
  const elements = dims.reduce((product, dim) => product * dim, 1)
  if (!(elements <= scan.limits.maxElements)) overLimit('maxElements', `${what} of shape [${dims.join(', ')}] has ${elements} elements`, scan.limits)
  return byteLength(dtype ?? 'float64', elements)
}

export function scanValue(scan: Scan, value: WireReader): void {
  let name = ''
  while (value.next()) {
    if (value.wire !== 2) continue
    if (value.field === 1) name = nameIn(scan, value)
    else if (value.field === 2) scanType(scan, value.inside(), name, 0)
  }
}

export function scanType(scan: Scan, type: WireReader, name: string, depth: number): void {
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
        dims.push(boundDim(scan, shape.inside(), dims.length === 0 ? scan.limits.blockRows : 1))
        if (dims.length > scan.limits.maxRank) overLimit('maxRank', `Value "${name}" has ${dims.length} dimensions or more`, scan.limits)
      }
    }
  }
  scan.largestValueBytes = Math.max(scan.largestValueBytes, bytesOf(scan, `Value "${name}"`, dims, dtype))
}

/** A stated size, or `otherwise` for a symbol. Some exporters write −1 for "unknown". */
function boundDim(scan: Scan, dim: WireReader, otherwise: number): number {
  let size = otherwise
  while (dim.next()) {
    if (dim.field === 1 && dim.wire === 0) size = isNegative(dim.value) ? otherwise : dim.value
    else if (dim.field === 2 && dim.wire === 2) nameIn(scan, dim)
  }
  return size
}
