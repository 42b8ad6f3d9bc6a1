/** @file Normalization with statistics that are given or those of the input. */
import type { DType } from '../../contracts/tensor.js'
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import { sizeOf } from '../../tensor/dtypes.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/** x̂ = centred·r, with the statistics of x over `axes`; where the mean is not taken away, `centred` is x itself. */
type Standardized = { readonly centred: string; readonly r: string; readonly axes: string }

const mean = (c: RuleContext, name: string, axes: string): string => c.emit('ReduceMean', [name, axes], { keepdims: 1 })

/**
 * dX = r·(g − mean g − x̂·mean(g·x̂)) for the gradient g of x̂, without mean g where no mean was taken away. Written with the centred x, which
 * saves a pass over memory, and not with x, in which large means would cancel.
 */
function throughStatistics(c: RuleContext, g: string, { centred, r, axes }: Standardized, hasMean = true): string {
  const e = c.emitter
  const along = e.mul(e.mul(e.mul(r, r), r), mean(c, e.mul(g, centred), axes))
  return e.sub(e.mul(hasMean ? e.sub(g, mean(c, g, axes)) : g, r), e.mul(centred, along))
}

/** The statistics from x itself. */
function standardize(c: RuleContext, x: string, axes: string): Standardized {
  const e = c.emitter
  const centred = e.sub(x, mean(c, x, axes))
  return { centred, r: inverseRoot(c, mean(c, e.mul(centred, centred), axes)), axes }
}

const hatOf = (c: RuleContext, { centred, r }: Standardized): string => c.emitter.mul(centred, r)

/** 1 / √(v + ε) */
function inverseRoot(c: RuleContext, v: string): string {
  const epsilon = c.emitter.scalar(floatAttribute(c.node, 'epsilon', 1e-5), v)
  return c.emit('Reciprocal', [c.emit('Sqrt', [c.emitter.add(v, epsilon)])])
}

/** The axes from attribute `axis` on, counted from the end where nothing tells how many there are. */
function trailingAxes(c: RuleContext): readonly number[] {
  const axis = intAttribute(c.node, 'axis', -1)
  const first = axis < 0 ? axis : axis - c.rank(c.x)
  return Array.from({ length: -first }, (_, i) => first + i)
}

/** Statistics of 16-bit floats are taken in float32. */
const wide = (dtype: DType): DType => (dtype === 'float64' ? dtype : 'float32')

const inType = (c: RuleContext, name: string, dtype: DType): string => (c.dtype(name) === dtype ? name : c.emitter.cast(name, dtype))

/**
 * y = scale·x̂ + B, x̂ = (x − μ)·r: with g = scale·dY, dX = r·(g − mean g − x̂·mean(g·x̂)); dScale = U(dY·x̂), dB = U(dY).
 * The outputs Mean and InvStdDev add (dMean − r²·x̂·dInvStdDev) / n to dX.
 */
function layerNormalization(c: RuleContext, input: number): string | null {
  if (input === 2) return c.hasGradient(0) ? sumRows(c, 2, c.dy, null) : null
  const e = c.emitter
  const own = c.dtype(c.x)
  const work = wide(own)
  const axes = e.ints(trailingAxes(c))
  const standardized = work === 'float32' ? fromOutputs(c, axes) : standardize(c, c.x, axes)
  if (input === 1) return c.hasGradient(0) ? scaleGradient(c, standardized, own) : null
  const parts: string[] = []
  if (c.hasGradient(0)) parts.push(throughStatistics(c, inType(c, e.mul(c.dy, c.input(1)), work), standardized))
  if (c.hasGradient(1) || c.hasGradient(2)) parts.push(throughSavedStatistics(c, standardized, work))
  return inType(c, parts.length === 1 ? parts[0] : e.add(parts[0], parts[1]), own)
}

/** dScale = U(dY·x̂) */
function scaleGradient(c: RuleContext, standardized: Standardized, own: DType): string {
  const { centred, r } = standardized
  if (own !== 'float32') return c.sumToInput(1, c.emitter.mul(c.dy, inType(c, hatOf(c, standardized), own)))
  return sumRows(c, 1, c.emitter.mul(c.dy, centred), r)
}

