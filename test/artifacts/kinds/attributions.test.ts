import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { attributionsGatherer } from '../../../src/artifacts/kinds/attributions.js'
import type { AttributionParameters, Attributions } from '../../../src/contracts/artifact.js'
import type { DatasetView } from '../../../src/contracts/dataset.js'
import type { Model } from '../../../src/contracts/model.js'
import { linearModel } from '../../fixtures/known-models.js'
import { gatherHere, openFixture, planContext, withPredictions, type Setting } from './gather-here.js'
import { continuous, smallView } from './small-view.js'

const truth = (JSON.parse(readFileSync('test/fixtures/artifacts/kinds.json', 'utf8')) as { attributions: { baseline: Record<string, number>; steps: number; gap: number[]; values: number[][]; output: number[]; baselineOutput: number } }).attributions
const HMDA = { label: 'denied', positive: 1, favorable: 0, sensitive: ['black'] }

const gather = (parameters: AttributionParameters, setting: Setting, blockRows?: number) => gatherHere(attributionsGatherer, parameters, setting, blockRows)
const close = (actual: ArrayLike<number>, expected: readonly number[], digits: number) => {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, digits))
}
const rowOf = ({ values, columns }: Attributions, i: number) => [...values.subarray(i * columns.length, (i + 1) * columns.length)]

const ROWS = [[1, 2], [0, -1], [3, 0], [-2, 1], [0.5, 0.5], [1, -3]]
/** Logits [0, w·x] by default, over ROWS. */
async function linear(weights: readonly (readonly number[])[] = [[0, 0], [2, -1]], view: Partial<DatasetView> = {}, more: { classes?: string[]; prediction?: Partial<Model['prediction']>; scale?: number } = {}) {
  const model = linearModel(weights)
  const labelled = { ...model, prediction: { ...model.prediction, classes: more.classes ?? weights.map((_, i) => String(i)), ...more.prediction } }
  const rows = view.matrix ? [] : ROWS
  const made = { ...smallView(rows.length ? rows : ROWS, continuous('a', 'b'), ROWS.map((_, i) => i % 2)), ...view }
  return withPredictions(labelled, planContext(labelled, made, [{ input: 'x', columns: [0, 1], shape: [2], scale: more.scale ?? 1 }]))
}
const MEANS = [0, 1].map((k) => ROWS.reduce((sum, row) => sum + row[k], 0) / ROWS.length)

describe('attributions against Captum', () => {
  it('are those of the log-odds of denial, from a stated row, on the mortgage MLP', async () => {
    const setting = await openFixture('hmda-mlp', { ...HMDA, rows: '0:12' })
    const explained = await gather({ baseline: truth.baseline, steps: truth.steps }, setting)
    expect(explained.columns).toEqual(Object.keys(truth.baseline))
    close(explained.values, truth.values.flat(), 4)
    close(explained.output, truth.output, 4)
    expect(explained.baselineOutput).toBeCloseTo(truth.baselineOutput, 4)
    expect(explained.explained).toBe('log-odds of denied = 1')
    close(explained.completenessGap, truth.gap, 4)
    expect([...explained.steps]).toEqual(Array<number>(12).fill(truth.steps))
    await setting.model.dispose()
  })
})

