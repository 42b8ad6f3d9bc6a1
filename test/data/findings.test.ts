import { describe, expect, it, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import truth from '../fixtures/data/truth.json' with { type: 'json' }
import { csv, fixture, input, oneInput, view } from './helpers.js'

const YES_NO = { yes: 1, no: 0 }
const encode = Object.fromEntries(['public_bad_credit', 'denied_mortgage_insurance', 'self_employed', 'single', 'black'].map((name) => [name, YES_NO]))
const anyWidth = { mapping: undefined, inputs: [input('x', ['N', null])] }
const messages = (found: ReturnType<typeof view>, id: string) => found.view.findings.filter((finding) => finding.id === id).map(({ message }) => message)

test('the mortgages: sensitive inputs, the one leaking value, base rates, missing cells, repeated rows', async () => {
  const table = await readTable(fixture('boston-hmda'))
  const features = table.columnNames.filter((name) => name !== 'denied')
  const found = view(table, { label: 'denied', positive: 'yes', sensitive: ['black', 'single'], features, encode }, oneInput(12))
  expect(found.view.findings.map(({ id, message }) => [id, message])).toEqual([
    ['sensitive-input', 'The model receives the sensitive column "black" as an input.'],
    ['sensitive-input', 'The model receives the sensitive column "single" as an input.'],
    ['possible-leakage', 'Where "denied_mortgage_insurance" is "yes", "denied" is "yes" in 44 of 48 rows (91.7 %; 12.0 % of all rows): possible leakage or consequence of the decision.'],
    ['base-rates', 'The label "denied" is "no" 88.0 % (2096 rows), "yes" 12.0 % (285 rows).'],
    ['missing-values', '"public_bad_credit" is missing in 1 of 2381 rows (under 0.1 %).'],
    ['missing-values', '"self_employed" is missing in 1 of 2381 rows (under 0.1 %).'],
    ['duplicate-rows', '3 of 2381 rows repeat an earlier row in every column.'],
  ])
})

describe.each([['hmda-test', 'denied'], ['digits', 'target'], ['diabetes', 'progression'], ['breast-cancer', null]] as const)('%s against pandas', (name, label) => {
  it('has the same duplicates and constant columns, and no value leaks', async () => {
    const table = await readTable(fixture(name))
    const found = view(table, { label: label ?? table.columnNames.at(-1)! }, anyWidth)
    expect(found.view.findings.find(({ id }) => id === 'duplicate-rows')?.details?.duplicates ?? 0).toBe(truth[name].duplicates)
    expect(found.view.findings.find(({ id }) => id === 'constant-features')?.details?.features ?? []).toEqual(truth[name].constant)
    expect(messages(found, 'possible-leakage')).toEqual([])
  })
})

/** `n` rows of value `v`, of which `ones` have label 1; the rest of the file has value `u` with `restOnes` of `rest`. */
const cells = (n: number, ones: number, rest: number, restOnes: number) =>
  csv(`f,y\n${[...Array.from({ length: n }, (_, i) => `1,${i < ones ? 1 : 0}`), ...Array.from({ length: rest }, (_, i) => `0,${i < restOnes ? 1 : 0}`)].join('\n')}\n`)

describe('possible leakage', () => {
  test.each([
    ['30 of 30 where half have the label', 30, 30, 1000, 500, 1],
    ['29 rows are too few', 29, 29, 1000, 500, 0],
    ['90 % exactly, even classes', 100, 90, 1000, 460, 1],
    ['89 %', 100, 89, 1000, 460, 0],
    ['a value that is as common as the majority: 95 % of 95 %', 200, 190, 2000, 1900, 0],
    ['a majority of 95 % and a value at 97 %', 200, 194, 2000, 1890, 0],
    ['a majority of 95 % and a value at 100 %, 500 rows', 500, 500, 2000, 1875, 1],
    ['all of 30 rows where 95 % have the label is chance', 30, 30, 2000, 1900, 0],
  ])('%s', async (_, n, ones, rest, restOnes, findings) => {
    const found = view(await cells(n, ones, rest, restOnes), { label: 'y' }, oneInput(1))
    expect(messages(found, 'possible-leakage').filter((message) => message.includes('"f" is "1"'))).toHaveLength(findings)
  })
  test('of many values of one column is one finding', async () => {
    const table = await csv(`f,y\n${Array.from({ length: 400 }, (_, i) => `${i % 10},${i % 2}`).join('\n')}\n`)
    const { findings } = view(table, { label: 'y' }, oneInput(1)).view
    const leaking = findings.filter(({ id }) => id === 'possible-leakage')
    expect(leaking.map(({ message }) => message)).toEqual([
      '10 values of "f" each all but give "y" away: "0" ("0" in 40 of 40 rows), "1" ("1" in 40 of 40 rows), "2" ("0" in 40 of 40 rows), …: possible leakage or consequence of the decision.',
    ])
    expect(leaking[0].details?.['values']).toHaveLength(10)
  })
  test('stays silent on noise: 200 columns of ten values over 1,000 rows with a label of 10 %', async () => {
    let state = 7
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647
    const rows = Array.from({ length: 1000 }, () => [...Array.from({ length: 200 }, () => Math.floor(random() * 10)), random() < 0.1 ? 1 : 0].join(','))
    const table = await csv(`${Array.from({ length: 200 }, (_, i) => `c${i}`).join(',')},y\n${rows.join('\n')}\n`)
    expect(messages(view(table, { label: 'y' }, oneInput(200)), 'possible-leakage')).toEqual([])
  })
})

test('findings count the audited rows only', async () => {
  const table = await csv('a,y\n1,0\n1,0\n1,1\n2,\n')
  const found = view(table, { label: 'y', rows: '0:3' }, oneInput(1))
  expect(messages(found, 'duplicate-rows')).toEqual(['1 of 3 rows repeats an earlier row in every column.'])
  expect(messages(found, 'constant-features')).toEqual(['1 feature has one value in every audited row, so nothing can be said about its influence: "a".'])
  expect(messages(found, 'missing-values')).toEqual([])
})