/** Σ over rows of a gradient, each times its weight, for a scale or bias of the last axis: as a product it takes a tenth of the time of ReduceSum. */
function sumRows(c: RuleContext, input: number, gradient: string, weights: string | null): string {
  const e = c.emitter
  const [size] = c.dims(c.input(input)) ?? []
  const isVector = c.dims(c.input(input))?.length === 1 && trailingAxes(c).length === 1 && typeof size === 'number' && size > 1
  if (!isVector || c.dtype(gradient) !== 'float32') return c.sumToInput(input, weights === null ? gradient : e.mul(gradient, weights))
  const rows = c.emit('Reshape', [gradient, e.ints([-1, size])]) // [rows, size]
  const row = weights === null ? e.filled(1, e.joinInts([1, e.size(rows, 0)]), 'float32') : c.emit('Reshape', [weights, e.ints([1, -1])]) // [1, rows]
  return c.emit('Reshape', [c.emit('MatMul', [row, rows]), e.ints([size])])
}

/** With the statistics that the node saves when asked to: they cost the runtime nothing. */
function fromOutputs(c: RuleContext, axes: string): Standardized {
  const e = c.emitter
  const kept = c.dims(c.x)
  const reduced = trailingAxes(c).length
  const dims = kept && kept.map((dim, axis) => (axis < kept.length - reduced ? dim : 1))
  const [mu, r] = [1, 2].map((index) => e.describe(e.extraOutput(c.node, index, index === 1 ? 'mean' : 'inverse_deviation'), { kind: 'tensor', dtype: 'float32', dims }))
  return { centred: e.sub(inType(c, c.x, 'float32'), mu), r, axes }
}

function throughSavedStatistics(c: RuleContext, { centred, r }: Standardized, work: DType): string {
  const e = c.emitter
  const gradient = (index: number) => inType(c, c.gradient(index), work)
  const fromMean = c.hasGradient(1) ? gradient(1) : null
  const fromInverse = c.hasGradient(2) ? e.mul(centred, e.mul(e.mul(e.mul(r, r), r), gradient(2))) : null
  const sum = fromInverse === null ? c.emit('Expand', [fromMean ?? '', e.shapeOf(c.x)]) : fromMean === null ? e.neg(fromInverse) : e.sub(fromMean, fromInverse)
  return e.div(sum, elementsPer(c, c.x, r, work))
}

/** How many elements of `whole` fall on one of `part`. */
function elementsPer(c: RuleContext, whole: string, part: string, dtype: DType): string {
  const e = c.emitter
  const [of, per] = [e.staticDims(whole), e.staticDims(part)]
  if (of && per) return e.constant(sizeOf(of) / sizeOf(per), dtype)
  return e.div(e.cast(c.emit('Size', [whole]), dtype), e.cast(c.emit('Size', [part]), dtype))
}

/** y = scale·x̂, x̂ = x·r, r = 1/√(mean x² + ε): with g = scale·dY, dX = r·(g − x̂·mean(g·x̂)); dScale = U(dY·x̂). */
function rmsNormalization(c: RuleContext, input: number): string {
  const e = c.emitter
  const own = c.dtype(c.x)
  const work = wide(own)
  const axes = e.ints(trailingAxes(c))
  const x = inType(c, c.x, work)
  const r = inverseRoot(c, mean(c, e.mul(x, x), axes))
  if (input === 1) return scaleGradient(c, { centred: x, r, axes }, own)
  return inType(c, throughStatistics(c, inType(c, e.mul(c.dy, c.input(1)), work), { centred: x, r, axes }, false), own)
}

/** y = scale·x̂ + B per channel of each instance: dX as in LayerNormalization with g = scale·dY; dScale = Σ dY·x̂, dB = Σ dY. */
function instanceNormalization(c: RuleContext, input: number): string {
  const e = c.emitter
  // [N, C, elements], whatever the number of axes is
  const flat = (name: string) => c.emit('Reshape', [name, e.ints([0, 0, -1])])
  const sum = (name: string) => c.emit('ReduceSum', [name, e.ints([0, 2])], { keepdims: 0 }) // [C]
  const dy = flat(c.dy)
  if (input === 2) return sum(dy)
  const standardized = standardize(c, flat(c.x), e.ints([2]))
  if (input === 1) return sum(e.mul(dy, hatOf(c, standardized)))
  const g = e.mul(dy, c.emit('Unsqueeze', [c.input(1), e.ints([1])]))
  return e.reshapeLike(throughStatistics(c, g, standardized), c.x)
}