describe('attributions of a linear model', () => {
  it('are weight times difference from the mean', async () => {
    const explained = await gather({ baseline: 'mean' }, await linear())
    ROWS.forEach((row, i) => close(rowOf(explained, i), [2 * (row[0] - MEANS[0]), -(row[1] - MEANS[1])], 5))
    expect(explained.baselineOutput).toBeCloseTo(2 * MEANS[0] - MEANS[1], 5)
    expect(explained.baseline).toBe('one row: the mean of each column')
    expect([explained.secondTopColumn, explained.secondBaseline, explained.clipped]).toEqual([null, null, false])
  })
  it('count in units of the input, whatever its scale', async () => {
    const explained = await gather({ baseline: 'mean' }, await linear(undefined, {}, { scale: -0.5 }))
    ROWS.forEach((row, i) => close(rowOf(explained, i), [-(row[0] - MEANS[0]), 0.5 * (row[1] - MEANS[1])], 5))
  })
  it('are averaged over rows that are not predicted as the explained class', async () => {
    const explained = await gather({}, await linear())
    const otherwise = ROWS.filter(([a, b]) => 2 * a - b <= 0)
    const reference = [0, 1].map((k) => otherwise.reduce((sum, row) => sum + row[k], 0) / otherwise.length)
    ROWS.forEach((row, i) => close(rowOf(explained, i), [2 * (row[0] - reference[0]), -(row[1] - reference[1])], 5))
    expect(otherwise).toHaveLength(2)
    expect(explained.baseline).toBe(`the average over ${otherwise.length} seeded rows not predicted as y = 1`)
    expect(explained.secondBaseline).toBe('one row: the mean of each column')
    const second = ROWS.map((row) => Number(Math.abs(row[1] - MEANS[1]) > Math.abs(2 * (row[0] - MEANS[0]))))
    expect([...explained.secondTopColumn!]).toEqual(second)
  })
  it('take stated values, and means where none is stated', async () => {
    const explained = await gather({ baseline: { b: 10 } }, await linear())
    ROWS.forEach((row, i) => close(rowOf(explained, i), [2 * (row[0] - MEANS[0]), -(row[1] - 10)], 5))
    expect(explained.baseline).toBe('one row as configured: b = 10; the mean of each other column')
  })
  it('do not depend on how rows are cut into blocks', async () => {
    const setting = await linear()
    const [whole, cut] = [await gather({}, setting), await gather({}, setting, 1)]
    expect(cut).toEqual(whole)
  })
  it('leave out rows that lack a feature, from rows and from references', async () => {
    const rows = ROWS.map((row, i) => (i === 1 ? [NaN, 0] : row))
    const view = smallView(rows, continuous('a', 'b'), [0, 1, 0, 1, 0, 1])
    const explained = await gather({ baseline: 'mean' }, await linear(undefined, { matrix: view.matrix, complete: view.complete }))
    expect([...explained.rows]).toEqual([0, 2, 3, 4, 5])
    const mean = ROWS.filter((_, i) => i !== 1).reduce((sum, row) => sum + row[0], 0) / 5
    expect(rowOf(explained, 0)[0]).toBeCloseTo(2 * (1 - mean), 5)
  })
  it('are of a seeded sample where there are more rows', async () => {
    const setting = await linear()
    const seeded = async (seed: number) => [...(await gather({ rows: 3, baseline: 'mean' }, { ...setting, context: { ...setting.context, seed } })).rows]
    expect(await seeded(0)).toHaveLength(3)
    expect(await seeded(0)).toEqual(await seeded(0))
    expect(new Set(await Promise.all([0, 1, 2, 3].map(async (seed) => JSON.stringify(await seeded(seed))))).size).toBeGreaterThan(1)
  })
  it('are summed over the columns of a one-hot encoding', async () => {
    const features = [{ name: 'purpose=car', source: 'purpose', kind: 'one-hot' as const }, { name: 'purpose=house', source: 'purpose', kind: 'one-hot' as const }]
    const matrix = Float64Array.from(ROWS.flatMap((_, i) => [i % 2, 1 - (i % 2)]))
    const explained = await gather({ baseline: 'mean' }, await linear(undefined, { features, matrix }))
    expect(explained.columns).toEqual(['purpose'])
    ROWS.forEach((_, i) => close(rowOf(explained, i), [2 * ((i % 2) - 0.5) - (0.5 - (i % 2))], 5))
  })
})

