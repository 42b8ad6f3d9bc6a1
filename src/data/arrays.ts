/** @file Arrays as columns: in memory or in a file of raw values, read by row; what is known of their elements over the rows of an audit. */
import { constants, closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type { ArrayColumn, ElementStatistics } from '../contracts/dataset.js'
import type { DType, Tensor, TypedArray } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { halfToNumber, sizeOf, storageOf } from '../tensor/dtypes.js'
import { quote } from './wording.js'

/** An array of a file, before rows are chosen. */
export type TableArray = Omit<ArrayColumn, 'statistics'> & {
  readonly rows: number
  /** Images: [height, width, channels], whatever the model wants. */
  readonly channelsLast?: boolean
}

/** Values held at a time while an array is looked through. */
const CHUNK_ELEMENTS = 2 ** 20

/** @param tensor [rows, ...shape] of numbers */
export function memoryArray(name: string, { data, dims, dtype }: Tensor): TableArray {
  const values = data as TypedArray
  const shape = dims.slice(1)
  const size = sizeOf(shape)
  return {
    name, dtype, shape, rows: dims[0],
    take: (rows) => {
      const taken = new (storageOf(dtype))(rows.length * size)
      for (let i = 0; i < rows.length; i++) taken.set(values.subarray(rows[i] * size, (rows[i] + 1) * size) as never, i * size)
      return taken
    },
  }
}

export type FileArray = { readonly name: string; readonly dtype: DType; readonly shape: readonly number[]; readonly rows: number }

/**
 * The raw values of `writeArray`, opened when rows are first asked for.
 * @param placeOf where a row stands in the file, where it is not its number
 */
export function fileArray(path: string, { name, dtype, shape, rows }: FileArray, placeOf?: ReadonlyMap<number, number>): TableArray {
  const Storage = storageOf(dtype)
  const size = sizeOf(shape)
  const rowBytes = size * Storage.BYTES_PER_ELEMENT
  let file: number | null = null
  return {
    name, dtype, shape, rows,
    take: (wanted) => {
      file ??= openValues(path, name, rowBytes * (placeOf?.size ?? rows))
      const taken = new Storage(wanted.length * size)
      const bytes = new Uint8Array(taken.buffer)
      for (let i = 0; i < wanted.length; i++) {
        const place = placeOf ? placeOf.get(wanted[i]) : wanted[i]
        if (place === undefined || !(place >= 0 && place < rows) || readSync(file, bytes, i * rowBytes, rowBytes, place * rowBytes) !== rowBytes) throw new ProbityError('data/array', `Row ${wanted[i]} of the array ${quote(name)} cannot be read back.`)
      }
      return taken
    },
  }
}

function openValues(path: string, name: string, bytes: number): number {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  if (fstatSync(file).size === bytes) return file
  closeSync(file)
  throw new ProbityError('data/array', `The values of the array ${quote(name)} are damaged: their file has another size.`)
}

/** Writes all rows of a view's array as raw values, in the machine's byte order; the file must not exist yet. */
export function writeArray(array: ArrayColumn, rows: number, path: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    forChunks(array, rows, (values) => writeAll(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)))
  } finally {
    closeSync(file)
  }
}

/** A write may take less than it was given. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

/**
 * The given rows of a file's array as an array of the view.
 * @throws ProbityError where a float is NaN or infinite: no part of a tensor can be missing
 */
export function viewArray(array: TableArray, rows: readonly number[], where: (row: number) => string): ArrayColumn {
  const { name, dtype, shape } = array
  const take: ArrayColumn['take'] = (wanted) => array.take(Array.from(wanted, (row) => rows[row]))
  const statistics = elementStatistics({ name, dtype, shape, take }, rows.length, (row) => where(rows[row]))
  return { name, dtype, shape, statistics, take }
}

/** How the values of an array read as numbers; half floats are bits. */
export const decoderOf = (dtype: DType): ((value: number | bigint) => number) => (dtype === 'float16' ? (value) => halfToNumber(Number(value)) : Number)

/** Sums of doubles in row order and in two passes, as for columns: the same numbers give the same bits in either form. */
function elementStatistics(array: Omit<ArrayColumn, 'statistics'>, rows: number, where: (row: number) => string): ElementStatistics {
  const size = sizeOf(array.shape)
  const decode = decoderOf(array.dtype)
  const mean = new Float64Array(size), sd = new Float64Array(size), min = new Float64Array(size).fill(Infinity), max = new Float64Array(size).fill(-Infinity)
  forChunks(array, rows, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      const value = decode(values[i])
      const k = i % size
      if (!Number.isFinite(value)) throw new ProbityError('data/not-a-number', `${where(first + Math.floor(i / size))}: the array ${quote(array.name)} holds ${value}, and a tensor cannot lack a value. Replace it, or leave the row out.`)
      mean[k] += value
      if (value < min[k]) min[k] = value
      if (value > max[k]) max[k] = value
    }
  })
  for (let k = 0; k < size; k++) mean[k] /= rows
  forChunks(array, rows, (values) => {
    for (let i = 0; i < values.length; i++) sd[i % size] += (decode(values[i]) - mean[i % size]) ** 2
  })
  for (let k = 0; k < size; k++) sd[k] = rows < 2 ? NaN : Math.sqrt(sd[k] / (rows - 1))
  return { mean, sd, min, max }
}

/** Whole rows at a time; `first` is the number of the first one. */
export function forChunks({ shape, take }: Pick<ArrayColumn, 'shape' | 'take'>, rows: number, visit: (values: TypedArray, first: number) => void): void {
  const count = Math.max(1, Math.floor(CHUNK_ELEMENTS / sizeOf(shape)))
  for (let first = 0; first < rows; first += count) visit(take(Array.from({ length: Math.min(count, rows - first) }, (_, i) => first + i)), first)
}
