/** @file The digits as columns, as an array, as an .npz file and as images: the same values must give the same artifacts, bit for bit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adversarialExamplesGatherer } from '../../../src/artifacts/kinds/adversarial-examples.js'
import { attributionsGatherer } from '../../../src/artifacts/kinds/attributions.js'
import { decodePart, encodePart } from '../../../src/artifacts/part-codec.js'
import { arrayFiles, decodeView, encodeView, writeArrays } from '../../../src/artifacts/view-codec.js'
import type { AdversarialExamples, AttackParameters, Attributions, AttributionParameters } from '../../../src/contracts/artifact.js'
import type { DataConfig, InputMapping } from '../../../src/contracts/config.js'
import type { Model } from '../../../src/contracts/model.js'
import { buildView, decodeImages, fillInputs, imageTarget, readTable, type Table } from '../../../src/data/index.js'
import { memoryArray } from '../../../src/data/arrays.js'
import { makeTable } from '../../../src/data/table.js'
import { loadModel } from '../../../src/engine/index.js'
import { gatherHere, planContext, withPredictions, type Setting } from './gather-here.js'

const folder = mkdtempSync(join(tmpdir(), 'probity-arrays-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let model: Model

/** Through the files and the part that children read. */
async function setting(table: Table, config: Omit<DataConfig, 'path'>, mapping: InputMapping): Promise<Setting> {
  const built = buildView(table, { path: 'd', ...config }, { inputs: model.inputs, mapping: { image: mapping } }, 0)
  const arrays = mkdtempSync(join(folder, 'view-'))
  writeArrays(built.view, arrays)
  expect(arrayFiles(built.view, arrays)).toHaveLength(mapping.array === undefined ? 0 : 1)
  const { view, inputs } = decodeView(decodePart(encodePart(encodeView(built))), 'd', arrays)
  return withPredictions(model, planContext(model, view, inputs))
}

/** The columns of pixels as one array of bytes, with the label beside it. */
async function asArray(channelsLast: boolean): Promise<Table> {
  const table = await readTable('examples/digits/digits.csv')
  const pixels = Array.from({ length: 64 }, (_, k) => table.numbers(`pixel_${Math.floor(k / 8)}_${k % 8}`)!)
  const data = Uint8Array.from({ length: table.rows * 64 }, (_, i) => pixels[i % 64]![Math.floor(i / 64)]!)
  const array = memoryArray('x', { data, dims: channelsLast ? [table.rows, 8, 8, 1] : [table.rows, 1, 8, 8], dtype: 'uint8' })
  return makeTable('d', [table.coded('target')], table.where, { arrays: [array], rows: table.rows })
}

async function asImages(): Promise<Table> {
  const table = await readTable('examples/images/digits.csv')
  const target = imageTarget({ inputs: model.inputs, mapping: undefined })
  return (await decodeImages(table, { folder: 'examples/images/digits', column: 'file' }, Array.from({ length: 200 }, (_, row) => row), target, join(folder, 'pixels'))).table
}

const attack = (where: Setting, parameters: AttackParameters): Promise<AdversarialExamples> => gatherHere(adversarialExamplesGatherer, parameters, where)
const explain = (where: Setting, parameters: AttributionParameters): Promise<Attributions> => gatherHere(attributionsGatherer, parameters, where)
/** What does not depend on the names of columns. */
const outcome = ({ rows, cleanPredicted, adversarialPredicted, distance, zeroGradientShare, epsilon, unit, bounds, input }: AdversarialExamples) =>
  ({ rows, cleanPredicted, adversarialPredicted, distance, zeroGradientShare, epsilon, unit, bounds, input })
const explanation = ({ values, completenessGap, tolerance, steps, output, baselineOutput, secondTopColumn }: Attributions) =>
  ({ values, completenessGap, tolerance, steps, output, baselineOutput, secondTopColumn })

let columns: Setting, array: Setting, moved: Setting, npz: Setting, images: Setting
const rows = '1200:1400'
beforeAll(async () => {
  model = await loadModel('examples/digits/digits-cnn.onnx')
  columns = await setting(await readTable('examples/digits/digits.csv'), { label: 'target', rows }, { columns: 'pixel_*', shape: [1, 8, 8], scale: 0.0625 })
  array = await setting(await asArray(false), { label: 'target', rows }, { array: 'x', scale: 0.0625 })
  moved = await setting(await asArray(true), { label: 'target', rows }, { array: 'x', scale: 0.0625, layout: 'nchw' })
  npz = await setting(await readTable('examples/images/digits.npz'), { label: 'y' }, { array: 'x', scale: 1 / 240 })
  images = await setting(await asImages(), { label: 'digit' }, { array: 'image', scale: 1 / 240 })
}, 60_000)
afterAll(() => model.dispose())

