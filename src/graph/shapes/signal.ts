/** @file Shape rules of Fourier transforms. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute } from '../ir.js'
import { known, normalizeAxis, numbersOf, type Rule } from './known.js'

/** How many frequencies one side of n has. */
const oneSide = (n: Dim): Dim => (typeof n === 'number' ? Math.floor(n / 2) + 1 : null)

/** x […, n, parts] → […, n, 2], or half of n, or real again */
const dft: Rule = ({ node, input, has, opset }) => {
  const { dims, dtype } = input(0)
  const stated = opset < 20 ? intAttribute(node, 'axis', 1) : has(2) ? numbersOf(input(2))?.[0] ?? null : -2
  if (dims === null) return [known(dtype, null)]
  const [inverse, onesided] = ['inverse', 'onesided'].map((name) => intAttribute(node, name, 0) === 1)
  const axis = stated === null ? null : normalizeAxis(stated, dims.length)
  const parts = inverse && onesided ? 1 : 2
  if (axis === null) return [known(dtype, [...dims.slice(0, -1).map(() => null), parts])]
  const size = dims[axis]
  const whole = inverse && onesided ? (typeof size === 'number' ? 2 * (size - 1) : null) : size
  const length = has(1) ? input(1).values?.[0] ?? null : whole
  return [known(dtype, [...dims.slice(0, -1).map((dim, at) => (at !== axis ? dim : onesided && !inverse ? oneSide(length) : length)), parts])]
}

/** signal [batch, length, parts], step, window [size], size → [batch, frames, frequencies, 2] */
const stft: Rule = ({ node, input, has }) => {
  const { dims, dtype } = input(0)
  const length = dims?.[1] ?? null
  const step = input(1).values?.[0]
  const size = has(3) ? input(3).values?.[0] ?? null : has(2) ? input(2).dims?.[0] ?? null : length
  const frames = typeof length === 'number' && typeof size === 'number' && typeof step === 'number' && step > 0 ? Math.floor((length - size) / step) + 1 : null
  return [known(dtype, [dims?.[0] ?? null, frames, intAttribute(node, 'onesided', 1) === 1 ? oneSide(size) : size, 2])]
}

export const signal: Readonly<Record<string, Rule>> = { DFT: dft, STFT: stft }
