import { expect } from 'vitest'

/** Every element within `tolerance` of the truth, relative to the larger of 1 and the truth; infinities must be equal and NaN never is. */
export function expectClose(actual: readonly number[], truth: readonly number[], tolerance: number, what = 'value'): void {
  expect(actual.length, `${what}: number of elements`).toBe(truth.length)
  actual.forEach((value, i) => {
    const close = value === truth[i] || Math.abs(value - truth[i]) <= tolerance * Math.max(1, Math.abs(truth[i]))
    if (!close) expect.fail(`${what}[${i}] is ${value}, the truth is ${truth[i]}`)
  })
}
