/** @file NumPy's .npy files (format versions 1.0 to 3.0, as NEP 1 and numpy.lib.format describe them): bytes in, values in row-major order and the machine's own byte order out. */
import type { DType, Tensor, TypedArray } from '../contracts/tensor.js'
import { sizeOf, storageOf } from '../tensor/dtypes.js'
import { malformed, readNpyHeader, unsupported } from './npy-header.js'
import { quote } from './wording.js'

/** Letter and bytes of an element, as in '<f8', to its type. */
const NUMERIC: ReadonlyMap<string, DType> = new Map([
  ['b1', 'bool'], ['i1', 'int8'], ['i2', 'int16'], ['i4', 'int32'], ['i8', 'int64'], ['u1', 'uint8'], ['u2', 'uint16'], ['u4', 'uint32'], ['u8', 'uint64'],
  ['f2', 'float16'], ['f4', 'float32'], ['f8', 'float64'],
])
const UNREADABLE: ReadonlyMap<string, readonly [what: string, fix: string]> = new Map([
  ['O', ['holds Python objects (dtype object), stored as pickle, which runs code when it is opened', 'Convert it to a number or text type before saving: array.astype(…)']],
  ['V', ['holds raw or structured records (dtype void)', 'Save each field as an array of its own']],
  ['c', ['holds complex numbers', 'Save the real and the imaginary part as arrays of their own']],
  ['M', ['holds dates (datetime64)', 'Convert them to text or to numbers before saving: array.astype(str)']],
  ['m', ['holds durations (timedelta64)', 'Convert them to numbers before saving: array.astype("int64")']],
  ['f', ['holds floats wider than 64 bits', 'Convert it before saving: array.astype("float64")']],
])
/** Strings become JavaScript strings, one by one. */
const MOST_STRINGS = 2 ** 24
const LARGEST_CODE_POINT = 0x10ffff
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * Reads one array. Numbers share memory with `bytes` where order and alignment allow it.
 *
 * @param name begins every message
 * @throws ProbityError for objects, records and other types that are no numbers or text, and for files that are not exactly what their header says
 */
export function readNpy(bytes: Uint8Array, name: string): Tensor {
  const { descr, fortranOrder, shape, offset } = readNpyHeader(bytes, name)
  const match = /^([<>|=]?)([a-zA-Z])(\d{0,9})(\[.{1,20}\])?$/.exec(descr)
  if (!match) throw malformed(name, `its header names the type ${quote(descr)}, which NumPy does not know`)
  const [, byteOrder, kind, width] = match
  const isText = kind === 'U' || kind === 'S' || kind === 'a'
  const dtype = isText ? 'string' : NUMERIC.get(kind + width)
  if (dtype === undefined) {
    const [what, fix] = UNREADABLE.get(kind) ?? [`has the type ${quote(descr)}`, 'Convert it to a number or text type before saving']
    throw unsupported(name, what, fix)
  }
  const itemBytes = kind === 'U' ? 4 * Number(width) : Number(width)
  const size = sizeOf(shape)
  const wanted = size * itemBytes
  if (itemBytes === 0) throw malformed(name, 'its texts have no characters (a width of zero)')
  if (!Number.isSafeInteger(wanted) || !Number.isSafeInteger(shape.reduce((product, dim) => product * Math.max(1, dim), 1))) throw malformed(name, `its shape (${shape.join(', ')}) is larger than any file`)
  if (wanted !== bytes.length - offset) throw malformed(name, `its header speaks of ${wanted} bytes of values, shape (${shape.join(', ')}) of ${quote(descr)}, and ${bytes.length - offset} follow. It is cut off, or several arrays were written into one file`)
  const swapped = byteOrder === '>' ? IS_LITTLE_ENDIAN : byteOrder === '<' && !IS_LITTLE_ENDIAN
  const body = bytes.subarray(offset)
  if (isText) {
    if (size > MOST_STRINGS) throw malformed(name, `it holds ${size} texts, more than ${MOST_STRINGS}. Use a smaller file`)
    const data = kind === 'U' ? readUnicode(body, size, itemBytes, swapped, name) : readBytes(body, size, itemBytes)
    return { data: fortranOrder ? fromFortran(data, shape, new Array<string>(size)) : data, dims: shape, dtype }
  }
  const data = readNumbers(body, dtype, size, swapped)
  return { data: fortranOrder && shape.length > 1 ? fromFortran(data, shape, new (storageOf(dtype))(size)) : data, dims: shape, dtype }
}

function readNumbers(body: Uint8Array, dtype: DType, size: number, swapped: boolean): TypedArray {
  const Storage = storageOf(dtype)
  const bytes = Storage.BYTES_PER_ELEMENT
  const inPlace = body.byteOffset % bytes === 0 && !(swapped && bytes > 1) && dtype !== 'bool'
  if (inPlace) return new Storage(body.buffer, body.byteOffset, size)
  const copy = new Uint8Array(body)
  if (swapped && bytes > 1) for (let at = 0; at < copy.length; at += bytes) copy.subarray(at, at + bytes).reverse()
  if (dtype === 'bool') for (let at = 0; at < copy.length; at++) copy[at] = Number(copy[at] !== 0)
  return new Storage(copy.buffer, 0, size)
}

/** UTF-32, padded with zeros. */
function readUnicode(body: Uint8Array, size: number, itemBytes: number, swapped: boolean, name: string): string[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  return Array.from({ length: size }, (_, item) => {
    let text = ''
    let pending = 0
    for (let at = item * itemBytes; at < (item + 1) * itemBytes; at += 4) {
      const code = view.getUint32(at, IS_LITTLE_ENDIAN !== swapped)
      if (code > LARGEST_CODE_POINT) throw malformed(name, `text ${item} (counted from 0) holds the number ${code}, which is no character`)
      if (code === 0) pending++
      else {
        text += '\0'.repeat(pending) + String.fromCodePoint(code)
        pending = 0
      }
    }
    return text
  })
}

/** Bytes without an encoding, padded with zeros: UTF-8, of which ASCII is a part. */
function readBytes(body: Uint8Array, size: number, itemBytes: number): string[] {
  return Array.from({ length: size }, (_, item) => {
    let end = (item + 1) * itemBytes
    while (end > item * itemBytes && body[end - 1] === 0) end--
    return Buffer.from(body.buffer, body.byteOffset + item * itemBytes, end - item * itemBytes).toString('utf8')
  })
}

/** From column-major order, in which the first axis runs fastest, to row-major order. */
function fromFortran<A extends { [index: number]: unknown; readonly length: number }>(source: A, shape: readonly number[], target: A): A {
  const strides: number[] = []
  shape.reduce((stride, size) => (strides.push(stride), stride * size), 1)
  const index = new Array<number>(shape.length).fill(0)
  let from = 0
  for (let to = 0; to < target.length; to++) {
    target[to] = source[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]
      if (++index[axis] < shape[axis]) break
      from -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return target
}
