/** @file Dropout. */
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** dX = dY·mask / (1 − ratio) in training mode, with the mask that the same run drew; dY in inference, which drops nothing. */
function dropout(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const e = c.emitter
  const training = c.hasInput(2) ? e.constantNumbers(c.input(2)) : [0]
  if (training?.[0] === 0) return c.dy
  const mask = e.describe(e.extraOutput(c.node, 1, 'mask'), { kind: 'tensor', dtype: 'bool', dims: e.dims(c.x) }) // shape of x
  const ratio = c.hasInput(1) ? e.cast(c.input(1), c.dtype(c.y)) : c.scalar(0.5)
  const kept = e.sub(c.scalar(1), ratio)
  return e.div(e.mul(c.dy, c.mask(mask)), training === null ? c.emit('Where', [c.input(2), kept, c.scalar(1)]) : kept)
}

export const dropouts = {
  Dropout: dropout,
} satisfies RuleTable
