/** @file Dense layers, layers that only move elements, and those that do nothing once a model is trained. */
import type { Dim } from '../../../contracts/model.js'
import { activationName } from '../activations.js'
import { axisOf, floatValue, knownSize, sizeOrNull, type LayerCall, type LayerConverter, type LayerTable } from '../layer-call.js'
import { Refusal } from '../refusal.js'
import { storedAxis, storedDims, type Order, type Value } from '../writer.js'

const nothing: LayerConverter = (c) => [c.x]

function dense(c: LayerCall): readonly Value[] {
  const x = c.floats
  const rank = x.dims.length
  if (rank < 2) throw new Refusal('its input has one axis', 'shape')
  const units = c.config.size('units')
  const kernel = c.weights.take('kernel', [sizeOf(x.dims[rank - 1]), units])
  const bias = c.config.flag('use_bias', true) ? c.weights.take('bias', [units]) : null
  const W = c.w.weight('kernel', () => kernel)
  const B = bias && c.w.weight('bias', () => bias)
  const dims = [...x.dims.slice(0, -1), units]
  // The product runs along what is stored last; the other axes may lie as they like.
  const order: Order = storedAxis(x, rank - 1) === rank - 1 ? x.order : null
  const stored = c.w.stored(x, order)
  const name = rank === 2 ? c.w.add('Gemm', B === null ? [stored, W] : [stored, W, B]) : plus(c, c.w.add('MatMul', [stored, W]), B)
  return [c.activate(floatValue(name, dims, order), activationName(c.config))]
}

const plus = (c: LayerCall, name: string, bias: string | null): string => (bias === null ? name : c.w.add('Add', [name, bias]))
const sizeOf = (dim: Dim): number | null => (typeof dim === 'number' ? dim : null)

function flatten({ w, config, x }: LayerCall): readonly Value[] {
  const rank = x.dims.length
  // Channels that come first are moved to the end, so that they are always counted through first.
  const order: Order = config.channelsLast() || rank < 3 ? null : [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]
  return [{ ...x, name: w.add('Flatten', [w.stored(x, order)], { axis: 1 }), dims: [x.dims[0], sizeOrNull(x.dims.slice(1))], order: null }]
}

function reshape({ w, config, x }: LayerCall): readonly Value[] {
  const wanted = config.get('target_shape')
  if (!Array.isArray(wanted)) throw new Refusal('its target_shape is missing')
  const target = (wanted as unknown[]).map((size) => (size === null || (typeof size === 'number' && size < 0) ? null : size))
  if (!target.every((size): size is number | null => size === null || Number.isSafeInteger(size)) || target.filter((size) => size === null).length > 1) throw new Refusal('its target_shape is not a list of sizes with at most one open')
  const [all, known] = [sizeOrNull(x.dims.slice(1)), target.reduce<number>((product, size) => product * (size ?? 1), 1)]
  const open = all === null ? null : all / known
  if (open !== null && (target.includes(null) ? !Number.isInteger(open) : open !== 1)) throw new Refusal(`it makes [${target.join(', ')}] of ${all} elements`, 'shape')
  const dims: Dim[] = target.map((size) => size ?? open)
  // Zero takes the size of the batch over.
  const shape = dims.every((size) => typeof size === 'number') ? [-1, ...dims] : [0, ...dims.map((size) => (typeof size === 'number' ? size : -1))]
  return [{ ...x, name: w.add('Reshape', [w.stored(x), w.integers(shape)]), dims: [x.dims[0], ...dims], order: null }]
}

/** Nothing moves: the axes are only counted in another order. */
function permute({ config, x }: LayerCall): readonly Value[] {
  const moved = [0, ...config.integers('dims')]
  const rank = x.dims.length
  if (moved.length !== rank || new Set(moved).size !== rank || moved.some((axis) => axis < 0 || axis >= rank)) throw new Refusal(`its dims do not name every axis of an input of ${rank} axes`, 'shape')
  const order = storedDims(Array.from({ length: rank }, (_, axis) => axis), x.order).map((axis) => moved.indexOf(axis))
  return [{ ...x, dims: moved.map((axis) => x.dims[axis]), order }]
}

function repeatVector(c: LayerCall): readonly Value[] {
  const { w, x } = c
  if (x.dims.length !== 2) throw new Refusal(`its input has ${x.dims.length} axes instead of 2`, 'shape')
  const times = c.config.size('n')
  return [{ ...x, name: w.add('Tile', [w.add('Unsqueeze', [w.stored(x), w.integers([1])]), w.integers([1, times, 1])]), dims: [x.dims[0], times, x.dims[1]], order: null }]
}

function embedding({ w, config, weights, x }: LayerCall): readonly Value[] {
  const [words, width] = [config.size('input_dim'), config.size('output_dim')]
  const table = weights.take('embeddings', [words, width])
  // A cast cuts the fraction off, which TensorFlow.js does as well.
  const indices = x.dtype === 'int32' ? w.stored(x) : w.add('Cast', [w.stored(x)], { to: 6 })
  return [floatValue(w.add('Gather', [w.weight('embeddings', () => table), indices]), [...x.dims, width])]
}

/** Steps whose features all have the value that marks them as missing become zero. */
function masking(c: LayerCall): readonly Value[] {
  const x = c.floats
  const kept = c.w.add('Unsqueeze', [maskedSteps(c), c.w.integers([-1])])
  return [{ ...x, name: c.w.add('Mul', [c.w.stored(x), c.w.add('Cast', [kept], { to: 1 })]), order: null }]
}

/** Which steps have a feature that is not the value for missing ones, or are not word 0: bool, without the last axis of features. */
export function maskedSteps({ w, className, config, inputs }: LayerCall): string {
  const [x] = inputs
  const wordless = className === 'Embedding'
  const stored = w.stored(x)
  const zero = x.dtype === 'float32' ? w.constant(wordless ? 0 : config.number('mask_value', 0)) : w.constant(0, x.dtype)
  const differs = w.add('Not', [w.add('Equal', [stored, zero])])
  if (wordless) return differs
  const any = w.add('ReduceMax', [w.add('Cast', [differs], { to: 1 }), w.integers([-1])], { keepdims: 0 })
  return w.add('Greater', [any, w.constant(0.5)])
}

function prelu(c: LayerCall): readonly Value[] {
  const x = c.floats
  const shared = c.config.get('shared_axes') === null ? [] : c.config.integers('shared_axes').map((axis) => axisOf(axis, x.dims.length))
  const slopes = x.dims.slice(1).map((dim, i) => (shared.includes(i + 1) ? 1 : knownSize(dim, 'the size of its input')))
  const alpha = c.weights.take('alpha', slopes)
  const slope = c.w.stored({ name: c.w.weight('alpha', () => ({ ...alpha, dims: [1, ...slopes] })), dims: [1, ...slopes], order: null, dtype: 'float32' }, x.order)
  return [{ ...x, name: c.w.add('PRelu', [x.name, slope]) }]
}

export const core: LayerTable = {
  Dense: dense,
  Activation: (c) => [c.activate(c.floats, activationName(c.config))],
  Dropout: nothing, SpatialDropout1D: nothing, SpatialDropout2D: nothing, SpatialDropout3D: nothing,
  GaussianNoise: nothing, GaussianDropout: nothing, AlphaDropout: nothing,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  Embedding: embedding,
  Masking: masking,
  PReLU: prelu,
}
