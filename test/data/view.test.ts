import { describe, expect, it, test } from 'vitest'
import { readTable } from '../../src/data/index.js'
import truth from '../fixtures/data/truth.json' with { type: 'json' }
import { columns, csv, fixture, oneInput, refusal, view } from './helpers.js'

const countsOf = ({ categories, codes }: { categories: readonly string[]; codes: Int32Array }) =>
  Object.fromEntries(categories.map((category, code) => [category, codes.filter((other) => other === code).length]))

describe('label', () => {
  it('has the classes and counts that pandas sees', async () => {
    const hmda = view(await readTable(fixture('boston-hmda')), { label: 'denied', positive: 'yes', favorable: 'no' }).view
    expect(countsOf(hmda.label!)).toEqual(truth['boston-hmda'].label)
    expect([hmda.positive, hmda.favorable, hmda.labelMeaning]).toEqual(['yes', 'no', null])
    const digits = view(await readTable(fixture('digits')), { label: 'target' }).view
    expect(countsOf(digits.label!)).toEqual(truth.digits.label)
    expect(digits.label!.categories).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect([digits.positive, digits.favorable]).toEqual([null, null])
  })
  it('takes 1 as positive of 0 and 1, however they are spelled', async () => {
    expect(view(await columns('y\n0.0\n1.0\n0.0'), { label: 'y' }).view.positive).toBe('1.0')
    expect(view(await columns('y\n0\n1'), { label: 'y', positive: 0 }).view.positive).toBe('0')
  })
  it('is one category where numbers are equal, and separate where any value is text', async () => {
    const numeric = view(await csv('y\n1.0\n1\n 1\n0\n'), { label: 'y' }).view
    expect(numeric.label).toMatchObject({ categories: ['0', '1.0'], codes: Int32Array.of(1, 1, 1, 0) })
    const text = view(await csv('y\n1.0\n1\nno\n'), { label: 'y' }).view
    expect(text.label!.categories).toEqual(['1', '1.0', 'no'])
  })
  it.each([
    [1, '1.0\n0.0', '1.0'], ['1', '1.0\n0.0', '1.0'], ['1.00', '1\n0', '1'], [true, 'True\nFalse', 'True'], ['true', 'TRUE\nFALSE', 'TRUE'], ['yes', 'yes\nno', 'yes'],
    ['__proto__', '__proto__\nconstructor', '__proto__'],
  ])('finds positive %j in %j', async (positive, values, found) => {
    expect(view(await columns(`y\n${values}`), { label: 'y', positive }).view.positive).toBe(found)
  })
  it('sorts by number or by text', async () => {
    expect(view(await columns('y\n10\n9\n-1\n2'), { label: 'y' }).view.label!.categories).toEqual(['-1', '2', '9', '10'])
    expect(view(await columns('y\nb\na\n10\n9'), { label: 'y' }).view.label!.categories).toEqual(['10', '9', 'a', 'b'])
  })
  it('counts rows without one', async () => {
    const { view: found } = view(await csv('y,x\n0,1\n,2\n1,3\n'), { label: 'y' })
    expect(found.label!.codes).toEqual(Int32Array.of(0, -1, 1))
    expect(found.excluded).toEqual([{ reason: 'missing label in y', rows: 1 }])
  })
  it('is none for a quantity, which is said; class numbers are not a quantity', async () => {
    const { view: found } = view(await readTable(fixture('diabetes')), { label: 'progression' })
    expect(found.label).toBeNull()
    expect(found.findings[0]).toMatchObject({ id: 'numeric-label', message: '"progression" has 214 different numbers, so it is a quantity and not a class: metrics for regression are not built, and nothing that needs a label was measured.' })
    const hundred = view(await columns(`y\n${Array.from({ length: 100 }, (_, i) => i).join('\n')}`), { label: 'y' })
    expect(hundred.view.label!.categories).toHaveLength(100)
  })
  it.each([
    ['y\nyes\nno', {}, 'data.positive is needed: "y" has the values "no", "yes", and only 0 and 1 say which one is detected. Add data.positive with one of them.'],
    ['y\nTrue\nFalse', {}, 'data.positive is needed: "y" has the values "False", "True", and only 0 and 1 say which one is detected. Add data.positive with one of them.'],
    ['y\n1\n2', {}, 'data.positive is needed: "y" has the values "1", "2", and only 0 and 1 say which one is detected. Add data.positive with one of them.'],
    ['y\nyes\nno', { positive: 'ja' }, 'data.positive is "ja", which is no value of "y". Its values are "no", "yes".'],
    ['y\n yes\nno', { positive: 'yes' }, 'data.positive is "yes", which is no value of "y". Its values are " yes", "no".'],
    ['y\n0\n1', { favorable: 2 }, 'data.favorable is "2", which is no value of "y". Its values are "0", "1".'],
    ['y\n0\n0', {}, 'The label "y" has one class only, "0", in the 2 rows that are audited. At least two classes are needed: check data.label and data.rows.'],
    ['y\n0\n1\n1', { rows: '1:' }, 'The label "y" has one class only, "1", in the 2 rows that are audited. At least two classes are needed: check data.label and data.rows.'],
    ['y,x\n,1\n,1', {}, 'The label "y" has no value at all in the 2 rows that are audited. At least two classes are needed: check data.label and data.rows.'],
    ['y\n0\n1\nNaN', {}, 'table.csv, line 4: column "y" holds "NaN". Leave the cell empty for a missing value.'],
  ])('%j %j is refused', async (content, config, message) => {
    const table = await csv(`${content}\n`)
    expect(await refusal(() => view(table, { label: 'y', ...config }))).toBe(message.replace('data.csv', 'table.csv'))
  })
  it('refuses positive for a quantity', async () => {
    const table = await readTable(fixture('diabetes'))
    expect(await refusal(() => view(table, { label: 'progression', positive: 25 }))).toContain('"progression" has 214 different numbers, so it is a quantity without a positive or favorable class.')
  })
})

