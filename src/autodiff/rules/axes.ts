/** @file Linear maps along one axis. */
import type { RuleContext } from '../rule.js'

/** Σ over `axis` of `matrix` [to, from] with a value [… from …] of that many axes. */
export function multiplyAlong(c: RuleContext, matrix: string, name: string, axis: number, rank: number): string {
  if (axis === rank - 2) return c.emit('MatMul', [matrix, name])
  const turned = c.emit('Transpose', [matrix], { perm: [1, 0] })
  if (axis === rank - 1) return c.emit('MatMul', [name, turned])
  const perm = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i))
  return c.emit('Transpose', [c.emit('MatMul', [c.emit('Transpose', [name], { perm }), turned])], { perm })
}
