/** @file Writing updates into a tensor by index. Where indices repeat without a reduction, ONNX leaves open which update stays. */
import { intAttribute, stringAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import { flatPositions } from './scatter.js'
import type { RuleTable } from './operators.js'

/** How a scatter finds its places, in both directions. */
type Places = {
  /** Of values of x's shape, those at the places: the updates' shape. */
  readonly take: (values: string) => string
  /** Values of the updates' shape combined into a start of x's shape. */
  readonly put: (start: string, updates: string, reduction: 'none' | 'add' | 'mul') => string
}

/** ONNX Runtime's CPU kernel combines no 16-bit floats: those are combined in float32. */
function combine(c: RuleContext, start: string, indices: string, updates: string, attributes: { axis: number; reduction: 'none' | 'add' | 'mul' }): string {
  const e = c.emitter
  const dtype = c.dtype(c.x)
  if (attributes.reduction === 'none' || (dtype !== 'float16' && dtype !== 'bfloat16')) return c.emit('ScatterElements', [start, indices, updates], attributes)
  return e.cast(c.emit('ScatterElements', [e.cast(start, 'float32'), indices, e.cast(updates, 'float32')], attributes), dtype)
}

function elementPlaces(c: RuleContext): Places {
  const axis = intAttribute(c.node, 'axis', 0)
  return {
    take: (values) => c.emit('GatherElements', [values, c.input(1)], { axis }),
    put: (start, updates, reduction) => combine(c, start, c.input(1), updates, { axis, reduction }),
  }
}

/** ONNX Runtime reduces in ScatterND on several threads at once, so that repeated indices get lost; ScatterElements is safe. */
function slicePlaces(c: RuleContext): Places {
  const e = c.emitter
  const flat = e.ints([-1])
  const take = (values: string) => c.emit('GatherND', [values, c.input(1)])
  return {
    take,
    put: (start, updates, reduction) => {
      if (reduction === 'none') return c.emit('ScatterND', [start, c.input(1), updates])
      const positions = take(flatPositions(c))
      const [into, at, added] = [start, positions, updates].map((name) => c.emit('Reshape', [name, flat]))
      return e.reshapeLike(combine(c, into, at, added, { axis: 0, reduction }), c.x)
    },
  }
}

function scatter(c: RuleContext, input: number, places: Places): string | null {
  if (input !== 0 && input !== 2) return null
  const reduction = stringAttribute(c.node, 'reduction', 'none')
  switch (reduction) {
    case 'none': return input === 0 ? places.put(c.dy, c.emitter.zerosLike(c.input(2)), 'none') : places.take(c.dy)
    case 'add': return input === 0 ? c.dy : places.take(c.dy)
    case 'mul': return input === 0 ? multiplied(c, places) : factor(c, places)
    case 'max':
    case 'min': return extreme(c, input, places)
    default: throw c.refuse(`there is no reduction "${reduction}". Export the model again.`)
  }
}

const onesLike = (c: RuleContext): string => c.emitter.filled(1, c.emitter.shapeOf(c.x), c.dtype(c.x))

/** dX = dY · Π updates */
const multiplied = (c: RuleContext, { put }: Places): string => c.emitter.mul(c.dy, put(onesLike(c), c.input(2), 'mul'))

/**
 * dU = dY · x · Π of the other updates of its place, without dividing by an update that is 0. Where a single other is 0, so is the product, and
 * yet it changes with that other: the factor is written as this 0 itself, so that second derivatives find it.
 */
function factor(c: RuleContext, { take, put }: Places): string {
  const e = c.emitter
  const isZero = c.isZero(c.input(2)) // updates' shape, like everything with `take`
  const nonZero = c.emit('Where', [isZero, c.scalar(1), c.input(2)])
  const product = e.mul(e.mul(c.dy, c.x), put(onesLike(c), nonZero, 'mul')) // x's shape
  const sumOfOthers = (values: string) => e.sub(take(put(e.zerosLike(c.x), values, 'add')), values)
  const otherZeros = sumOfOthers(c.mask(isZero))
  const onlyZero = e.mul(c.mask(c.emit('Equal', [otherZeros, c.scalar(1)])), sumOfOthers(c.emit('Where', [isZero, c.input(2), c.scalar(0)])))
  return e.mul(e.div(take(product), nonZero), e.add(c.mask(c.isZero(otherZeros)), onlyZero))
}

/** dY shared evenly by x and the updates that are as large as the result, like PyTorch's scatter_reduce. */
function extreme(c: RuleContext, input: number, { take, put }: Places): string {
  const e = c.emitter
  const xWins = c.mask(c.emit('Equal', [c.x, c.y]))
  const updateWins = c.mask(c.emit('Equal', [c.input(2), take(c.y)]))
  const share = e.div(c.dy, put(xWins, updateWins, 'add'))
  return input === 0 ? e.mul(share, xWins) : e.mul(take(share), updateWins)
}

/** Where the updates of a TensorScatter went: indices along its axis, in the updates' shape. */
function cachePlaces(c: RuleContext): { indices: string; axis: number } {
  const e = c.emitter
  const rank = c.rank(c.x)
  const axis = (intAttribute(c.node, 'axis', -2) + rank) % rank
  const along = (at: number) => e.ints(Array.from({ length: rank }, (_, i) => (i === at ? -1 : 1)))
  const steps = c.emit('Range', [e.constant(0, 'int64'), c.emit('Squeeze', [e.sizeOf(c.input(1), axis)]), e.constant(1, 'int64')])
  const step = c.emit('Reshape', [steps, along(axis)])
  const moved = c.hasInput(2) ? e.add(c.emit('Reshape', [c.input(2), along(0)]), step) : step
  const places = stringAttribute(c.node, 'mode', 'linear') === 'circular' ? c.emit('Mod', [moved, e.sizeOf(c.x, axis)]) : moved
  return { indices: c.emit('Expand', [places, c.emit('Shape', [c.input(1)])]), axis }
}

export const scattering = {
  /** none: dX = dY outside the indices, dUpdates = dY at the indices. add: dX = dY everywhere. mul: the product of the other factors. max, min: shared evenly at ties */
  ScatterElements: (c, i) => scatter(c, i, elementPlaces(c)),
  /** As ScatterElements, for slices. */
  ScatterND: (c, i) => scatter(c, i, slicePlaces(c)),
  /** dX = dY outside what is written, dUpdate = dY where it is written */
  TensorScatter: (c, i) => {
    if (i > 1) return null
    const { indices, axis } = cachePlaces(c)
    return i === 0 ? c.emit('ScatterElements', [c.dy, indices, c.emitter.zerosLike(c.input(1))], { axis }) : c.emit('GatherElements', [c.dy, indices], { axis })
  },
} satisfies RuleTable
