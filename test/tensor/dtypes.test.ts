import { describe, expect, it } from 'vitest'
import { bfloatToNumber, halfToNumber, numberToBfloat, numberToHalf } from '../../src/tensor/dtypes.js'
import { broadcastDims, stridesOf } from '../../src/tensor/broadcast.js'
import { fromNumbers, toNumbers, toTensor } from '../../src/tensor/tensor.js'

describe('16-bit floats', () => {
  const bits = Array.from({ length: 65536 }, (_, i) => i)

  it('every half and every bfloat16 survives a round trip', () => {
    for (const pattern of bits) {
      const half = halfToNumber(pattern)
      if (!Number.isNaN(half)) expect(numberToHalf(half)).toBe(pattern)
      const bfloat = bfloatToNumber(pattern)
      if (!Number.isNaN(bfloat)) expect(numberToBfloat(bfloat)).toBe(pattern)
    }
  })

  it('rounds to the nearest half, ties to even, at every midpoint', () => {
    for (let pattern = 0; pattern < 0x7bff; pattern++) {
      const low = halfToNumber(pattern), high = halfToNumber(pattern + 1)
      const middle = (low + high) / 2
      expect(numberToHalf(middle)).toBe(pattern % 2 === 0 ? pattern : pattern + 1)
      expect(numberToHalf(-middle)).toBe((pattern % 2 === 0 ? pattern : pattern + 1) | 0x8000)
      expect(numberToHalf(middle + (high - low) / 8)).toBe(pattern + 1)
    }
    expect(numberToHalf(65519.99)).toBe(0x7bff)
    expect(numberToHalf(65520)).toBe(0x7c00)
    expect(Number.isNaN(halfToNumber(numberToHalf(NaN)))).toBe(true)
  })
})

describe('tensors from what callers have', () => {
  it('infers, converts, and keeps what already fits', () => {
    const data = new Float32Array([1, 2])
    expect(toTensor({ data, dims: [2] }).data).toBe(data)
    expect(toTensor({ data: [1, 2], dims: [2] }).dtype).toBe('float32')
    expect(toTensor({ data: [1, 2], dims: [2] }, 'int64').data).toEqual(new BigInt64Array([1n, 2n]))
    // The largest int64 as a number and back, as bounds of Slice go.
    expect(toTensor({ data: [Number(2n ** 63n - 1n), -(2 ** 63)], dims: [2] }, 'int64').data).toEqual(new BigInt64Array([2n ** 63n - 1n, -(2n ** 63n)]))
    expect(toTensor({ data: [true, false], dims: [2] })).toEqual({ data: new Uint8Array([1, 0]), dims: [2], dtype: 'bool' })
    expect([...toNumbers(toTensor({ data: [0.5, -2], dims: [2] }, 'float16'))]).toEqual([0.5, -2])
    expect([...toNumbers(fromNumbers([1.5, -3], [2], 'bfloat16'))]).toEqual([1.5, -3])
  })

  it('refuses what does not fit, by name', () => {
    expect(() => toTensor({ data: [1, 2, 3], dims: [2] }, undefined, 'input x')).toThrow('input x: dims [2] need 2 elements, the data has 3')
    expect(() => toTensor({ data: [1.5], dims: [1] }, 'int32', 'input n')).toThrow('input n: 1.5 is not a whole number')
    expect(() => toTensor({ data: [1], dims: [-1] })).toThrow(/dims must be whole numbers/)
  })
})

it('broadcasts as NumPy does', () => {
  expect(broadcastDims([3, 1], [1, 4])).toEqual([3, 4])
  expect(broadcastDims([], [2, 3])).toEqual([2, 3])
  expect(broadcastDims([0], [1])).toEqual([0])
  expect(broadcastDims([2], [3])).toBeNull()
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1])
})
