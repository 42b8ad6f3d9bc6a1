/** @file Draws shapes, attributes and values; fast-check remembers and shrinks what was drawn. */
import fc from 'fast-check'
import type { DType } from '../../src/contracts/tensor.js'
import { sizeOf } from '../../src/tensor/dtypes.js'
import { randomStream } from '../../src/tensor/random.js'
import { refTensor, type RefTensor } from '../reference/index.js'

export class Random {
  constructor(private readonly draw: fc.GeneratorValue) {}

  /** Both ends included. */
  integer(min: number, max: number): number {
    return this.draw(fc.integer, { min, max })
  }

  boolean(): boolean {
    return this.draw(fc.boolean)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]
  }

  list<T>(length: number, one: (index: number) => T): T[] {
    return Array.from({ length }, (_, i) => one(i))
  }

  dims(minRank: number, maxRank: number, maxSize = 3): number[] {
    return this.list(this.integer(minRank, maxRank), () => this.integer(1, maxSize))
  }

  /** Counted from either end. */
  axis(rank: number): number {
    const axis = this.integer(0, rank - 1)
    return this.boolean() ? axis : axis - rank
  }

  /** Some axes of the rank, at least `least`, in ascending order. */
  axes(rank: number, least = 0): number[] {
    const chosen = this.order(rank).slice(0, this.integer(Math.min(least, rank), rank))
    return chosen.sort((a, b) => a - b)
  }

  /** A permutation of 0 … n − 1. */
  order(n: number): number[] {
    const keys = this.uniform(n, 0, 1)
    return [...keys.keys()].sort((a, b) => keys[a] - keys[b])
  }

  /** A shape that broadcasts into `dims`: leading axes dropped, others shrunk to 1. */
  broadcastableTo(dims: readonly number[]): number[] {
    return dims.slice(this.integer(0, dims.length)).map((dim) => (this.boolean() ? dim : 1))
  }

  uniform(count: number, low: number, high: number): number[] {
    const stream = randomStream(this.integer(0, 2 ** 31 - 1), 'conformance')
    return Array.from({ length: count }, (_, i) => Math.fround(low + (high - low) * stream(i, 0)))
  }

  /**
   * Float32 values that are all different and none of them near 0, so that neither ties nor the kink at 0 come within a step of a finite
   * difference: a random order of half steps, each moved a little.
   */
  tensor(dims: readonly number[], dtype: DType = 'float32'): RefTensor {
    const size = sizeOf(dims)
    const gap = Math.max(0.05, 3 / Math.max(size, 1))
    const jitter = this.uniform(size, -0.2, 0.2)
    const order = this.order(size)
    return refTensor(dims, order.map((place, i) => Math.fround((place - Math.floor(size / 2) + 0.5 + jitter[i]) * gap)), dtype)
  }

  /** Values in [low, high] without regard to ties. */
  between(dims: readonly number[], low: number, high: number, dtype: DType = 'float32'): RefTensor {
    return refTensor(dims, this.uniform(sizeOf(dims), low, high), dtype)
  }

  /** Values of either sign with 0.4 ≤ |x| ≤ 2: denominators. */
  awayFromZero(dims: readonly number[]): RefTensor {
    const signs = this.uniform(sizeOf(dims), -1, 1)
    return refTensor(dims, this.uniform(sizeOf(dims), 0.4, 2).map((value, i) => (signs[i] < 0 ? -value : value)))
  }

  integers(dims: readonly number[], low: number, high: number, dtype: DType = 'int64'): RefTensor {
    return refTensor(dims, this.uniform(sizeOf(dims), low, high + 1).map((value) => Math.min(high, Math.floor(value))), dtype)
  }

  booleans(dims: readonly number[]): RefTensor {
    return this.integers(dims, 0, 1, 'bool')
  }
}
