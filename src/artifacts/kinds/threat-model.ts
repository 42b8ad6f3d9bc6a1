/** @file What an attack may change, by how much, and how far values may go: made from the parameters and from what was observed in the data. */
import type { AttackParameters, EpsilonUnit } from '../../contracts/artifact.js'
import type { DatasetView, Feature, InputPlan } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { nearest } from '../../contracts/near-names.js'
import { featureStatistics, type FeatureStatistics } from '../../data/index.js'
import { isTable } from './model-inputs.js'

type Range = readonly [low: number, high: number]

/** Lists per feature are in units of the model's input. */
export type ThreatModel = {
  readonly unit: EpsilonUnit
  /** [features] what one unit of epsilon is; 0 for what may not change. */
  readonly scale: readonly number[]
  /** [features] */
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly frozen: readonly { readonly column: string; readonly reason: string }[]
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
export function threatModel({ unit, bounds = 'observed', mutable }: AttackParameters, view: DatasetView, attacked: InputPlan): ThreatModel {
  const table = isTable([attacked])
  const { features } = view
  checkNames([...(mutable ?? []), ...(isPerColumn(bounds) ? Object.keys(bounds) : [])], features)
  const statistics = featureStatistics(view)
  const fed = new Set(attacked.columns)
  const chosen = unit ?? (table ? 'sd' : 'raw')
  const everywhere = table ? null : rangeOver(attacked.columns, statistics)
  const parts = features.map((feature, i) => {
    const size = unitOf(chosen, statistics, i, attacked.scale)
    const declared = mutable ? (mutable.includes(feature.source) || mutable.includes(feature.name) ? null : 'not declared mutable') : table ? frozenByKind(feature, view) : null
    const frozen = !fed.has(i) ? 'feeds an input that holds no floats' : declared ?? (size > 0 ? null : 'has one value only')
    const observed = scaled(everywhere ?? [statistics.min[i], statistics.max[i]], attacked.scale)
    const limits = limitsOf(bounds, feature) ?? observed
    if (frozen === null) checkBounds(feature.name, limits, scaled([statistics.min[i], statistics.max[i]], attacked.scale))
    return { column: feature.name, frozen, scale: frozen === null ? size : 0, limits }
  })
  const changing = parts.filter(({ frozen }) => frozen === null).length
  if (table && chosen === 'raw' && changing > 1) {
    throw new ProbityError('config/epsilon', `unit: raw gives ${changing} columns of a table one epsilon, whatever each of them measures. Use unit: sd or range, or name one column under mutable.`)
  }
  return {
    unit: chosen,
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

function checkNames(names: readonly string[], features: readonly Feature[]): void {
  const known = [...new Set(features.flatMap(({ name, source }) => [name, source]))]
  for (const name of names) {
    if (!known.includes(name)) throw new ProbityError('config/column', `The attack's threat model names ${name}, which is not a feature. ${nearest(name, known)}`)
  }
}
