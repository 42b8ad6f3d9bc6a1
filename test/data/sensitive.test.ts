import { describe, expect, it } from 'vitest'
import type { CategoricalColumn } from '../../src/contracts/dataset.js'
import { readTable } from '../../src/data/index.js'
import truth from '../fixtures/data/truth.json' with { type: 'json' }
import { columns, csv, fixture, refusal, view } from './helpers.js'

const countsOf = ({ categories, codes }: CategoricalColumn) => Object.fromEntries(categories.map((category, code) => [category, codes.filter((other) => other === code).length]))

describe('groups against pandas', () => {
  it('categories and their intersection', async () => {
    const { sensitive } = view(await readTable(fixture('boston-hmda')), { sensitive: ['black', 'single'] }).view
    expect(sensitive.map(({ name, columns: of, judged }) => [name, of, judged])).toEqual([
      ['black', ['black'], true], ['single', ['single'], true], ['black & single', ['black', 'single'], { reason: 'an intersection is judged only where data.intersections lists it' }],
    ])
    expect(countsOf(sensitive[0]!)).toEqual(truth['boston-hmda'].groups)
    expect(countsOf(sensitive[2]!)).toEqual(truth['boston-hmda']['black & single'])
    expect(sensitive[2]!.parts).toEqual([['no', 'no'], ['no', 'yes'], ['yes', 'no'], ['yes', 'yes']])
  })
  it('numbers with few values are categories; declared bins are judged', async () => {
    const { sensitive, findings } = view(await readTable(fixture('diabetes')), { sensitive: ['sex', 'age'], bins: { age: [30, 45, 60] } }).view
    expect(countsOf(sensitive[0]!)).toEqual(truth.diabetes.groups)
    expect(countsOf(sensitive[1]!)).toEqual(truth.diabetes['age bins 30 45 60'])
    expect(sensitive[1]!.judged).toBe(true)
    expect(findings.find(({ id }) => id === 'bins')!.message).toBe('"age" is grouped as "under 30", "30–45", "45–60", "60 and over": each group includes its lower edge and not its upper one.')
  })
  it('undeclared numbers become quartiles that are not judged', async () => {
    const { sensitive } = view(await readTable(fixture('diabetes')), { sensitive: ['age'] }).view
    const [a, b, c] = truth.diabetes['age quartile edges']
    expect(sensitive[0]!.categories).toEqual([`under ${a}`, `${a}–${b}`, `${b}–${c}`, `${c} and over`])
    expect(sensitive[0]!.judged).toEqual({ reason: 'cut into quartiles automatically; declare data.bins for "age" to judge it' })
    expect(sensitive[0]!.codes.every((code) => code >= 0)).toBe(true)
  })
})

describe('edges', () => {
  it('belong to the upper group; missing stays missing; empty bins vanish', async () => {
    const { sensitive } = view(await csv('a,x\n24.9,1\n25,1\n45,1\n,1\n'), { sensitive: ['a'], bins: { a: [25, 45, 99] } }).view
    expect(sensitive[0]).toMatchObject({ categories: ['under 25', '25–45', '45–99'], codes: Int32Array.of(0, 1, 2, -1), parts: [['under 25'], ['25–45'], ['45–99']] })
  })
  it('of quartiles of a heavily tied column collapse, and one group may remain', async () => {
    const tied = await columns(`a\n${[...Array<number>(80).fill(0), ...Array.from({ length: 20 }, (_, i) => i + 1)].join('\n')}`)
    expect(view(tied, { sensitive: ['a'] }).view.sensitive[0]!.categories).toEqual(['all'])
  })
  it('must increase and fit the column', async () => {
    const table = await csv('a,t\n1,young\n2,old\n')
    expect(await refusal(() => view(table, { sensitive: ['a'], bins: { a: [2, 1] } }))).toBe('data.bins for "a" must be one or more numbers, each larger than the one before, got [2, 1].')
    expect(await refusal(() => view(table, { sensitive: ['t'], bins: { t: [2] } }))).toBe('table.csv, line 2: data.bins cuts "t" by number, but it holds "young". Remove its bins, or leave the cell empty for a missing value.')
    const nan = await csv('a\n1\nnan\n')
    expect(await refusal(() => view(nan, { sensitive: ['a'], bins: { a: [2] } }))).toBe('table.csv, line 3: column "a" holds "nan". Leave the cell empty for a missing value.')
  })
})

it('more than 50 texts look like an identifier: kept, not judged, not crossed', async () => {
  const table = await csv(`id,g\n${Array.from({ length: 60 }, (_, i) => `p${i},${i % 2 ? 'a' : 'b'}`).join('\n')}\n`)
  const { sensitive } = view(table, { sensitive: ['id', 'g'] }).view
  expect(sensitive.map(({ name, categories, judged }) => [name, categories.length, judged])).toEqual([['id', 60, { reason: 'looks like an identifier: 60 different values' }], ['g', 2, true]])
})

describe('intersections', () => {
  const table = () => csv('a,b,c\nx,1,p\nx,2,q\ny,1,p\ny,,p\n')
  it('that are listed are judged, in the order and depth listed; other pairs are informative', async () => {
    const { sensitive } = view(await table(), { sensitive: ['a', 'b', 'c'], intersections: [['b', 'a'], ['a', 'b', 'c']] }).view
    expect(sensitive.map(({ name, judged }) => [name, judged === true])).toEqual([['a', true], ['b', true], ['c', true], ['b & a', true], ['a & b & c', true], ['a & c', false], ['b & c', false]])
    expect(sensitive[3]).toMatchObject({ categories: ['1 & x', '1 & y', '2 & x'], parts: [['1', 'x'], ['1', 'y'], ['2', 'x']], codes: Int32Array.of(0, 2, 1, -1) })
    expect(sensitive[4]!.parts).toEqual([['x', '1', 'p'], ['x', '2', 'q'], ['y', '1', 'p']])
  })
  it('keep parts apart whose joined names are the same', async () => {
    const { sensitive } = view(await csv('a,b\nx & y,z\nx,y & z\n'), { sensitive: ['a', 'b'] }).view
    expect(sensitive[2]!.categories).toEqual(['x & y & z', 'x & y & z'])
    expect(sensitive[2]!.parts).toEqual([['x', 'y & z'], ['x & y', 'z']])
  })
  it('of a column that may not be judged may not be judged', async () => {
    const { sensitive } = view(await readTable(fixture('diabetes')), { sensitive: ['sex', 'age'], intersections: [['sex', 'age']] }).view
    expect(sensitive[2]!.judged).toEqual({ reason: '"age": cut into quartiles automatically; declare data.bins for "age" to judge it' })
  })
  it('are refused for columns that are not sensitive, and for one column', async () => {
    const found = await table()
    expect(await refusal(() => view(found, { sensitive: ['a', 'b'], intersections: [['a', 'c']] }))).toBe('data.intersections names "c", which data.sensitive does not list. It lists "a", "b".')
    expect(await refusal(() => view(found, { sensitive: ['a', 'b'], intersections: [['a', 'a']] }))).toBe('data.intersections has ["a", "a"]: an intersection needs two or more different columns.')
    expect(await refusal(() => view(found, { sensitive: ['a', 'b'], intersections: [['a', 'b'], ['b', 'a']] }))).toBe('data.intersections lists ["b", "a"] twice. Remove one.')
  })
})
