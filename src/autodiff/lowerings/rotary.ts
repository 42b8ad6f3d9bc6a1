/** @file Rotary position embedding in simple operators. */
import type { NodeContext } from '../node-context.js'

export type RotaryInputs = {
  /** [batch, heads, length, size] */
  readonly x: string
  /** [batch or 1, length, half of the rotated size] */
  readonly cos: string
  readonly sin: string
  /** How many of the features are rotated; 0 for all. */
  readonly rotated: number
  /** Whether the two halves alternate. */
  readonly interleaved: boolean
}

/** Pairs (a, b) of features become (a·cos − b·sin, a·sin + b·cos); the pairs are feature i of either half, or neighbours. */
export function rotate(c: NodeContext, { x, cos, sin, rotated, interleaved }: RotaryInputs): string {
  const e = c.emitter
  const size = e.size(x, 3)
  const partial = rotated > 0 && rotated !== size
  const part = (from: number, to: number) => c.emit('Slice', [x, e.ints([from]), e.ints([to]), e.ints([3])])
  const turning = partial ? part(0, rotated) : x
  const perHead = (name: string) => c.emit('Unsqueeze', [name, e.ints(interleaved ? [1, 4] : [1])])
  const paired = interleaved ? c.emit('Reshape', [turning, e.ints([0, 0, 0, -1, 2])]) : turning // [batch, heads, length, half, 2] or [batch, heads, length, 2 · half]
  const [a, b] = e.emitMany('Split', [paired], 2, { axis: -1, num_outputs: 2 })
  const [cosine, sine] = [perHead(cos), perHead(sin)]
  const turned = c.emit('Concat', [e.sub(e.mul(a, cosine), e.mul(b, sine)), e.add(e.mul(a, sine), e.mul(b, cosine))], { axis: -1 })
  const flat = interleaved ? c.emit('Reshape', [turned, e.ints([0, 0, 0, -1])]) : turned
  return partial ? c.emit('Concat', [flat, part(rotated, Number.MAX_SAFE_INTEGER)], { axis: 3 }) : flat
}
