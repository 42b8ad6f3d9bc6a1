import { expect, test } from 'vitest'
import { attributionsWithTolerance } from '../../src/explain/index.js'
import { knownModel, linearModel } from '../fixtures/known-models.js'

/** A steep sigmoid of x₀ beside a line in x₁: smooth rows need few steps, rows that cross the step need many. */
const steep = () => {
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v))
  const at = (x: ArrayLike<number>) => sigmoid(60 * (x[0] - 0.37))
  return knownModel({
    inputs: { x: 2 },
    columns: 2,
    logits: ({ x }) => [at(x) + 0.1 * x[1], 0],
    gradient: ({ x }, j) => (j === 0 ? [60 * at(x) * (1 - at(x)), 0.1] : [0, 0]),
  })
}

test('a linear model: the mean over baselines, at the first number of steps', async () => {
  const model = linearModel([[2, -1], [0, 0]])
  const result = await attributionsWithTolerance(model, { x: { data: [1, 1, 3, 0], dims: [2, 2] } }, {
    objective: { target: 0 }, sd: 1, baselines: { x: { data: [0, 0, 1, 0, 0, 3], dims: [3, 2] } },
  })
  const expected = [2 * (1 - 1 / 3), -(1 - 1), 2 * (3 - 1 / 3), 1]
  expected.forEach((value, i) => expect(Number(result.attributions.x.data[i])).toBeCloseTo(value, 5))
  expect(Array.from(result.output)).toEqual([1, 6])
  expect(result.baselineOutput).toBeCloseTo((0 + 2 - 3) / 3, 6)
  expect(Array.from(result.steps)).toEqual([32, 32])
  expect(Array.from(result.converged)).toEqual([1, 1])
  expect(result.tolerance[1]).toBeCloseTo(0.01 * (6 + 1 / 3), 6)
  expect(result.tolerance[0]).toBeCloseTo(0.01 * (1 + 1 / 3), 6)
})

test('rows are refined one by one, and the gap ends under the tolerance', async () => {
  const x = { data: [0.1, 1, 1, 1, 0.2, -1], dims: [3, 2] }
  const options = { objective: { target: 0 }, sd: 0.01, steps: 4, baselines: { x: { data: [0, 0, 0.05, 0], dims: [2, 2] } } }
  const { steps, gap, tolerance, converged, attributions, output } = await attributionsWithTolerance(steep(), { x }, options)
  expect(Array.from(converged)).toEqual([1, 1, 1])
  gap.forEach((value, row) => expect(Math.abs(value)).toBeLessThanOrEqual(tolerance[row]))
  expect(steps[0]).toBe(4)
  expect(steps[1]).toBeGreaterThan(8)
  expect(steps[1] / 4 === 2 ** Math.round(Math.log2(steps[1] / 4))).toBe(true)
  expect(Number(attributions.x.data[2])).toBeCloseTo(output[1] - 0.1, 1)

  const alone = await attributionsWithTolerance(steep(), { x: { data: [1, 1], dims: [1, 2] } }, options)
  expect(Array.from(alone.attributions.x.data as Float64Array)).toEqual(Array.from((attributions.x.data as Float64Array).slice(2, 4)))
})

test('a row that does not close within the limit says so', async () => {
  const { converged, steps, gap, tolerance } = await attributionsWithTolerance(steep(), { x: { data: [1, 0], dims: [1, 2] } }, {
    objective: { target: 0 }, sd: 0, relativeTolerance: 1e-9, steps: 2, maximumSteps: 8, baselines: { x: { data: [0, 0], dims: [1, 2] } },
  })
  expect(Array.from(converged)).toEqual([0])
  expect(Array.from(steps)).toEqual([8])
  expect(Math.abs(gap[0])).toBeGreaterThan(tolerance[0])
})

test('baselines must be rows', async () => {
  const feeds = { x: { data: [1, 0], dims: [1, 2] } }
  await expect(attributionsWithTolerance(steep(), feeds, { objective: { target: 0 }, sd: 1, baselines: {} })).rejects.toThrow(/at least one/)
  await expect(attributionsWithTolerance(steep(), feeds, { objective: { target: 0 }, sd: NaN, baselines: { x: { data: [1, 0], dims: [1, 2] } } })).rejects.toThrow(/sd must be/)
})
