/** @file Where an attack may move the elements of an array: worked out from the observed values where it is needed, since lists of them are long. */
import type { AttackParameters, EpsilonUnit } from '../../contracts/artifact.js'
import type { DatasetView } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { readElements, type ArrayPlan } from '../../data/index.js'

type Range = readonly [low: number, high: number]

/** [size] each, in units of the model's input. */
export type ArrayRegion = {
  /** What one unit of epsilon is; 0 for what may not change. */
  readonly scale: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
}

/**
 * @param bounds null: the range of all values that was observed; else in units of the data where `unit` is data, in those of the model's input otherwise
 * @throws ProbityError when the data themselves lie outside the bounds
 */
export function arrayRegion(unit: EpsilonUnit, bounds: Range | null, { arrays }: DatasetView, plan: ArrayPlan): ArrayRegion {
  const { name, statistics } = arrays[plan.array.index]
  const { source, mean, std, scale } = readElements(plan)
  const toInput = (value: number, k: number): number => (value * scale - mean[k]) / std[k]
  const toRange = ([a, b]: Range, k: number): Range => (scale < 0 ? [toInput(b, k), toInput(a, k)] : [toInput(a, k), toInput(b, k)])
  const all: Range = [statistics.min.reduce((a, b) => Math.min(a, b)), statistics.max.reduce((a, b) => Math.max(a, b))]
  const region = { scale: new Float64Array(source.length), low: new Float64Array(source.length), high: new Float64Array(source.length) }
  source.forEach((place, k) => {
    const limits = bounds === null ? toRange(all, k) : unit === 'data' ? toRange(bounds, k) : bounds
    const observed = toRange([statistics.min[place], statistics.max[place]], k)
    const slack = 1e-6 * Math.max(1, Math.abs(observed[0]), Math.abs(observed[1]))
    if (observed[0] < limits[0] - slack || observed[1] > limits[1] + slack) {
      throw new ProbityError('config/bounds', `The attack's bounds of ${name} are ${limits[0]} to ${limits[1]}, and its values in the data lie between ${observed[0]} and ${observed[1]} (in units of the model's input). Give bounds that hold the data, or leave them out for what was observed.`)
    }
    const spread = unit === 'sd' ? statistics.sd[place] : unit === 'range' ? statistics.max[place] - statistics.min[place] : 1
    const size = unit === 'raw' ? 1 : (Math.abs(scale) / std[k]) * spread
    region.scale[k] = Number.isFinite(size) ? size : 0
    region.low[k] = limits[0]
    region.high[k] = limits[1]
  })
  return region
}

/** The pair that `bounds` gives for an array; null for what was observed. */
export function boundsOfArray(bounds: AttackParameters['bounds'], name: string): Range | null {
  if (bounds === undefined || bounds === 'observed') return null
  if (isPair(bounds)) return bounds
  return Object.hasOwn(bounds, name) ? bounds[name] : null
}
const isPair = (bounds: Exclude<AttackParameters['bounds'], undefined>): bounds is Range => Array.isArray(bounds)
