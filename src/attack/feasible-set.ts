/** @file Where an adversarial example may lie: the norm ball, cut by the bounds, with frozen elements pinned. */
import { ProbityError } from '../contracts/errors.js'
import type { DType, TensorLike } from '../contracts/tensor.js'
import { broadcastOverRows } from '../tensor/rows.js'

/** [low, high] for every element, or tensors that hold one row for all or all rows. */
export type Bounds = readonly [number, number] | { readonly low: TensorLike; readonly high: TensorLike }

export type Region = {
  /** Radius in every element, before `scale`. */
  readonly epsilon: number
  readonly bounds: Bounds
  /** 1 where an element may change, 0 where it is frozen; one row for all or all rows. */
  readonly mask?: TensorLike
  /** Factor on epsilon and on the step per element; one row for all or all rows. */
  readonly scale?: TensorLike
}

/** Limits per element, [rows, size]. A frozen element has low = high = its clean value, and every limit is a number that the dtype can hold. */
export type FeasibleSet = { readonly low: Float64Array; readonly high: Float64Array; readonly scale: Float64Array; readonly mutable: Uint8Array }

/** How far clean values may lie outside the bounds by rounding: a few float32 steps at magnitude 1. */
const ROUNDING = 1e-6

/**
 * @param clean [rows, size]
 * @param dims [rows, …] of the input
 * @throws ProbityError when a clean value that may change lies outside the bounds, or a size does not fit
 */
export function feasibleSet(clean: Float64Array, dims: readonly number[], dtype: DType, { epsilon, bounds, mask, scale }: Region): FeasibleSet {
  const [low, high] = 'low' in bounds ? [bounds.low, bounds.high] : bounds
  const lows = broadcastOverRows(low, dims, 'bounds.low')
  const highs = broadcastOverRows(high, dims, 'bounds.high')
  const scales = scale === undefined ? new Float64Array(clean.length).fill(1) : broadcastOverRows(scale, dims, 'scale')
  const mutable = mask === undefined ? new Uint8Array(clean.length).fill(1) : Uint8Array.from(broadcastOverRows(mask, dims, 'mask'), (value) => Number(value !== 0))
  for (let i = 0; i < clean.length; i++) {
    if (!(scales[i] >= 0)) throw new ProbityError('attack/scale', `scale must be ≥ 0 in every element, got ${scales[i]}`)
    if (mutable[i] === 0) {
      lows[i] = highs[i] = clean[i]
      continue
    }
    refuseOutside(clean[i], lows[i], highs[i], Math.floor(i / (clean.length / dims[0])))
    const radius = epsilon * scales[i]
    lows[i] = Math.min(clean[i], roundInward(Math.max(lows[i], clean[i] - radius), dtype, 1))
    highs[i] = Math.max(clean[i], roundInward(Math.min(highs[i], clean[i] + radius), dtype, -1))
  }
  return { low: lows, high: highs, scale: scales, mutable }
}

function refuseOutside(value: number, low: number, high: number, row: number): void {
  const slack = ROUNDING * Math.max(1, Math.abs(value))
  if (value >= low - slack && value <= high + slack) return
  throw new ProbityError('attack/bounds', `The clean value ${value} of row ${row} lies outside the bounds [${low}, ${high}]. Scale the data, or give bounds that hold it.`)
}

/** Rounding to float32 may step over a limit; then the next number inside is taken, so that limits hold exactly. */
function roundInward(limit: number, dtype: DType, inward: 1 | -1): number {
  if (dtype !== 'float32' || !Number.isFinite(limit)) return limit
  const rounded = Math.fround(limit)
  return (limit - rounded) * inward > 0 ? nextFloat32(rounded, inward) : rounded
}

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The neighbouring float32. */
function nextFloat32(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149
  float[0] = value
  bits[0] += value > 0 === direction > 0 ? 1 : -1
  return float[0]
}
