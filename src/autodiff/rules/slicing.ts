/** @file The gradient of Slice. */
import type { RuleContext } from '../rule.js'
import { scatterBack } from './scatter.js'

/** dX = dY put back where it was cut out, zeros elsewhere. */
export function slice(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const cuts = knownCuts(c)
  if (cuts === null) return scatterBack(c, (positions) => c.emit('Slice', [positions, ...c.node.inputs.slice(1)]))
  const rank = c.rank(c.x)
  const dy = cuts.reduce((gradient, cut) => (cut.step === 1 && !cut.reversed ? gradient : spread(c, gradient, cut)), c.dy)
  const pads = new Array<number>(rank * 2).fill(0)
  for (const { axis, start, end, size } of cuts) {
    pads[axis] = start
    pads[axis + rank] = size - end
  }
  return pads.some((pad) => pad !== 0) ? c.emitter.pad(dy, pads) : dy
}

/** Along one axis: the elements at start, start + step, … below end, which lies `step` after the last. */
type Cut = { readonly axis: number; readonly start: number; readonly end: number; readonly step: number; readonly reversed: boolean; readonly count: number; readonly size: number }

/** What is cut along each axis, in positive steps; null when something is only known at run time. */
function knownCuts(c: RuleContext): Cut[] | null {
  const dims = c.dims(c.x)
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => (c.hasInput(i) ? c.emitter.constantNumbers(c.input(i)) : undefined))
  if (!dims || !starts || !ends || axes === null || steps === null) return null
  const cuts: Cut[] = []
  for (let i = 0; i < starts.length; i++) {
    const axis = ((axes?.[i] ?? i) + dims.length) % dims.length
    const size = dims[axis]
    if (typeof size !== 'number') return null
    cuts.push(cutOf(axis, size, starts[i], ends[i], steps?.[i] ?? 1))
  }
  return cuts
}

function cutOf(axis: number, size: number, from: number, to: number, stated: number): Cut {
  const [low, high] = stated > 0 ? [0, size] : [-1, size - 1]
  const clamp = (bound: number) => Math.min(Math.max(bound < 0 ? bound + size : bound, low), high)
  const [first, limit, step] = [clamp(from), clamp(to), Math.abs(stated)]
  const count = Math.max(0, Math.ceil((limit - first) / stated))
  // An empty slice does not say where it lies; both pads together do.
  const start = count === 0 ? 0 : stated > 0 ? first : first - (count - 1) * step
  return { axis, start, end: start + count * step, step, reversed: stated < 0, count, size }
}

/** Zeros after each element, step − 1 of them, and the order turned round where the slice did. */
function spread(c: RuleContext, gradient: string, { axis, step, reversed, count }: Cut): string {
  const e = c.emitter
  const rank = c.rank(c.x)
  const forward = reversed ? c.emit('Slice', [gradient, e.ints([-1]), e.ints([-(2 ** 31)]), e.ints([axis]), e.ints([-1])]) : gradient
  if (step === 1) return forward
  const column = c.emit('Unsqueeze', [forward, e.ints([axis + 1])]) // [a…, count, 1, b…]
  const pads = Array.from({ length: 2 * (rank + 1) }, (_, i) => (i === rank + 1 + axis + 1 ? step - 1 : 0))
  const sizes = Array.from({ length: rank }, (_, i) => (i === axis ? count * step : e.size(forward, i)))
  return c.emit('Reshape', [e.pad(column, pads), e.joinInts(sizes)], { allowzero: 1 }) // [a…, count · step, b…]
}
