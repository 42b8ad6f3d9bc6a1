import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { adversarialExamplesGatherer } from '../../../src/artifacts/kinds/adversarial-examples.js'
import type { AdversarialExamples, AttackParameters } from '../../../src/contracts/artifact.js'
import { linearModel } from '../../fixtures/known-models.js'
import { gatherHere, openFixture, planContext, withPredictions, type Setting } from './gather-here.js'
import { continuous, smallView } from './small-view.js'

const truth = (JSON.parse(readFileSync('test/fixtures/artifacts/kinds.json', 'utf8')) as { adversarial: { mutable: string[]; epsilon: number; stepSize: number; steps: number; clean: number[]; pgd: number[]; fgsm: number[] } }).adversarial

const gather = (parameters: Partial<AttackParameters>, setting: Setting, blockRows?: number): Promise<AdversarialExamples> =>
  gatherHere(adversarialExamplesGatherer, { attack: 'pgd', norm: 'linf', epsilon: 0.1, ...parameters }, setting, blockRows)

describe('against an attack written out in NumPy, on a table whose columns have scales and bounds of their own', () => {
  it('changes the same rows of the mortgage MLP', async () => {
    const setting = await openFixture('hmda-mlp', { label: 'denied', positive: 1, favorable: 0, sensitive: ['black'] })
    const { mutable, epsilon, steps, stepSize } = truth
    // Every row, since the scale and the bounds come from all; the fixture has the first hundred.
    const attacked = await gather({ epsilon, steps, stepSize, mutable, randomStart: false, rows: 1190 }, setting)
    const one = await gather({ attack: 'fgsm', epsilon, mutable, rows: 1190 }, setting)
    const agreeing = (mine: Int32Array, theirs: readonly number[]) => theirs.filter((value, i) => value === mine[i]).length
    expect(agreeing(attacked.cleanPredicted, truth.clean)).toBe(100)
    expect(agreeing(attacked.adversarialPredicted, truth.pgd)).toBeGreaterThanOrEqual(99)
    expect(agreeing(one.adversarialPredicted, truth.fgsm)).toBeGreaterThanOrEqual(99)
    // The attack does something, or agreement would say nothing.
    expect(truth.pgd.filter((value, i) => value !== truth.clean[i]).length).toBeGreaterThanOrEqual(10)
    expect(Math.max(...attacked.distance)).toBeLessThan(epsilon * (1 + 1e-5))
    expect(attacked).toMatchObject({ classes: ['0', '1'], input: 'table', unit: 'sd', steps, restarts: 1, mutableColumns: mutable })
    await setting.model.dispose()
  })
})

const ROWS = [[1, 2], [0, -1], [3, 0], [-2, 1], [0.5, 0.5], [1, -3]]
const CLASS_OF = ([a, b]: readonly number[]) => Number(2 * a - b > 0)
async function linear({ rows = ROWS, labels = ROWS.map(CLASS_OF), categories = ['0', '1'], threshold = null as number | null, shape = [2] } = {}) {
  const made = linearModel([[0, 0], [2, -1]])
  const model = { ...made, prediction: { ...made.prediction, classes: ['0', '1'] } }
  const view = { ...smallView(rows, continuous('a', 'b'), labels), label: { name: 'y', categories, codes: Int32Array.from(labels) } }
  return withPredictions(model, planContext(model, view, [{ input: 'x', columns: [0, 1], shape, scale: 1 }], { decision: { threshold } }))
}