/**
 * Inference: y = scale·(x − mean)·r + B per channel, with r = 1/√(var + ε). dX = dY·scale·r, dScale = r·Σ dY·(x − mean), dB = Σ dY,
 * dMean = −scale·r·Σ dY, dVar = −½·scale·r³·Σ dY·(x − mean); sums over all axes but the channels'. Training: as LayerNormalization, over the
 * batch, and through the running statistics.
 */
function batchNormalization(c: RuleContext, input: number): string | null {
  if (intAttribute(c.node, 'training_mode', 0) === 1) return trainingBatchNormalization(c, input)
  const e = c.emitter
  const [scale, mean, variance] = [c.input(1), c.input(3), c.input(4)] // each [C]
  const { view, column, sum } = perChannel(c)
  const r = e.div(c.scalar(1), c.emit('Sqrt', [e.add(variance, c.scalar(floatAttribute(c.node, 'epsilon', 1e-5)))]))
  const centred = () => sum(e.mul(view(c.dy), e.sub(view(c.x), column(mean))))
  switch (input) {
    case 0: return inShape(c, e.mul(view(c.dy), column(e.mul(scale, r))))
    case 1: return e.mul(r, centred())
    case 2: return sum(view(c.dy))
    case 3: return e.neg(e.mul(e.mul(scale, r), sum(view(c.dy))))
    default: return e.mul(e.mul(c.scalar(-0.5), e.mul(scale, e.mul(r, e.mul(r, r)))), centred())
  }
}

/** x [N, C, …] as it is, or as [N, C, elements] where the number of axes is unknown. */
function perChannel(c: RuleContext) {
  const e = c.emitter
  const known = e.rank(c.x)
  const rank = known ?? 3
  const axes = e.ints(Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1))
  return {
    axes,
    view: (name: string) => (known === null ? c.emit('Reshape', [name, e.ints([0, 0, -1])]) : name),
    /** [C] → [C, 1, …] */
    column: (name: string) => (rank <= 2 ? name : c.emit('Unsqueeze', [name, e.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))])),
    /** [N, C, …] → [C] */
    sum: (name: string) => c.emit('ReduceSum', [name, axes], { keepdims: 0 }),
  }
}

const inShape = (c: RuleContext, gradient: string): string => (c.emitter.rank(c.x) === null ? c.emitter.reshapeLike(gradient, c.x) : gradient)

/** running = momentum·old + (1 − momentum)·batch, so a running mean adds (1 − m)·d/n and a running variance 2·(1 − m)·d·(x − μ)/n. */
function trainingBatchNormalization(c: RuleContext, input: number): string | null {
  const e = c.emitter
  const momentum = floatAttribute(c.node, 'momentum', 0.9)
  if (input >= 3) return c.hasGradient(input - 2) ? e.mul(c.gradient(input - 2), e.scalar(momentum, c.input(input))) : null
  const { axes, view, column, sum } = perChannel(c)
  if (input === 2) return c.hasGradient(0) ? sum(view(c.dy)) : null
  const x = view(c.x)
  const standardized = standardize(c, x, axes)
  if (input === 1) return c.hasGradient(0) ? sum(e.mul(view(c.dy), hatOf(c, standardized))) : null
  const share = () => e.div(c.scalar(1 - momentum), elementsPer(c, c.x, c.input(1), c.dtype(c.x)))
  const parts: string[] = []
  if (c.hasGradient(0)) parts.push(throughStatistics(c, e.mul(view(c.dy), column(c.input(1))), standardized))
  if (c.hasGradient(1)) parts.push(c.emit('Expand', [column(e.mul(c.gradient(1), share())), e.shapeOf(x)]))
  if (c.hasGradient(2)) parts.push(e.mul(e.sub(x, mean(c, x, axes)), column(e.mul(c.gradient(2), e.mul(c.scalar(2), share())))))
  return inShape(c, parts.length === 1 ? parts[0] : c.emit('Sum', parts))
}

export const normalization = {
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  InstanceNormalization: instanceNormalization,
  BatchNormalization: batchNormalization,
} satisfies RuleTable
