/** @file What an attack may change, by how much, and how far values may go: made from the parameters and from what was observed in the data. */
import type { AttackParameters, EpsilonUnit } from '../../contracts/artifact.js'
import type { DatasetView, Feature, InputPlan } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { nearest } from '../../contracts/near-names.js'
import { featureStatistics, isArrayPlan, type ArrayPlan, type FeatureStatistics } from '../../data/index.js'
import { arrayRegion, boundsOfArray } from './array-region.js'
import { isTable } from './model-inputs.js'

type Range = readonly [low: number, high: number]

/** Lists per feature are in units of the model's input; empty where an array is attacked. */
export type ThreatModel = {
  readonly unit: EpsilonUnit
  /** [features] what one unit of epsilon is; 0 for what may not change. */
  readonly scale: readonly number[]
  /** [features] */
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly frozen: readonly { readonly column: string; readonly reason: string }[]
  /** For arrays: what was stated; null for what was observed. */
  readonly arrayBounds: Range | null
  /** In words. */
  readonly bounds: string
}

/**
 * Tables: per column, with sensitive, binary, one-hot and integer columns frozen unless the config names them as mutable. Tensors such as images:
 * every value alike.
 *
 * @param attacked the input that is changed
 * @throws ProbityError for unknown columns, one raw epsilon for several columns of a table, and bounds that the data themselves break
 */
export function threatModel(parameters: AttackParameters, view: DatasetView, attacked: InputPlan): ThreatModel {
  return isArrayPlan(attacked) ? arrayThreatModel(parameters, view, attacked) : columnsThreatModel(parameters, view, attacked)
}

function arrayThreatModel({ unit = 'raw', bounds, mutable }: AttackParameters, view: DatasetView, attacked: ArrayPlan): ThreatModel {
  const { name } = view.arrays[attacked.array.index]
  checkNames([...(mutable ?? []), ...(isPerColumn(bounds) ? Object.keys(bounds) : [])], [name, ...view.features.flatMap((feature) => [feature.name, feature.source])])
  const arrayBounds = boundsOfArray(bounds, name)
  const { scale } = arrayRegion(unit, arrayBounds, view, attacked)
  const reason = mutable && !mutable.includes(name) ? 'not declared mutable' : scale.every((size) => size === 0) ? 'has one value only' : null
  return {
    unit, arrayBounds, scale: [], low: [], high: [],
    frozen: [...(reason === null ? [] : [{ column: name, reason }]), ...view.features.map((feature) => ({ column: feature.name, reason: 'feeds an input that is not attacked' }))],
    bounds: arrayBounds ? `${arrayBounds[0]} to ${arrayBounds[1]}${unit === 'data' ? ' in units of the data' : ''}` : 'observed range of all values',
  }
}

