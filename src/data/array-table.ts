/** @file NumPy files as tables: arrays of one axis are columns, of two axes a column per element ("x[0]", "x[1]", …), of more axes tensors. */
import { readFileSync, statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import type { Tensor } from '../contracts/tensor.js'
import { sizeOf } from '../tensor/dtypes.js'
import { decoderOf, memoryArray, type TableArray } from './arrays.js'
import { textOf } from './data-frame-cells.js'
import { readNpy } from './npy.js'
import { ColumnBuilder, makeTable, type Column, type Table } from './table.js'
import { quote, suggestion } from './wording.js'
import { memberNames, readZip } from './zip.js'

/** A table's width; what is wider is no table but a tensor of another shape. */
const MOST_COLUMNS = 16_384
const MOST_BYTES = 2 ** 31

/** @throws ProbityError for what is no NumPy file, or holds what cannot be read */
export function readNpyTable(path: string): Table {
  const name = basename(path, extname(path))
  return tableOf(path, new Map([[name, readNpy(readWhole(path), path)]]))
}

/**
 * @param wanted names of the arrays that are read; all where undefined
 * @throws ProbityError also for arrays of different lengths, and for names that the file does not have
 */
export function readNpzTable(path: string, wanted: readonly string[] | undefined): Table {
  const members = readZip(readWhole(path), path, MOST_BYTES)
  const named = new Map(members.map((member) => [member.name.replace(/\.npy$/, ''), member]))
  if (named.size < members.length) throw new ProbityError('data/zip', `${path}: two of its members have one name (${memberNames(members)}).`)
  const foreign = members.find(({ name }) => !name.endsWith('.npy'))
  if (foreign && !wanted) throw new ProbityError('data/zip', `${path}: member ${quote(foreign.name)} is no array. Write the file with numpy.savez, or name the arrays to read under data.arrays.`)
  const arrays = new Map<string, Tensor>()
  for (const name of wanted ?? named.keys()) {
    const member = named.get(name)
    if (!member) throw new ProbityError('data/unknown-array', `data.arrays names ${quote(name)}, but ${path} has no such array. ${suggestion(name, [...named.keys()], 'arrays')}`)
    arrays.set(name, readNpy(member.read(), `${path}, array ${quote(name)}`))
  }
  if (arrays.size === 0) throw new ProbityError('data/no-rows', `${path} holds no arrays. Write it with numpy.savez.`)
  return tableOf(path, arrays)
}

function readWhole(path: string): Uint8Array {
  const { size } = statSync(path)
  if (size > MOST_BYTES) throw new ProbityError('data/too-large', `${path} has ${size} bytes, more than the ${MOST_BYTES} that are read of a NumPy file. Save fewer rows in it.`)
  return readFileSync(path)
}

/** @throws ProbityError for arrays without rows or values, and of different lengths */
function tableOf(path: string, tensors: ReadonlyMap<string, Tensor>): Table {
  const columns: Column[] = []
  const arrays: TableArray[] = []
  let first: readonly [name: string, rows: number] | null = null
  for (const [name, tensor] of tensors) {
    const [rows, ...shape] = tensor.dims
    if (rows === undefined) throw new ProbityError('data/array-shape', `${path}: the array ${quote(name)} is a single value and has no rows. Name the arrays to read under data.arrays.`)
    first ??= [name, rows]
    if (rows !== first[1]) throw new ProbityError('data/array-shape', `${path}: the array ${quote(first[0])} has ${first[1]} rows and ${quote(name)} has ${rows}. Name arrays of one length under data.arrays.`)
    const size = sizeOf(shape)
    if (size === 0 && rows > 0) throw new ProbityError('data/array-shape', `${path}: the array ${quote(name)} of shape (${tensor.dims.join(', ')}) holds no values.`)
    if (size > 1 && tensor.dtype === 'string' && shape.length > 1) throw new ProbityError('data/array-shape', `${path}: the array ${quote(name)} of shape (${tensor.dims.join(', ')}) holds texts, and texts are read from arrays of one or two axes.`)
    if (size > MOST_COLUMNS && shape.length === 1) throw new ProbityError('data/array-shape', `${path}: the array ${quote(name)} has ${size} columns, more than ${MOST_COLUMNS}. Save tensors such as images in their own shape: (rows, height, width, channels).`)
    if (shape.length > 1 || (shape.length === 1 && size > 1 && tensor.dtype !== 'string')) arrays.push(memoryArray(name, tensor))
    if (shape.length === 0 || (shape.length === 1 && size === 1)) columns.push(elementColumn(name, tensor, 0))
    else if (shape.length === 1) for (let k = 0; k < size; k++) columns.push(elementColumn(`${name}[${k}]`, tensor, k))
  }
  return makeTable(path, columns, (row) => `row ${row} (counted from 0)`, { arrays, rows: first?.[1] ?? 0 })
}

/** Element `k` of every row; read when first asked for, since a wide array is often one input of the model and nothing else. */
function elementColumn(name: string, tensor: Tensor, k: number): Column {
  let built: Column | null = null
  const column = (): Column => (built ??= buildColumn(name, tensor, k))
  return {
    name,
    get distinct() { return column().distinct },
    get codes() { return column().codes },
    get numbers() { return column().numbers },
  }
}

/** Numbers read back as the same number of their type; NaN is how NumPy says that a value is missing; False and True are 0 and 1. */
function buildColumn(name: string, { data, dims, dtype }: Tensor, k: number): Column {
  const builder = new ColumnBuilder()
  const width = sizeOf(dims.slice(1))
  const decode = decoderOf(dtype)
  for (let row = 0; row < dims[0]; row++) {
    const value = data[row * width + k]
    builder.add(textOf(typeof value === 'number' ? decode(value) : value, dtype === 'float32') ?? null)
  }
  return builder.build(name)
}
