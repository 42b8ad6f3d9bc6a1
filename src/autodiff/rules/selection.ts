/** @file Operators that choose or mark elements. What is chosen counts as constant; the chosen elements carry the gradient. */
import { intAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { scatterBack } from './scatter.js'
import type { RuleTable } from './operators.js'

/** dX = dY at the chosen places; the order of ties is the runtime's. */
function topK(c: RuleContext, input: number): string | null {
  if (input !== 0 || !c.hasGradient(0)) return null
  const indices = c.emitter.extraOutput(c.node, 1, 'indices')
  return c.emit('ScatterElements', [c.emitter.zerosLike(c.x), indices, c.dy], { axis: intAttribute(c.node, 'axis', -1) })
}

/** Values are [off, on]: each gets the sum of dY over its places. */
function oneHot(c: RuleContext, input: number): string | null {
  if (input !== 2) return null
  const e = c.emitter
  const dtype = c.dtype(c.input(2))
  const marks = c.emit('OneHot', [c.input(0), c.input(1), e.constant([0, 1], dtype)], { axis: intAttribute(c.node, 'axis', -1) })
  const sum = (values: string) => c.emit('Reshape', [c.emit('ReduceSum', [values], { keepdims: 0 }), e.ints([1])])
  const on = sum(e.mul(c.dy, marks))
  return c.emit('Concat', [e.sub(sum(c.dy), on), on], { axis: 0 })
}

/** dY goes to the first of equal elements or slices, the one that Unique gives the index of. */
function unique(c: RuleContext, input: number): string | null {
  if (input !== 0 || !c.hasGradient(0)) return null
  const indices = c.emitter.extraOutput(c.node, 1, 'indices')
  const axis = intAttribute(c.node, 'axis', null)
  return scatterBack(c, (positions) => (axis === null ? c.emit('Gather', [c.emit('Reshape', [positions, c.emitter.ints([-1])]), indices]) : c.emit('Gather', [positions, indices], { axis })))
}

export const selection = {
  TopK: topK,
  /** Values: dOff = Σ dY where not marked, dOn = Σ dY where marked */
  OneHot: oneHot,
  /** dX = dY back at the places that were kept */
  Compress: (c, i) => (i === 0 ? scatterBack(c, (positions) => c.emit('Compress', [positions, c.input(1)], { axis: c.node.attributes.get('axis') })) : null),
  Unique: unique,
  /** dX = the same triangle of dY */
  Trilu: (c, i) => (i === 0 ? c.emit('Trilu', [c.dy, ...c.node.inputs.slice(1)], { upper: intAttribute(c.node, 'upper', 1) }) : null),
} satisfies RuleTable
