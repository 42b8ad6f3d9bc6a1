/** @file Layers that join several inputs. */
import type { Dim } from '../../../contracts/model.js'
import { asFloat, axisOf, floatValue, type LayerCall, type LayerConverter, type LayerTable } from '../layer-call.js'
import { Refusal } from '../refusal.js'
import { storedAxis, type Order, type Value, type Writer } from '../writer.js'

type Combine = (w: Writer, names: readonly string[]) => string

const folded = (opType: string): Combine => (w, names) => names.reduce((sum, name) => w.add(opType, [sum, name]))

/** Inputs with fewer axes get new ones behind the batch; sizes of one are repeated. */
const elementwise = (combine: Combine): LayerConverter => (c) => {
  const inputs = severalOf(c)
  const rank = Math.max(...inputs.map(({ dims }) => dims.length))
  const widened = inputs.map((value) => widen(c.w, value, rank))
  const dims = Array.from({ length: rank }, (_, axis) => widened.reduce<Dim>((dim, value) => broadcast(dim, value.dims[axis]), 1))
  const order = commonOrder(widened)
  return [{ ...widened[0], name: combine(c.w, widened.map((value) => c.w.stored(value, order))), dims, order }]
}

function severalOf({ w, inputs }: LayerCall): readonly Value[] {
  if (inputs.length < 2) throw new Refusal(`it joins several inputs, and is given ${inputs.length}`)
  return inputs.every(({ dtype }) => dtype === inputs[0].dtype && dtype !== 'bool') ? inputs : inputs.map((value) => asFloat(w, value))
}

function widen(w: Writer, value: Value, rank: number): Value {
  const missing = rank - value.dims.length
  if (missing === 0) return value
  const axes = Array.from({ length: missing }, (_, i) => i + 1)
  return { ...value, name: w.add('Unsqueeze', [w.stored(value), w.integers(axes)]), dims: [value.dims[0], ...axes.map(() => 1), ...value.dims.slice(1)], order: null }
}

function broadcast(a: Dim, b: Dim): Dim {
  if (a === 1) return b
  if (b === 1 || a === b) return a
  if (typeof a === 'number' && typeof b === 'number') throw new Refusal(`sizes ${a} and ${b} of its inputs do not go together`, 'shape')
  return typeof a === 'number' ? a : b
}

/** The order of the input with the most elements, as far as sizes are known: the others are cheaper to turn. */
function commonOrder(values: readonly Value[]): Order {
  const ones = (value: Value) => value.dims.filter((dim) => dim === 1).length
  return values.reduce((best, value) => (ones(value) < ones(best) || (best.order === null && ones(value) === ones(best)) ? value : best)).order
}

function concatenate(c: LayerCall): readonly Value[] {
  const inputs = severalOf(c)
  const rank = inputs[0].dims.length
  const axis = axisOf(c.config.number('axis', -1), rank)
  const dims = inputs[0].dims.map((dim, at) => inputs.slice(1).reduce<Dim>((sum, value) => {
    if (value.dims.length !== rank) throw new Refusal('its inputs have different numbers of axes', 'shape')
    const other = value.dims[at]
    return at === axis ? (typeof sum === 'number' && typeof other === 'number' ? sum + other : null) : sum === 1 && other !== 1 ? other : sum
  }, dim))
  const order = inputs.find((value) => value.order !== null)?.order ?? null
  return [{ ...inputs[0], name: c.w.add('Concat', inputs.map((value) => c.w.stored(value, order)), { axis: storedAxis({ order }, axis) }), dims, order }]
}

/** Σ over one axis of each; with `normalize`, of vectors of length one. */
function dot(c: LayerCall): readonly Value[] {
  const { w } = c
  if (c.inputs.length !== 2) throw new Refusal(`it joins two inputs, and is given ${c.inputs.length}`)
  const given = c.config.integers('axes')
  const pair = c.inputs.map((value) => asFloat(w, value))
  if (pair.some(({ dims }) => dims.length < 2 || dims.length > 3)) throw new Refusal('an input has neither 2 nor 3 axes', 'shape')
  const axes = pair.map(({ dims }, i) => axisOf(given[i] ?? given[0], dims.length))
  if (axes.includes(0)) throw new Refusal('it adds up over the rows of the batch, which makes them depend on each other')
  const rows = pair.map((value, i) => {
    // [batch, kept, summed]; a vector keeps one row.
    const order = value.dims.length === 3 ? [0, 3 - axes[i], axes[i]] : null
    const name = c.config.flag('normalize', false) ? unit(w, w.stored(value, order)) : w.stored(value, order)
    return value.dims.length === 3 ? name : w.add('Unsqueeze', [name, w.integers([1])])
  })
  const product = w.add('MatMul', [rows[0], w.add('Transpose', [rows[1]], { perm: [0, 2, 1] })]) // [batch, kept of the first, kept of the second]
  const kept = pair.flatMap(({ dims }, i) => (dims.length === 3 ? [dims[3 - axes[i]]] : []))
  const squeezed = pair.flatMap(({ dims }, i) => (dims.length === 3 ? [] : [i + 1])).slice(kept.length === 0 ? 1 : 0)
  const name = squeezed.length === 0 ? product : w.add('Squeeze', [product, w.integers(squeezed)])
  return [floatValue(name, [pair[0].dims[0], ...(kept.length === 0 ? [1] : kept)])]
}

const SMALLEST_SQUARE = 1e-7

/** x / √(max(Σx², 10⁻⁷)) along the last axis */
const unit = (w: Writer, x: string): string => w.add('Div', [x, w.add('Sqrt', [w.add('Max', [w.add('ReduceSum', [w.add('Mul', [x, x]), w.integers([-1])]), w.constant(SMALLEST_SQUARE)])])])

export const merging: LayerTable = {
  Add: elementwise(folded('Add')),
  Multiply: elementwise(folded('Mul')),
  Average: elementwise((w, names) => w.add('Mul', [folded('Add')(w, names), w.constant(1 / names.length)])),
  Maximum: elementwise((w, names) => w.add('Max', names)),
  Minimum: elementwise((w, names) => w.add('Min', names)),
  Concatenate: concatenate,
  Dot: dot,
}
