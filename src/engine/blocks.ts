/** @file Runs many rows in blocks of bounded size: cuts, pads to a fixed batch, and joins what comes back. */
import { ProbityError } from '../contracts/errors.js'
import type { DType, Tensor } from '../contracts/tensor.js'
import { storageLength, storageOf, sizeOf } from '../tensor/dtypes.js'
import { concatenateRows, sliceRows, takeRows } from '../tensor/rows.js'
import { fromNumbers, toNumbers } from '../tensor/tensor.js'

export type BlockFeeds = ReadonlyMap<string, Tensor>
export type Block = {
  readonly feeds: BlockFeeds
  /** Rows that count; null when the model has no per-row input. */
  readonly rows: number | null
  /** Rows that are fed, padding included. */
  readonly fed: number | null
}

export type Blocking = {
  /** The batch axis of each feed; null for feeds that every block gets whole. */
  readonly axes: ReadonlyMap<string, number | null>
  readonly rows: number | null
  readonly blockRows: number
  readonly fixedBatch: number | null
}

/** Consecutive blocks, counted from row 0. A fixed batch decides the size; its last block is filled up with copies of the last row. */
export function* blocksOf(feeds: BlockFeeds, { axes, rows, blockRows, fixedBatch }: Blocking): Generator<Block> {
  const size = fixedBatch ?? blockRows
  if (rows === null || (rows <= size && fixedBatch === null) || rows === fixedBatch) return yield { feeds, rows, fed: rows }
  for (let start = 0; start < Math.max(rows, 1); start += size) {
    const end = Math.min(start + size, rows)
    const fed = fixedBatch ?? end - start
    const block = new Map<string, Tensor>()
    for (const [name, tensor] of feeds) {
      const axis = axes.get(name) ?? null
      block.set(name, axis === null ? tensor : padded(tensor, start, end, fed, axis))
    }
    yield { feeds: block, rows: end - start, fed }
  }
}

function padded(tensor: Tensor, start: number, end: number, fed: number, axis: number): Tensor {
  if (end - start === fed) return sliceRows(tensor, start, end, axis)
  if (end === start) return zeros(tensor.dims.map((dim, i) => (i === axis ? fed : dim)), tensor.dtype)
  return takeRows(tensor, Array.from({ length: fed }, (_, i) => Math.min(start + i, end - 1)), axis)
}

function zeros(dims: readonly number[], dtype: DType): Tensor {
  const size = sizeOf(dims)
  return { data: dtype === 'string' ? new Array<string>(size).fill('') : new (storageOf(dtype))(storageLength(dtype, size)), dims, dtype }
}

/** One answer per block → one answer for all rows. An axis that holds several elements per row, as after a Reshape, is cut in proportion. */
export function joinBlocks(name: string, answers: readonly { readonly block: Block; readonly tensor: Tensor }[], axis: number): Tensor {
  const parts = answers.map(({ block: { rows, fed }, tensor }) => {
    if (rows === null || fed === null || (rows === fed && answers.length === 1)) return tensor
    const size = tensor.dims[axis]
    if (size === undefined || (fed > 0 && size % fed !== 0)) {
      throw new ProbityError('engine/not-per-row', `${name} has shape [${tensor.dims.join(', ')}] for ${fed} rows: it is not per row and cannot be joined over blocks. Feed the rows in one block (blockRows).`)
    }
    return rows === fed ? tensor : sliceRows(tensor, 0, rows * (size / fed), axis)
  })
  return concatenateRows(parts, axis)
}

/** A value that belongs to no row must be the same for every block. */
export function sameForAllBlocks(name: string, tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors
  const differs = others.some(({ data, dims }) => dims.length !== first.dims.length || dims.some((dim, i) => dim !== first.dims[i]) || data.some((value, i) => !Object.is(value, first.data[i])))
  if (differs) throw new ProbityError('engine/not-per-row', `Output ${name} has no batch axis and differs between blocks of rows: it depends on the whole batch. Feed the rows in one block (blockRows).`)
  return first
}

/** Sums over blocks in double precision, in order. */
export function sumBlocks(tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors
  if (others.length === 0) return first
  const sum = toNumbers(first)
  for (const tensor of others) toNumbers(tensor).forEach((value, i) => (sum[i] += value))
  return fromNumbers(sum, first.dims, first.dtype)
}
