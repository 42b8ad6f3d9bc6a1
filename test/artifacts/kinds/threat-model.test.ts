import { describe, expect, it } from 'vitest'
import { threatModel } from '../../../src/artifacts/kinds/threat-model.js'
import type { AttackParameters } from '../../../src/contracts/artifact.js'
import type { Feature, InputPlan, SensitiveColumn } from '../../../src/contracts/dataset.js'
import { continuous, smallView } from './small-view.js'

// Column a: 1, 2, 4 (mean 7/3, sample variance 7/3); b: 0, 10, 5 (variance 25).
const ROWS = [[1, 0], [2, 10], [4, 5]]
const SD_A = Math.sqrt(7 / 3)
type Change = { features?: readonly Feature[]; input?: Partial<InputPlan>; rows?: readonly (readonly number[])[]; sensitive?: readonly string[] }

function model(parameters: Partial<AttackParameters>, { features = continuous('a', 'b'), input = {}, rows = ROWS, sensitive = [] }: Change = {}) {
  const columns = sensitive.map((name) => ({ name, columns: [name] }) as unknown as SensitiveColumn)
  return threatModel({ attack: 'pgd', norm: 'linf', epsilon: 0.1, ...parameters }, smallView(rows, features, [0, 1, 0], { sensitive: columns }), { input: 'x', columns: [0, 1], shape: [2], scale: 1, ...input })
}
const IMAGE = { shape: [1, 1, 2] }

describe('one unit of epsilon', () => {
  it('is a standard deviation of each column of a table, its range, or one', () => {
    expect(model({}).unit).toBe('sd')
    expect(model({}).scale[0]).toBeCloseTo(SD_A, 14)
    expect(model({}).scale[1]).toBeCloseTo(5, 14)
    expect(model({ unit: 'range' }).scale).toEqual([3, 10])
    expect(model({ unit: 'raw', mutable: ['b'] }).scale).toEqual([0, 1])
  })
  it('is one for tensors', () => {
    expect(model({}, { input: IMAGE })).toMatchObject({ unit: 'raw', scale: [1, 1] })
  })
  it('counts in units of the input, whose scale may be negative', () => {
    const { scale, low, high } = model({ unit: 'range' }, { input: { scale: -0.5 } })
    expect([scale, low, high]).toEqual([[1.5, 5], [-2, -5], [-0.5, -0]])
  })
  it('ignores rows that lack a feature', () => {
    expect(model({ unit: 'range' }, { rows: [...ROWS, [100, NaN]] }).scale).toEqual([3, 10])
  })
})

describe('what is frozen', () => {
  const mixed: Feature[] = [{ name: 'a', source: 'a', kind: 'continuous' }, { name: 'p=car', source: 'p', kind: 'one-hot' }]
  it.each(['binary', 'integer', 'one-hot', 'category'] as const)('are %s columns of a table', (kind) => {
    const features = [mixed[0], { ...mixed[1], kind }]
    expect(model({}, { features })).toMatchObject({ frozen: [{ column: 'p=car', reason: kind }], scale: [expect.closeTo(SD_A, 12) as number, 0] })
  })
  it('are sensitive columns, even continuous ones', () => {
    expect(model({}, { sensitive: ['a'] }).frozen).toEqual([{ column: 'a', reason: 'sensitive' }])
  })
  it('is all but what the config declares, by feature or by source', () => {
    expect(model({ mutable: ['p'] }, { features: mixed }).frozen).toEqual([{ column: 'a', reason: 'not declared mutable' }])
    expect(model({ mutable: ['p=car'] }, { features: mixed, sensitive: ['p'] }).frozen).toEqual([{ column: 'a', reason: 'not declared mutable' }])
  })
  it('is nothing of a tensor, unless declared', () => {
    expect(model({}, { features: mixed, input: IMAGE }).frozen).toEqual([])
    expect(model({ mutable: ['a'] }, { input: IMAGE }).frozen).toEqual([{ column: 'b', reason: 'not declared mutable' }])
  })
  it('are columns with one value, which have no unit', () => {
    const rows = ROWS.map(([a]) => [a, 7])
    expect(model({}, { rows }).frozen).toEqual([{ column: 'b', reason: 'has one value only' }])
    expect(model({ unit: 'range' }, { rows }).frozen).toEqual([{ column: 'b', reason: 'has one value only' }])
    expect(model({ unit: 'raw', mutable: ['b'] }, { rows }).scale).toEqual([0, 1])
  })
  it('are columns that feed another input', () => {
    const { frozen, low, high, bounds } = model({}, { features: continuous('a', 'token'), input: { columns: [0], shape: [1, 1, 1] }, rows: [[0.5, 30000], [1, 2], [0, 5]] })
    expect(frozen).toEqual([{ column: 'token', reason: 'feeds an input that holds no floats' }])
    // Nor do they widen what was observed of the image.
    expect([low[0], high[0], bounds]).toEqual([0, 1, 'observed range of all values'])
  })
})

describe('bounds', () => {
  it('are what was observed: of each column of a table, of all values of a tensor', () => {
    expect(model({})).toMatchObject({ low: [1, 0], high: [4, 10], bounds: 'observed range of each column' })
    expect(model({}, { input: IMAGE })).toMatchObject({ low: [0, 0], high: [10, 10], bounds: 'observed range of all values' })
  })
  it('may be stated for all, or per column by feature or source', () => {
    expect(model({ bounds: [-1, 11] })).toMatchObject({ low: [-1, -1], high: [11, 11], bounds: '-1 to 11' })
    expect(model({ bounds: { b: [-5, 20] } })).toMatchObject({ low: [1, -5], high: [4, 20], bounds: 'per column as configured, else observed' })
    const features: Feature[] = [{ name: 'a', source: 'a', kind: 'continuous' }, { name: 'b/1', source: 'b', kind: 'continuous' }]
    expect(model({ bounds: { b: [-5, 20] } }, { features }).low).toEqual([1, -5])
  })
  it('must hold the data that may change', () => {
    expect(() => model({ bounds: [0, 5] })).toThrow(/bounds of b are 0 to 5, and its values in the data lie between 0 and 10/)
    expect(() => model({ bounds: [11, -1] })).toThrow(/bounds of a are 11 to -1/)
    expect(model({ bounds: [0, 5], mutable: ['a'] }).high).toEqual([5, 5])
  })
  it('do not come from what every object has', () => {
    expect(model({ bounds: { b: [-5, 20] } }, { features: continuous('constructor', 'b') }).low).toEqual([1, -5])
    expect(model({ bounds: { b: [-5, 20] } }, { features: continuous('__proto__', 'b') }).low).toEqual([1, -5])
  })
  it('are found among many columns', () => {
    const width = 200_000
    const features = Array.from({ length: width }, (_, i): Feature => ({ name: String(i), source: String(i), kind: 'continuous' }))
    const columns = features.map((_, i) => i)
    expect(model({}, { features, rows: [columns, columns.map(() => 0)], input: { columns, shape: [1, width] } }).high[0]).toBe(width - 1)
  })
})

it.each([
  [{ mutable: ['ab'] }, /threat model names ab, which is not a feature\. Did you mean a\?/],
  [{ bounds: { c: [0, 1] } }, /threat model names c, which is not a feature\. Known: a, b\./],
  [{ unit: 'raw' }, /unit: raw gives 2 columns of a table one epsilon.*unit: sd or range/],
] as [Partial<AttackParameters>, RegExp][])('%j is refused', (parameters, message) => {
  expect(() => model(parameters)).toThrow(message)
})