describe('stored predictions and scores', () => {
  it('speak the label\'s words, 1.0 for 1 included', async () => {
    const { view: found } = view(await csv('y,p,s\n0,1.0,0.7\n1,0.0,\n1,,-3\n'), { label: 'y', prediction: 'p', score: 's' })
    expect(found.prediction).toEqual({ name: 'p', categories: ['0', '1'], codes: Int32Array.of(1, 0, -1) })
    expect(found.score).toEqual({ name: 's', values: Float64Array.of(0.7, NaN, -3) })
    expect(found.excluded).toEqual([{ reason: 'missing prediction in p', rows: 1 }])
    expect([found.features.length, found.matrix.length, [...found.complete]]).toEqual([0, 0, [1, 1, 1]])
  })
  it('stand alone without a label', async () => {
    const { view: found } = view(await csv('p,g\nyes,a\nno,b\n'), { prediction: 'p', sensitive: ['g'], positive: 'yes' })
    expect(found.prediction!.categories).toEqual(['no', 'yes'])
    expect([found.label, found.positive]).toEqual([null, 'yes'])
  })
  it('are refused when they say something else', async () => {
    const table = await csv('y,p,s\n0,0,0.5\n1,2,high\n')
    expect(await refusal(() => view(table, { label: 'y', prediction: 'p' }))).toBe('table.csv, line 3: the prediction "2" in "p" is not a value of the label "y" ("0", "1"). Write both in the same words.')
    expect(await refusal(() => view(table, { label: 'y', score: 's' }))).toBe('table.csv, line 3: the score "high" in "s" is not a finite number. Leave the cell empty for a missing score.')
  })
})

describe('rows', () => {
  const numbers = () => columns(`x\n${Array.from({ length: 20 }, (_, i) => i).join('\n')}`)
  it.each([['3:5', [3, 4]], [':2', [0, 1]], ['18:', [18, 19]], [{ range: [0, 1] as [number, number] }, [0]]])('%j', async (rows, expected) => {
    const { view: found } = view(await numbers(), { rows }, oneInput(1))
    expect([...found.matrix]).toEqual(expected)
    expect([found.rows, found.rowsInFile]).toEqual([expected.length, 20])
  })
  it('a sample is seeded and stays in file order', async () => {
    const table = await numbers()
    const sample = (seed: number) => [...view(table, { rows: { sample: 6 } }, oneInput(1), seed).view.matrix]
    expect(sample(1)).toEqual(sample(1))
    expect(sample(1)).not.toEqual(sample(2))
    expect(sample(1)).toEqual([...new Set(sample(1))].sort((a, b) => a - b))
    expect(sample(1)).toHaveLength(6)
    expect(view(table, { rows: { sample: 99 } }, oneInput(1)).view.rows).toBe(20)
  })
  it.each([
    ['5:3', 'data.rows must be start:end with 0 ≤ start < end (0-based, end not included), got 5:3.'],
    ['5-9', 'data.rows is "5-9", which is not a range. Write start:end, such as 1200:1797 (0-based, end not included).'],
    ['0:21', 'data.rows ends at 21, but the file has 20 rows. The last possible end is 20.'],
    [{ sample: 0 }, 'data.rows.sample must be a whole number of at least 1, got 0.'],
  ])('%j is refused', async (rows, message) => {
    const table = await numbers()
    expect(await refusal(() => view(table, { rows }))).toBe(message)
  })
})