function columnsThreatModel({ unit, bounds = 'observed', mutable }: AttackParameters, view: DatasetView, attacked: InputPlan): ThreatModel {
  const table = isTable([attacked])
  const { features } = view
  checkNames([...(mutable ?? []), ...(isPerColumn(bounds) ? Object.keys(bounds) : [])], features.flatMap(({ name, source }) => [name, source]))
  const statistics = featureStatistics(view)
  const fed = new Set(attacked.columns)
  const chosen = unit ?? (table ? 'sd' : 'raw')
  const everywhere = table ? null : rangeOver(attacked.columns, statistics)
  const parts = features.map((feature, i) => {
    const size = unitOf(chosen, statistics, i, attacked.scale)
    const declared = mutable ? (mutable.includes(feature.source) || mutable.includes(feature.name) ? null : 'not declared mutable') : table ? frozenByKind(feature, view) : null
    const frozen = !fed.has(i) ? 'feeds an input that holds no floats' : declared ?? (size > 0 ? null : 'has one value only')
    const observed = scaled(everywhere ?? [statistics.min[i], statistics.max[i]], attacked.scale)
    const stated = limitsOf(bounds, feature)
    const limits = stated === null ? observed : chosen === 'data' ? scaled(stated, attacked.scale) : stated
    if (frozen === null) checkBounds(feature.name, limits, scaled([statistics.min[i], statistics.max[i]], attacked.scale))
    return { column: feature.name, frozen, scale: frozen === null ? size : 0, limits }
  })
  const changing = parts.filter(({ frozen }) => frozen === null).length
  if (table && (chosen === 'raw' || chosen === 'data') && changing > 1) {
    throw new ProbityError('config/epsilon', `unit: ${chosen} gives ${changing} columns of a table one epsilon, whatever each of them measures. Use unit: sd or range, or name one column under mutable.`)
  }
  return {
    unit: chosen,
    arrayBounds: null,
    scale: parts.map(({ scale }) => scale),
    low: parts.map(({ limits }) => limits[0]),
    high: parts.map(({ limits }) => limits[1]),
    frozen: parts.flatMap(({ column, frozen }) => (frozen === null ? [] : [{ column, reason: frozen }])),
    bounds: isPair(bounds) ? `${bounds[0]} to ${bounds[1]}` : isPerColumn(bounds) ? 'per column as configured, else observed' : table ? 'observed range of each column' : 'observed range of all values',
  }
}

function frozenByKind({ source, kind }: Feature, { sensitive }: DatasetView): string | null {
  if (sensitive.some(({ columns }) => columns.includes(source))) return 'sensitive'
  return kind === 'continuous' ? null : kind
}

/** One unit of epsilon of a feature, in units of the model's input; 0 where nothing varies. */
function unitOf(unit: EpsilonUnit, { sd, min, max }: FeatureStatistics, i: number, scale: number): number {
  if (unit === 'raw') return 1
  if (unit === 'data') return Math.abs(scale)
  const spread = unit === 'sd' ? sd[i] : max[i] - min[i]
  return Number.isFinite(spread) ? Math.abs(scale) * spread : 0
}

function limitsOf(bounds: NonNullable<AttackParameters['bounds']>, { name, source }: Feature): Range | null {
  if (isPair(bounds)) return bounds
  if (!isPerColumn(bounds)) return null
  return Object.hasOwn(bounds, name) ? bounds[name] : Object.hasOwn(bounds, source) ? bounds[source] : null
}

const rangeOver = (columns: readonly number[], { min, max }: FeatureStatistics): Range =>
  [columns.reduce((least, i) => Math.min(least, min[i]), Infinity), columns.reduce((most, i) => Math.max(most, max[i]), -Infinity)]

/** From units of the data to those of the model's input, whose scale may be negative. */
const scaled = ([low, high]: Range, scale: number): Range => (scale < 0 ? [high * scale, low * scale] : [low * scale, high * scale])

/** @throws ProbityError when the data themselves lie outside: no change could be within both epsilon and bounds */
function checkBounds(name: string, [low, high]: Range, [least, most]: Range): void {
  const slack = 1e-6 * Math.max(1, Math.abs(least), Math.abs(most))
  if (least >= low - slack && most <= high + slack) return
  throw new ProbityError('config/bounds', `The attack's bounds of ${name} are ${low} to ${high}, and its values in the data lie between ${least} and ${most} (in units of the model's input). Give bounds that hold the data, or leave them out for what was observed.`)
}

const isPair = (bounds: unknown): bounds is Range => Array.isArray(bounds)
const isPerColumn = (bounds: unknown): bounds is Readonly<Record<string, Range>> => typeof bounds === 'object' && !isPair(bounds)

function checkNames(names: readonly string[], all: readonly string[]): void {
  const known = [...new Set(all)]
  for (const name of names) {
    if (!known.includes(name)) throw new ProbityError('config/column', `The attack's threat model names ${name}, which is not a feature. ${nearest(name, known)}`)
  }
}