const others = (): (readonly [string, Setting])[] => [['array', array], ['channels last', moved], ['npz', npz], ['images', images]]
const exact = (): (readonly [string, Setting])[] => [['array', array], ['channels last', moved]]

test('the model receives the same bytes', () => {
  const fed = ({ context: { view, inputs } }: Setting) => fillInputs(view, inputs, [0, 7, 199])['image']
  expect(fed(columns)!.dims).toEqual([3, 1, 8, 8])
  for (const [name, other] of others()) expect(fed(other), name).toEqual(fed(columns))
})
test('and answers the same', () => {
  for (const [name, other] of others()) expect({ ...other.predictions, decisionRule: '' }, name).toEqual({ ...columns.predictions, decisionRule: '' })
})
describe('attacks', () => {
  test.each<AttackParameters>([
    { attack: 'fgsm', norm: 'linf', epsilon: 0.05, bounds: [0, 1] },
    { attack: 'pgd', norm: 'linf', epsilon: 0.05, bounds: [0, 1], steps: 5, rows: 60 },
    { attack: 'pgd', norm: 'linf', epsilon: 0.05, steps: 5, rows: 60, restarts: 2 },
  ])('in units of the input: %j', async (parameters) => {
    const truth = outcome(await attack(columns, parameters))
    expect(new Set(truth.adversarialPredicted).size).toBeGreaterThan(5)
    for (const [name, other] of others()) expect(outcome(await attack(other, parameters)), name).toEqual(truth)
  })
  test.each(['sd', 'range', 'data'] as const)('in units of %s', async (unit) => {
    const parameters: AttackParameters = { attack: 'fgsm', norm: 'linf', epsilon: unit === 'data' ? 1 : 0.1, unit }
    const truth = outcome(await attack(columns, parameters))
    for (const [name, other] of exact()) expect(outcome(await attack(other, parameters)), name).toEqual(truth)
  })
  test('bounds are in units of the data where epsilon is', async () => {
    const parameters: AttackParameters = { attack: 'fgsm', norm: 'linf', epsilon: 1, unit: 'data' }
    const truth = outcome(await attack(columns, { ...parameters, bounds: [0, 16] }))
    expect({ ...outcome(await attack(array, { ...parameters, bounds: [0, 16] })), bounds: '' }).toEqual({ ...truth, bounds: '' })
    await expect(attack(array, { ...parameters, bounds: [0, 1] })).rejects.toThrow(/^The attack's bounds of x are 0 to 0\.0625, and its values in the data lie between 0 and/)
    await expect(attack(columns, { ...parameters, bounds: [0, 1] })).rejects.toThrow(/^The attack's bounds of pixel_/)
  })
  test('name the array, and leave it alone where it is not declared mutable', async () => {
    expect((await attack(array, { attack: 'fgsm', norm: 'linf', epsilon: 0.05 })).mutableColumns).toEqual(['x'])
    await expect(attack(array, { attack: 'fgsm', norm: 'linf', epsilon: 0.05, mutable: ['y'] })).rejects.toThrow(/threat model names y, which is not a feature/)
  })
})
describe('attributions', () => {
  test.each<AttributionParameters>([{ target: 8, baseline: 'zero', rows: 12 }, { target: 8, baseline: 'mean', rows: 6 }, { target: 8, rows: 3 }])('%j', async (parameters) => {
    const truth = await explain(columns, parameters)
    for (const [name, other] of parameters.baseline === 'mean' ? exact() : others()) {
      const found = await explain(other, parameters)
      const same = explanation(truth)
      // The second reference is the mean row, whose last bits depend on the units of the data.
      expect(explanation(found), name).toEqual(exact().some(([known]) => known === name) ? same : { ...same, secondTopColumn: found.secondTopColumn })
    }
  })
  test('name each element, and say how much each counts', async () => {
    const { columns: names, elements, values, rows: explained } = await explain(moved, { target: 8, baseline: 'zero', rows: 4 })
    expect([names[0], names[13], names.length]).toEqual(['x[0, 0, 0]', 'x[1, 5, 0]', 64])
    const means = Float64Array.from({ length: 64 }, (_, k) => Array.from(explained, (_, row) => Math.abs(values[row * 64 + k]!)).reduce((a, b) => a + b, 0) / 4)
    expect(elements).toEqual([{ array: 'x', shape: [8, 8, 1], importance: means }])
  })
  test('from one stated gray', async () => {
    const { baseline, baselineOutput } = await explain(array, { target: 8, baseline: { x: 8 }, rows: 1 })
    const allEight = Object.fromEntries(columns.context.view.features.map(({ name }) => [name, 8]))
    expect(baseline).toContain('x = 8')
    expect(baselineOutput).toBe((await explain(columns, { target: 8, baseline: allEight, rows: 1 })).baselineOutput)
  })
})