describe('roles', () => {
  const table = () => csv('approved,approval_score,guess,age,weight\n0,0.1,0,30,2\n1,0.9,1,40,1\n')
  test.each([
    [{ label: 'aproved' }, 'data.label names "aproved", but table.csv has no such column. Did you mean "approved"?'],
    [{ label: 'outcome' }, 'data.label names "outcome", but table.csv has no such column. The columns are "approved", "approval_score", "guess", "age", "weight".'],
    [{ sensitive: ['Age', 'agee'] }, 'data.sensitive names "Age", but table.csv has no such column. Did you mean "age"?'],
    [{ sensitive: ['age', 'age'] }, 'data.sensitive lists "age" twice. Remove one.'],
    [{ label: 'approved', sensitive: ['approved'] }, 'data.sensitive includes "approved", which is data.label. The answer cannot be a group: remove it there.'],
    [{ label: 'approved', features: ['age', 'approved'] }, 'data.features includes "approved", which is data.label. The answer cannot be a feature: remove it there.'],
    [{ label: 'approved', prediction: 'guess', features: ['age', 'guess'] }, 'data.features includes "guess", which is data.prediction. The answer cannot be a feature: remove it there.'],
    [{ label: 'approved', score: 'approval_score', features: ['app*_score'] }, 'data.features includes "approval_score", which is data.score. The answer cannot be a feature: remove it there.'],
    [{ label: 'approved', prediction: 'approved' }, '"approved" is both data.label and data.prediction. Each needs its own column.'],
    [{ weight: 'weight' }, 'data.weight names "weight", but weighted estimates are not built yet, and a weight column is never ignored. Remove data.weight only if the rows stand for themselves.'],
    [{ cluster: 'age' }, 'data.cluster names "age", but clustered estimates are not built yet, and a cluster column is never ignored. Remove data.cluster only if the rows stand for themselves.'],
    [{ label: 'approved', encode: { approved: { yes: 1 } } }, 'data.encode has a rule for "approved", which is data.label. Encodings are for features; write positive and favorable as the file has them.'],
    [{ bins: { age: [35] } }, 'data.bins has edges for "age", which data.sensitive does not list. List it there, or remove its bins.'],
    [{ encode: { agee: 'one-hot' as const } }, 'data.encode names "agee", but table.csv has no such column. Did you mean "age"?'],
    [{ control: ['ages'] }, 'data.control names "ages", but table.csv has no such column. Did you mean "age"?'],
  ])('%j is refused', async (config, message) => {
    const found = await table()
    expect(await refusal(() => view(found, config))).toBe(message)
  })
  test('control columns are no features by default, and it is said that nothing uses them', async () => {
    const { view: found } = view(await table(), { label: 'approved', control: ['age'], score: 'approval_score' }, oneInput(null))
    expect(found.features.map(({ name }) => name)).toEqual(['guess', 'weight'])
    expect(found.findings.at(-1)!.message).toBe('The control columns "age" are kept out of the default features; no metric conditions on them yet.')
  })
  test('names that objects inherit are names like any other', async () => {
    const hostile = await csv('"__proto__",constructor,y\n1,a,0\n2,b,1\n')
    const { view: found } = view(hostile, { label: 'y', sensitive: ['constructor'], features: ['__proto__'], encode: {} }, oneInput(1))
    expect([found.features[0], [...found.matrix], found.sensitive[0]!.categories]).toEqual([{ name: '__proto__', source: '__proto__', kind: 'binary' }, [1, 2], ['a', 'b']])
    expect(await refusal(() => view(hostile, { label: 'toString' }))).toContain('data.label names "toString"')
  })
})
