/** @file What a row is compared with when it is explained. */
import type { AttributionParameters, Predictions } from '../../contracts/artifact.js'
import type { DatasetView, InputPlan } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { nearest } from '../../contracts/near-names.js'
import type { Tensors } from '../../contracts/tensor.js'
import { featureStatistics, fillInputs, fillRow } from '../../data/index.js'
import { randomStream, sampleRows } from '../../tensor/random.js'
import type { GatherContext, PlanContext } from '../kind.js'
import { floatInputs, isTable } from './model-inputs.js'

/** Rows of the view, or one row: a value per feature, and per array its mean or one value for all elements. */
export type Baseline = { readonly inWords: string } & ({ readonly rows: readonly number[] } | { readonly values: readonly number[]; readonly arrays: readonly ('mean' | number)[] })

/** The class whose log-odds are explained, and its name in words; sign −1: the log-odds against it. */
export type Explained = { readonly classIndex: number; readonly sign: 1 | -1; readonly name: string }

const BASELINE_ROWS = 32

/**
 * @param complete rows that the model can be run on
 * @throws ProbityError for a baseline that names unknown features, or zero where nobody has it
 */
export function chooseBaseline(
  { baseline = 'favorable-sample' }: AttributionParameters,
  { classIndex, sign, name }: Explained,
  { predicted }: Predictions,
  { view, seed, inputs }: PlanContext,
  complete: readonly number[],
): Baseline | { unavailable: string } {
  if (baseline === 'mean') return meanBaseline(view)
  if (baseline === 'zero') return zeroBaseline(view, inputs)
  if (baseline !== 'favorable-sample') return statedBaseline(baseline, view)
  const favorable = complete.filter((row) => (predicted[row] === classIndex) === (sign === -1))
  if (favorable.length === 0) return { unavailable: 'no row is predicted otherwise, so there is no reference: choose baseline mean or values' }
  const rows = sampleRows(favorable, BASELINE_ROWS, randomStream(seed, 'attributions/baseline'))
  return { rows, inWords: `the average over ${rows.length} seeded rows ${sign === 1 ? 'not predicted' : 'predicted'} as ${name}` }
}

export const meanBaseline = (view: DatasetView): Baseline => ({ values: [...featureStatistics(view).mean], arrays: view.arrays.map(() => 'mean'), inWords: 'one row: the mean of each column' })

/** In a table, zero is a value like any other, and often one that nobody has. */
function zeroBaseline(view: DatasetView, inputs: readonly InputPlan[]): Baseline {
  const { min, max } = featureStatistics(view)
  const moved = new Set(floatInputs(inputs).flatMap(({ columns }) => columns))
  const outside = isTable(floatInputs(inputs)) ? view.features.filter((_, i) => moved.has(i) && (min[i] > 0 || max[i] < 0)) : []
  if (outside.length > 0) {
    throw new ProbityError('config/baseline', `baseline zero lies outside what was observed in ${outside.map(({ name }) => name).slice(0, 5).join(', ')}: an impossible row. Choose favorable-sample or mean.`)
  }
  return { values: view.features.map(() => 0), arrays: view.arrays.map(() => 0), inWords: 'one row: zero in each column' }
}

function statedBaseline(stated: Readonly<Record<string, number>>, view: DatasetView): Baseline {
  const features = view.features.map(({ name }) => name), arrays = view.arrays.map(({ name }) => name)
  const known = [...features, ...arrays]
  const unknown = Object.keys(stated).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new ProbityError('config/baseline', `baseline names ${unknown}, which is not a feature. ${nearest(unknown, known)}`)
  const { mean } = featureStatistics(view)
  const rest = known.length > Object.keys(stated).length ? '; the mean of each other column' : ''
  return {
    values: features.map((name, i) => (Object.hasOwn(stated, name) ? stated[name] : mean[i])),
    arrays: arrays.map((name) => (Object.hasOwn(stated, name) ? stated[name] : 'mean')),
    inWords: `one row as configured: ${Object.entries(stated).map(([name, value]) => `${name} = ${value}`).join(', ')}${rest}`,
  }
}

/** The baseline as the model's float inputs, [baselines, …]. */
export function baselineFeeds(baseline: Baseline, { view, inputs }: GatherContext): Tensors {
  if ('rows' in baseline) return fillInputs(view, floatInputs(inputs), baseline.rows)
  const arrays = view.arrays.map(({ statistics: { mean } }, i) => {
    const value = baseline.arrays[i]
    return value === 'mean' ? mean : new Float64Array(mean.length).fill(value)
  })
  return fillRow(view.features, floatInputs(inputs), Float64Array.from(baseline.values), arrays)
}
