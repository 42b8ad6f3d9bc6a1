import { describe, expect, test } from 'vitest'
import type { Tensor } from '../../src/contracts/tensor.js'
import { broadcastOverRows, concatenateRows, sliceRows, takeRows } from '../../src/tensor/rows.js'

/** Element [i, j, k] is 100·i + 10·j + k. */
const cube = (a: number, b: number, c: number): Tensor => ({
  data: Float32Array.from({ length: a * b * c }, (_, n) => 100 * Math.floor(n / (b * c)) + 10 * (Math.floor(n / c) % b) + (n % c)),
  dims: [a, b, c],
  dtype: 'float32',
})
const numbers = ({ data }: Tensor) => Array.from(data, Number)

describe('cutting', () => {
  test('rows along the first axis are a copy', () => {
    const whole = cube(3, 1, 2)
    const part = sliceRows(whole, 1, 3)
    expect(part).toEqual({ data: Float32Array.of(100, 101, 200, 201), dims: [2, 1, 2], dtype: 'float32' })
    ;(part.data as Float32Array)[0] = -1
    expect(numbers(whole)[2]).toBe(100)
  })
  test('rows along another axis', () => {
    expect(numbers(sliceRows(cube(2, 3, 2), 1, 3, 1))).toEqual([10, 11, 20, 21, 110, 111, 120, 121])
    expect(numbers(sliceRows(cube(2, 2, 3), 2, 3, 2))).toEqual([2, 12, 102, 112])
  })
  test('no rows', () => {
    expect(sliceRows(cube(3, 2, 2), 1, 1).dims).toEqual([0, 2, 2])
  })
  test('any rows in any order, also of strings', () => {
    expect(numbers(takeRows(cube(3, 1, 2), [2, 0, 2]))).toEqual([200, 201, 0, 1, 200, 201])
    expect(takeRows({ data: ['a', 'b', 'c', 'd'], dims: [2, 2], dtype: 'string' }, [1, 0])).toEqual({ data: ['c', 'd', 'a', 'b'], dims: [2, 2], dtype: 'string' })
  })
  test('packed elements cannot be cut', () => {
    expect(() => sliceRows({ data: Uint8Array.of(1, 2), dims: [4], dtype: 'int4' }, 0, 1)).toThrow(/packed/)
    expect(() => takeRows({ data: Float32Array.of(1, 2), dims: [1], dtype: 'complex64' }, [0])).toThrow(/packed/)
  })
})

test.each([0, 1, 2])('joining what was cut along axis %i gives the whole', (axis) => {
  const whole = cube(4, 4, 4)
  const parts = [[0, 1], [1, 1], [1, 4]].map(([start, end]) => sliceRows(whole, start, end, axis))
  expect(concatenateRows(parts, axis)).toEqual(whole)
})

describe('broadcasting over rows', () => {
  test('a number, a value, a row, a row with its axis, all rows', () => {
    expect(Array.from(broadcastOverRows(7, [2, 2], 'v'))).toEqual([7, 7, 7, 7])
    expect(Array.from(broadcastOverRows({ data: [7], dims: [] }, [2, 2], 'v'))).toEqual([7, 7, 7, 7])
    expect(Array.from(broadcastOverRows({ data: [1, 2], dims: [2] }, [2, 2], 'v'))).toEqual([1, 2, 1, 2])
    expect(Array.from(broadcastOverRows({ data: [1, 2], dims: [1, 2] }, [2, 2], 'v'))).toEqual([1, 2, 1, 2])
    expect(Array.from(broadcastOverRows({ data: [1, 2, 3, 4], dims: [2, 2] }, [2, 2], 'v'))).toEqual([1, 2, 3, 4])
  })
  test('anything else is refused', () => {
    expect(() => broadcastOverRows({ data: [1, 2, 3], dims: [3] }, [2, 2], 'scale')).toThrow('scale has 3 values: one row of [2, 2] needs 2, all rows need 4')
  })
})