describe('the explained class', () => {
  const words = async (parameters: AttributionParameters, view: Partial<DatasetView>, weights?: readonly (readonly number[])[], classes?: string[]) => (await gather({ baseline: 'mean', ...parameters }, await linear(weights, view, { classes }))).explained
  const THREE = [[0, 1], [2, -1], [-1, 0]]

  it('is the other one of two', async () => {
    expect(await words({}, { favorable: '0' })).toBe('log-odds of y = 1')
    expect(await words({}, { favorable: '1' })).toBe('log-odds of y = 0')
    expect(await words({}, { favorable: null, positive: '1' })).toBe('log-odds of y = 0')
    expect(await words({}, { favorable: '1.0' })).toBe('log-odds of y = 0')
  })
  it('is not the favorable one of several: minus its log-odds', async () => {
    const view = { favorable: '0', positive: null, label: { name: 'y', categories: ['0', '1', '2'], codes: Int32Array.of(0, 1, 2, 0, 1, 2) } }
    expect(await words({}, view, THREE)).toBe('log-odds against y = 0')
    const setting = await linear(THREE, view)
    const [against, of] = [await gather({ baseline: 'mean' }, setting), await gather({ baseline: 'mean', target: 0 }, setting)]
    for (const key of ['values', 'output', 'completenessGap'] as const) close(against[key], [...of[key]].map((value) => -value), 12)
    expect(against.baselineOutput).toBeCloseTo(-of.baselineOutput, 12)
    ROWS.forEach((_, i) => expect(rowOf(against, i).reduce((a, b) => a + b)).toBeCloseTo(against.output[i] - against.baselineOutput + against.completenessGap[i], 6))
    const reference = await gather({}, setting)
    expect(reference.baseline).toMatch(/^the average over \d seeded rows predicted as y = 0$/)
  })
  it('is the target, matched like any label', async () => {
    expect(await words({ target: '1.0' }, { favorable: '1' }, undefined, ['0.0', '1.0'])).toBe('log-odds of y = 1')
    await expect(words({ target: 'yes' }, {})).rejects.toThrow(/target yes is not a class of the model\. Known: 0, 1\./)
  })
  it('must be stated somewhere, and be a class', async () => {
    await expect(words({}, { favorable: null, positive: null })).rejects.toThrow(/state data\.favorable, or the parameter target/)
    await expect(words({}, { favorable: '7', positive: null })).rejects.toThrow(/favorable class 7 is not a class of the model/)
  })
  it('has no log-odds where the model gives a score', async () => {
    const setting = await linear()
    const scored = { ...setting, context: { ...setting.context, model: { ...setting.context.model!, prediction: { ...setting.context.model!.prediction, kind: 'score' as const } } } }
    await expect(gather({ baseline: 'mean' }, scored)).rejects.toThrow(/log-odds can be read from logits and probabilities only/)
  })
})

describe('a baseline', () => {
  it('of zero is refused where a column of a table never comes near it', async () => {
    const above = { matrix: Float64Array.from(ROWS.flatMap(([a, b]) => [a + 10, b])) }
    await expect(gather({ baseline: 'zero' }, await linear(undefined, above))).rejects.toThrow(/baseline zero lies outside what was observed in a: an impossible row\. Choose favorable-sample or mean/)
    const explained = await gather({ baseline: 'zero' }, await linear())
    ROWS.forEach((row, i) => close(rowOf(explained, i), [2 * row[0], -row[1]], 5))
    expect(explained.baseline).toBe('one row: zero in each column')
  })
  it('of zero is a black image', async () => {
    const setting = await linear(undefined, { matrix: Float64Array.from(ROWS.flatMap(([a, b]) => [a + 10, b])) })
    const image = { ...setting, context: { ...setting.context, inputs: [{ input: 'x', columns: [0, 1], shape: [1, 2], scale: 1 }] } }
    const plan = attributionsGatherer.plan({ baseline: 'zero' }, { predictions: setting.predictions }, image.context)
    expect(plan).toMatchObject({ concrete: { baseline: { values: [0, 0] } } })
  })
  it('names features that exist', async () => {
    await expect(gather({ baseline: { debt: 1 } }, await linear())).rejects.toThrow(/baseline names debt, which is not a feature\. Known: a, b\./)
    const features = continuous('constructor', 'b')
    const explained = await gather({ baseline: { b: 0 } }, await linear(undefined, { features }))
    ROWS.forEach((row, i) => close(rowOf(explained, i), [2 * (row[0] - MEANS[0]), -row[1]], 5))
  })
  it('of rows predicted otherwise needs such rows', async () => {
    await expect(gather({}, await linear([[0, 0], [0, 0]], { favorable: '1', positive: '1' }))).rejects.toThrow(/no row is predicted otherwise.*choose baseline mean or values/)
  })
})