describe('a linear model', () => {
  it('loses exactly the rows whose margin an epsilon can cross', async () => {
    const epsilon = 0.25
    const sd = [0, 1].map((k) => {
      const mean = ROWS.reduce((sum, row) => sum + row[k], 0) / 6
      return Math.sqrt(ROWS.reduce((sum, row) => sum + (row[k] - mean) ** 2, 0) / 5)
    })
    const { adversarialPredicted, distance, mutableColumns } = await gather({ epsilon, bounds: [-9, 9] }, await linear())
    const reach = epsilon * (2 * sd[0] + sd[1])
    const expected = ROWS.map((row) => (Math.abs(2 * row[0] - row[1]) < reach ? 1 - CLASS_OF(row) : CLASS_OF(row)))
    expect(new Set(expected.map((value, i) => value === CLASS_OF(ROWS[i]))).size).toBe(2)
    expect([...adversarialPredicted]).toEqual(expected)
    for (const value of distance) expect(value).toBeCloseTo(epsilon, 5)
    expect(mutableColumns).toEqual(['a', 'b'])
  })
  it('cannot be pushed past what was observed', async () => {
    const { distance } = await gather({ epsilon: 100, attack: 'fgsm', mutable: ['a'], unit: 'raw' }, await linear())
    // Every row moves to the end of column a, 3 or −2; the row that is there already stays.
    expect([...distance]).toEqual(ROWS.map((row) => Math.abs((CLASS_OF(row) === 1 ? -2 : 3) - row[0])))
  })
  it('is attacked at the decision threshold of the audit', async () => {
    // p = 0.88 for [1, 0]: class 1 at 0.5, class 0 at 0.95.
    const rows = [[1, 0], [-1, 0], [2, 1], [0, 3]]
    const [usual, strict] = [await gather({ epsilon: 1e-3 }, await linear({ rows, labels: [1, 0, 1, 0] })), await gather({ epsilon: 1e-3 }, await linear({ rows, labels: [1, 0, 1, 0], threshold: 0.95 }))]
    expect([...usual.cleanPredicted]).toEqual([1, 0, 1, 0])
    expect([...strict.cleanPredicted]).toEqual([0, 0, 1, 0])
  })
  it('matches labels to classes by what they mean, and leaves out those that are no class', async () => {
    const exact = await gather({}, await linear())
    const spelled = await gather({}, await linear({ categories: ['0.0', '1.0'] }))
    expect([...spelled.adversarialPredicted]).toEqual([...exact.adversarialPredicted])
    const { rows } = await gather({}, await linear({ labels: [0, 1, 2, -1, 0, 1], categories: ['0', '1', 'withdrawn'] }))
    expect([...rows]).toEqual([0, 1, 4, 5])
  })
  it('gives a row the same result in any block, random starts included', async () => {
    const setting = await linear()
    const [whole, cut] = [await gather({ epsilon: 0.3, restarts: 3, seed: 1 } as Partial<AttackParameters>, setting), await gather({ epsilon: 0.3, restarts: 3, seed: 1 } as Partial<AttackParameters>, setting, 1)]
    expect(cut).toEqual(whole)
  })
  it('has every row whose gradient is zero counted', async () => {
    const flat = linearModel([[0, 0], [0, 0]])
    const model = { ...flat, prediction: { ...flat.prediction, classes: ['0', '1'] } }
    const setting = await withPredictions(model, planContext(model, smallView(ROWS, continuous('a', 'b'), [0, 0, 0, 1, 1, 1]), [{ input: 'x', columns: [0, 1], shape: [2], scale: 1 }]))
    expect((await gather({}, setting)).zeroGradientShare).toBe(1)
    expect((await gather({}, await linear())).zeroGradientShare).toBe(0)
  })
  it('is attacked on a seeded sample that does not depend on the attack', async () => {
    const setting = await linear()
    const [fgsm, pgd] = [await gather({ attack: 'fgsm', rows: 3 }, setting), await gather({ epsilon: 0.9, rows: 3 }, setting)]
    expect(fgsm.rows).toHaveLength(3)
    expect([...fgsm.rows]).toEqual([...pgd.rows])
    expect([fgsm.steps, fgsm.restarts]).toEqual([1, 1])
  })
})

describe('a plan', () => {
  const plan = async (parameters: Partial<AttackParameters>, change: (setting: Setting) => Partial<Setting['context']> = () => ({})) => {
    const setting = await linear()
    return adversarialExamplesGatherer.plan({ attack: 'pgd', norm: 'linf', epsilon: 0.1, ...parameters }, { predictions: setting.predictions }, { ...setting.context, ...change(setting) })
  }
  it('reaches the edge of the ball, or is refused; rounding is no reason', async () => {
    await expect(plan({ epsilon: 1, steps: 3, stepSize: 0.3 })).rejects.toThrow(/steps × stepSize is 0\.8999.*less than epsilon 1.*Raise steps or stepSize/)
    expect(await plan({ epsilon: 29, steps: 100, stepSize: 0.29 })).toHaveProperty('concrete')
    expect(0.29 * 100).toBeLessThan(29)
  })
  it.each([[1, 2.5], [3, 2.5 / 3], [25, 0.1], [40, 0.1]])('of %d steps crosses the ball by itself', async (steps, stepSize) => {
    expect(await plan({ epsilon: 1, steps })).toMatchObject({ concrete: { steps, stepSize } })
  })
  it('says what is missing', async () => {
    expect(await plan({}, () => ({ model: null }))).toEqual({ unavailable: 'needs a model; this audit has stored predictions only' })
    expect(await plan({}, ({ context }) => ({ view: { ...context.view, label: null } }))).toEqual({ unavailable: 'needs labels' })
    expect(await plan({}, ({ context }) => ({ inputs: [...context.inputs, { ...context.inputs[0], input: 'z', scale: 2 }] }))).toEqual({ unavailable: 'attacks move several float inputs together where each is a table in the same scale, which x, z are not' })
    expect(await plan({}, ({ context }) => ({ inputs: [{ ...context.inputs[0], dtype: 'int64' }] }))).toEqual({ unavailable: 'attacks change floats, and no input of the model holds any' })
    expect(await plan({}, ({ context }) => ({ view: { ...context.view, features: context.view.features.map((feature) => ({ ...feature, kind: 'binary' as const })) } }))).toEqual({ unavailable: 'no column may change: a (binary), b (binary). Name columns under mutable to attack them' })
  })
})
