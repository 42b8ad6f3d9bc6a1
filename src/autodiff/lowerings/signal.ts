/** @file Transforms of signals piece by piece. */
import { intAttribute } from '../../graph/ir.js'
import { range } from '../lines.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'

/** signal [batch, length, parts] → [batch, frames, frequencies, 2] */
function shortTimeFourier(c: NodeContext): string[] {
  const e = c.emitter
  const [step, window] = [c.input(1), c.input(2)]
  const one = (name: string) => c.emit('Reshape', [name, e.ints([1])])
  const size = c.hasInput(3) ? one(c.input(3)) : e.sizeOf(window === '' ? c.x : window, window === '' ? 1 : 0) // [1]
  const frames = e.add(e.div(e.sub(e.sizeOf(c.x, 1), e.cast(size, 'int64')), e.cast(one(step), 'int64')), e.ints([1])) // [1]
  const starts = e.mul(range(e, frames), e.cast(step, 'int64')) // [frames]
  const positions = e.add(c.emit('Unsqueeze', [starts, e.ints([1])]), range(e, e.cast(size, 'int64'))) // [frames, size]
  const pieces = c.emit('Gather', [c.x, positions], { axis: 1 }) // [batch, frames, size, parts]
  const weighted = window === '' ? pieces : e.mul(pieces, c.emit('Unsqueeze', [window, e.ints([1])]))
  const onesided = intAttribute(c.node, 'onesided', 1)
  return [c.opset < 20 ? c.emit('DFT', [weighted], { axis: 2, onesided }) : c.emit('DFT', [weighted, '', e.constant(2, 'int64')], { onesided })]
}

export const signals = {
  /** The transform (DFT) of every `frame_step`-th piece of the signal, times the window. */
  STFT: shortTimeFourier,
} satisfies LoweringTable
