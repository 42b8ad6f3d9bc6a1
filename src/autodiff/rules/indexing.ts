/** @file Gathering and scattering by index tensors. Negative indices count from the end and repeated ones add up. */
import { intAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { scatterAdd, scatterBack } from './scatter.js'
import type { RuleTable } from './operators.js'

/** y = x[…, indices, …]: dX adds each slice of dY to where it was taken from. */
function gather(c: RuleContext, input: number): string | null {
  if (input !== 0) return null
  const stated = intAttribute(c.node, 'axis', 0)
  const rank = c.emitter.rank(c.x)
  if (rank === null) return scatterBack(c, (positions) => c.emit('Gather', [positions, c.input(1)], { axis: stated }))
  const axis = (stated + rank) % rank
  const sizes = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => c.emitter.size(c.x, from + i))
  const count = c.emit('Reshape', [c.emit('Size', [c.input(1)]), c.emitter.ints([1])]) // [1]
  const shape = c.emitter.joinInts([...sizes(0, axis), count, ...sizes(axis + 1, rank)])
  const dy = c.emit('Reshape', [c.dy, shape], { allowzero: 1 }) // [a…, indices, b…]
  const column = Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1))
  const indices = c.emit('Expand', [c.emit('Reshape', [c.input(1), c.emitter.ints(column)]), shape])
  return scatterAdd(c, 'ScatterElements', c.emitter.shapeOf(c.x), indices, dy, { axis })
}

/** What scatters overwrite gets no gradient; what they add to keeps it. Other reductions are refused. */
function keptByScatter(c: RuleContext, opType: string): string {
  const reduction = stringAttribute(c.node, 'reduction', 'none')
  if (reduction === 'add') return c.dy
  if (reduction === 'none') return c.emit(opType, [c.dy, c.input(1), c.emitter.zerosLike(c.input(2))], { axis: c.node.attributes.get('axis') })
  throw c.refuse(`there is no gradient for reduction "${reduction}". Use a black-box method for this model.`)
}

export const indexing = {
  Gather: gather,
  /** dX[indices] += dY */
  GatherElements: (c, i) => (i === 0 ? scatterAdd(c, 'ScatterElements', c.emitter.shapeOf(c.x), c.input(1), c.dy, { axis: intAttribute(c.node, 'axis', 0) }) : null),
  /** dX[indices] += dY */
  GatherND: (c, i) => {
    if (i !== 0) return null
    const batch = intAttribute(c.node, 'batch_dims', 0)
    if (batch !== 0) return scatterBack(c, (positions) => c.emit('GatherND', [positions, c.input(1)], { batch_dims: batch }))
    return scatterAdd(c, 'ScatterND', c.emitter.shapeOf(c.x), c.input(1), c.dy)
  },
  /** dX = dY outside the indices, dUpdates = dY at the indices; with reduction "add", dX = dY everywhere */
  ScatterElements: (c, i) => {
    if (i === 0) return keptByScatter(c, 'ScatterElements')
    return i === 2 ? c.emit('GatherElements', [c.dy, c.input(1)], { axis: intAttribute(c.node, 'axis', 0) }) : null
  },
  /** As ScatterElements, for slices. */
  ScatterND: (c, i) => {
    if (i === 0) return keptByScatter(c, 'ScatterND')
    return i === 2 ? c.emit('GatherND', [c.dy, c.input(1)]) : null
  },
} satisfies RuleTable
