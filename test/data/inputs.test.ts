import { describe, expect, it, test } from 'vitest'
import type { DataConfig } from '../../src/contracts/config.js'
import { readTable, type ModelInputs } from '../../src/data/index.js'
import { csv, fixture, input, oneInput, refusal, view } from './helpers.js'

const YES_NO = { yes: 1, no: 0 }
const FEATURES = ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit', 'denied_mortgage_insurance', 'self_employed', 'single', 'industry_unemployment_rate', 'condominium']
const encode = Object.fromEntries(['public_bad_credit', 'denied_mortgage_insurance', 'self_employed', 'single'].map((name) => [name, YES_NO]))

describe('one input takes all features', () => {
  it('of the shared models: eleven columns in file order', async () => {
    const { view: found, inputs } = view(await readTable(fixture('hmda-test')), { label: 'denied', sensitive: ['black'] }, oneInput(11))
    expect(found.features.map(({ name }) => name)).toEqual(FEATURES)
    expect(inputs).toEqual([{ input: 'x', columns: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], shape: [11], scale: 1, dtype: 'float32' }])
    expect([...found.matrix.subarray(0, 11)]).toEqual([0.265, 0.265, 0.921875, 2, 2, 0, 0, 0, 1, 3.2, 0])
    expect(found.features.map(({ kind }) => kind)).toEqual(['continuous', 'continuous', 'continuous', 'integer', 'integer', 'binary', 'binary', 'binary', 'binary', 'continuous', 'binary'])
  })
  it('encoded from yes and no, with rows that lack a value accounted for', async () => {
    const { view: found } = view(await readTable(fixture('boston-hmda')), { label: 'denied', positive: 'yes', sensitive: ['black'], features: FEATURES, encode }, oneInput(11))
    expect(found.complete.filter((flag) => flag === 0)).toHaveLength(1)
    expect(found.excluded).toEqual([{ reason: 'missing value in public_bad_credit', rows: 1 }, { reason: 'missing value in self_employed', rows: 1 }])
    const missing = found.complete.indexOf(0)
    expect(found.matrix.subarray(missing * 11, missing * 11 + 11).filter(Number.isNaN)).toHaveLength(2)
  })
  it('in the stated order, whatever the order of the file, patterns included', async () => {
    const table = await csv('p_2,p_1,q\n1,2,3\n')
    expect([...view(table, { features: ['q', 'p_*'] }, oneInput(3)).view.matrix]).toEqual([3, 1, 2])
  })
  it.each([[null, [64]], [[null, 64], [64]], [[null, 1, 8, 8], [1, 8, 8]], [[96, 1, null, 8], [1, 8, 8]], [['N', null], [64]]])('in the shape that %j allows', async (dims, shape) => {
    const { inputs } = view(await readTable(fixture('digits')), { label: 'target' }, { mapping: undefined, inputs: [input('image', dims)] })
    expect(inputs[0]!.shape).toEqual(shape)
  })
})

describe('a count that does not fit names both numbers, the columns and the fix', () => {
  test.each<[string, Partial<DataConfig>, number, string]>([
    ['too many', { label: 'y', features: ['a', 'b'] }, 1, 'The model\'s input "x" takes 1 column, but the data gives 2: "a", "b". List exactly the column that the model was trained on under data.features, in the order of training.'],
    ['sensitive columns left out', { label: 'y', sensitive: ['s'] }, 3, 'The model\'s input "x" takes 3 columns, but the data gives 2: "a", "b". With the sensitive columns ("s") there are 3: list all 3 under data.features in the order of training if the model was trained on them.'],
    ['some sensitive columns left out', { label: 'y', sensitive: ['a', 's'] }, 2, 'The model\'s input "x" takes 2 columns, but the data gives 1: "b". List exactly the 2 columns that the model was trained on under data.features, in the order of training. Sensitive columns ("a", "s") count as features only where they are listed there.'],
    ['no label stated', {}, 3, 'The model\'s input "x" takes 3 columns, but the data gives 4: "a", "b", "s", "y". data.label is not stated, so the label counts as a feature too: state it, or list the features under data.features in the order of training.'],
    ['one-hot widens', { label: 'y', features: ['a', 's'], encode: { s: 'one-hot' } }, 2, 'The model\'s input "x" takes 2 columns, but the data gives 3: "a", "s=0", "s=1". List exactly the 2 columns that the model was trained on under data.features, in the order of training.'],
  ])('%s', async (_, config, width, message) => {
    const table = await csv('a,b,s,y\n1,2,0,0\n3,4,1,1\n')
    expect(await refusal(() => view(table, config, oneInput(width)))).toBe(message)
  })
  test('a wide table is not listed whole', async () => {
    const table = await readTable(fixture('digits'))
    const message = await refusal(() => view(table, { label: 'target' }, oneInput(63)))
    expect(message).toContain('takes 63 columns, but the data gives 64: "pixel_0_0"')
    expect(message).toContain('and 44 more.')
  })
})

describe('model.inputs', () => {
  const image = (columns: string | string[], shape?: number[], scale?: number): ModelInputs => ({ mapping: { image: { columns, ...(shape && { shape }), ...(scale !== undefined && { scale }) } }, inputs: [input('image', ['N', 1, 8, 8])] })
  it('expands a pattern in file order, and a scale makes intensities continuous', async () => {
    const { view: found, inputs } = view(await readTable(fixture('digits')), { label: 'target', rows: '1200:1797' }, image('pixel_*', [1, 8, 8], 0.0625))
    expect(inputs).toEqual([{ input: 'image', columns: Array.from({ length: 64 }, (_, i) => i), shape: [1, 8, 8], scale: 0.0625, dtype: 'float32' }])
    expect([found.rows, found.features[0], found.features[63]!.name]).toEqual([597, { name: 'pixel_0_0', source: 'pixel_0_0', kind: 'continuous' }, 'pixel_7_7'])
  })
  it('may share a column between inputs, as number and as text', async () => {
    const table = await csv('a,b\n1,2\n3,4\n')
    const { view: found, inputs } = view(table, {}, { mapping: { u: { columns: ['b', 'a'] }, v: { columns: 'a' }, w: { columns: 'a' } }, inputs: [input('u', ['N', 2]), input('v', ['N']), input('w', ['N', 1], 'string')] })
    expect(inputs.map(({ columns, shape }) => [columns, shape])).toEqual([[[0, 1], [2]], [[1], []], [[2], [1]]])
    expect(found.features.map(({ name, kind }) => [name, kind])).toEqual([['b', 'binary'], ['a', 'binary'], ['a', 'category']])
  })
  test.each<[ModelInputs, Partial<DataConfig>, string]>([
    [image('pixel*'), { label: 'pixel_label' }, 'model.inputs.image.columns includes "pixel_label", which is data.label. The answer cannot be a feature: remove it there.'],
    [image('pixl_*'), {}, 'model.inputs.image.columns: no column of table.csv matches "pixl_*". The columns are "pixel_0", "pixel_1", "pixel_label".'],
    [image('pixel_o'), {}, 'model.inputs.image.columns names "pixel_o", but table.csv has no such column. Did you mean "pixel_0", "pixel_1"?'],
    [image(['pixel_0', 'pixel_*']), {}, 'model.inputs.image.columns lists "pixel_0" twice. Remove one.'],
    [image(['pixel_0', 'pixel_1'], [1, 2, 2]), {}, 'model.inputs.image.shape [1, 2, 2] holds 4 values per row, but its columns give 2. Correct the shape (without the batch axis) or the columns.'],
    [image(['pixel_0', 'pixel_1'], [1, 1, 2]), {}, 'model.inputs.image.shape [1, 1, 2] does not fit the model\'s input, which is [N, 1, 8, 8] with the batch first. Correct the shape.'],
    [image(['pixel_0', 'pixel_1']), {}, 'The model\'s input "image" takes 64 columns, but the data gives 2: "pixel_0", "pixel_1". List exactly the 64 columns that the model was trained on under data.features, in the order of training.'],
    [image('pixel_0', undefined, 0), {}, 'model.inputs.image.scale must be a finite number other than 0, got 0.'],
    [{ ...image('pixel_0'), mapping: { imag: { columns: 'pixel_0' } } }, {}, 'model.inputs names "imag", but the model has no such input. Did you mean "image"?'],
    [{ mapping: { a: { columns: 'pixel_0' } }, inputs: [input('a', ['N', 1]), input('b', ['N', 1])] }, {}, 'model.inputs says nothing about the model\'s input "b". Name the columns that fill it.'],
    [{ mapping: { a: { columns: 'pixel_0' } }, inputs: [input('a', ['N', 1])] }, { features: ['pixel_1'] }, 'model.inputs uses "pixel_0", which data.features does not list. Add it there, or leave data.features out.'],
    [{ mapping: { a: { columns: 'pixel_0' } }, inputs: [input('a', ['N', 1])] }, { features: ['pixel_0', 'pixel_1'] }, 'data.features lists "pixel_1", which no entry of model.inputs uses. Remove it, or leave data.features out.'],
    [{ mapping: undefined, inputs: [input('a', [null, null, null])] }, { features: ['pixel_0'] }, 'The shape of the model\'s input "a", [?, ?, ?], cannot be told from 1 features. State model.inputs.a.shape.'],
    [{ mapping: undefined, inputs: [input('a', ['N', 1]), input('mask', ['N', 4])] }, {}, 'The model has 2 inputs ("a", "mask"), and "a", "mask" are no column of table.csv. State model.inputs: which columns fill which input.'],
    [{ mapping: undefined, inputs: [input('a', [1, 'N'], 'float32', 1)] }, {}, 'The model\'s input "a" has no rows along its first axis (dims [1, N]), so it cannot be filled row by row. Export the model with the batch as first axis.'],
    [{ mapping: undefined, inputs: [input('a', ['N', 1], 'complex64')] }, {}, 'The model\'s input "a" holds complex64, which cannot be filled from a table. Export the model with float, integer, bool or string inputs.'],
    [{ mapping: undefined, inputs: [] }, {}, 'The model has no input, so no data can be given to it. Check model.path.'],
  ])('%j %j is refused', async (model, config, message) => {
    const table = await csv('pixel_0,pixel_1,pixel_label\n1,2,0\n3,4,1\n')
    expect(await refusal(() => view(table, config, model))).toBe(message)
  })
})

describe('one input per column, by name', () => {
  const inputs = [input('city', [null, 1], 'string'), input('age', [null, 1], 'int64'), input('income', [null, 1])]
  it('whatever else the file holds, sensitive columns included', async () => {
    const table = await csv('income,age,note,city,y\n1.5,30,a,Rome,0\n,40,b,Oslo,1\n2.5,50,c,Rome,1\n')
    const { view: found, inputs: plans } = view(table, { label: 'y', sensitive: ['city'] }, { mapping: undefined, inputs })
    expect(found.features).toEqual([{ name: 'city', source: 'city', kind: 'category', categories: ['Rome', 'Oslo'] }, { name: 'age', source: 'age', kind: 'integer' }, { name: 'income', source: 'income', kind: 'binary' }])
    expect(plans.map(({ dtype, columns, shape }) => [dtype, columns, shape])).toEqual([['string', [0], [1]], ['int64', [1], [1]], ['float32', [2], [1]]])
    expect([...found.complete]).toEqual([1, 0, 1])
    expect(found.findings.find(({ id }) => id === 'sensitive-input')!.message).toBe('The model receives the sensitive column "city" as an input.')
  })
  it('is refused when a name is missing, is the label, or a stated feature has no input', async () => {
    const table = await csv('income,age,City,y\n1.5,30,Rome,0\n2.5,40,Oslo,1\n')
    expect(await refusal(() => view(table, {}, { mapping: undefined, inputs }))).toBe('The model\'s input names "city", but table.csv has no such column. Did you mean "City"?')
    expect(await refusal(() => view(table, { label: 'age', positive: 30 }, { mapping: undefined, inputs: inputs.slice(1) }))).toContain('The list of the model\'s inputs includes "age", which is data.label.')
    expect(await refusal(() => view(table, { features: ['age', 'y'] }, { mapping: undefined, inputs: inputs.slice(1) }))).toBe('data.features lists "y", which is no input of the model. Its inputs are "age", "income".')
  })
})

describe('cells that are no feature value name line, column and value', () => {
  test.each<[string, Partial<DataConfig>, string]>([
    ['a,b\n1,yes\n2,no\n', {}, 'table.csv, line 2: column "b" holds "yes", which is not a number. State how to encode it: data.encode: { b: { "no": 0, "yes": 1 } } or one-hot.'],
    ['a,b\n1,2\n2,N/A\n', {}, 'table.csv, line 3: column "b" holds "N/A", which is not a number. Leave the cell empty for a missing value.'],
    ['a,b\n1,2\n2,NaN\n', {}, 'table.csv, line 3: column "b" holds "NaN", which is not a number. Leave the cell empty for a missing value.'],
    ['a,b\n1,2\n2,-inf\n', {}, 'table.csv, line 3: column "b" holds "-inf", which is not a number. Leave the cell empty for a missing value.'],
    ['a,b\n1,2\n2,1e999\n', {}, 'table.csv, line 3: column "b" holds "1e999", which is not a number. Leave the cell empty for a missing value.'],
    ['a,b\n1,2\n2,0x10\n', {}, 'table.csv, line 3: column "b" holds "0x10", which is not a number. Leave the cell empty for a missing value.'],
    ['a,b\n1,yes\n2,maybe\n', { encode: { b: YES_NO } }, 'table.csv, line 3: column "b" holds "maybe", which data.encode does not map: it has "yes", "no". Add the value, or leave the cell empty for a missing one.'],
    ['a,b\n1,2\n2,1e39\n', {}, 'table.csv, line 3: column "b" holds "1e39", which the model\'s input "x" of type float32 cannot hold. Correct the value, or the columns of that input.'],
    ['a,b\n1,2\n2,nan\n', { features: ['b'], encode: { b: 'one-hot' } }, 'table.csv, line 3: column "b" holds "nan", which is not a category. Leave the cell empty for a missing value.'],
    ['a,b\n1,\n,2\n', {}, 'table.csv: every one of the 2 rows lacks a feature ("a": 1, "b": 1), so the model cannot be run. Fill the cells, or leave these columns out.'],
  ])('%j', async (content, config, message) => {
    const table = await csv(content)
    expect(await refusal(() => view(table, config, oneInput(config.features?.length ?? 2)))).toBe(message)
  })
  test.each([['int64', '1.5'], ['int8', '200'], ['uint8', '-1'], ['bool', '2'], ['float16', '70000'], ['int64', '9007199254740993']] as const)('%s cannot hold %s', async (dtype, value) => {
    const table = await csv(`a,b\n1,0\n${value},0\n`)
    expect(await refusal(() => view(table, {}, { mapping: undefined, inputs: [input('x', ['N', 2], dtype)] }))).toBe(`table.csv, line 3: column "a" holds "${value}", which the model's input "x" of type ${dtype} cannot hold. Correct the value, or the columns of that input.`)
  })
  test.each(['oops', 'NaN', 'inf', '1e39'])('rows outside the selection do not matter: %s', async (value) => {
    const table = await csv(`a,b,y\n1,2,0\n3,4,1\n2,${value},${value}\n`)
    expect([...view(table, { rows: '0:2', label: 'y', positive: 1, sensitive: ['b'], features: ['a', 'b'] }, oneInput(2)).view.matrix]).toEqual([1, 2, 3, 4])
  })
})

describe('encoding', () => {
  it('one-hot: categories of the whole file, sorted, equal numbers once, missing in all', async () => {
    const table = await csv('c,n\nred,10\nblue,9\n,9.0\nred,10\n')
    const { view: found } = view(table, { rows: '0:3', encode: { c: 'one-hot', n: 'one-hot' } }, oneInput(4))
    expect(found.features).toEqual(['c=blue', 'c=red', 'n=9', 'n=10'].map((name) => ({ name, source: name[0], kind: 'one-hot' })))
    expect([...found.matrix]).toEqual([0, 1, 0, 1, 1, 0, 1, 0, NaN, NaN, 1, 0])
    expect(found.excluded).toEqual([{ reason: 'missing value in c', rows: 1 }])
  })
  it('maps text first, then equal numbers, then True for true', async () => {
    const table = await csv('a,b,c\n1.0,True,__proto__\n2,False,constructor\n')
    const { view: found } = view(table, { encode: { a: { 1: 10, 2: 20 }, b: { true: 1, false: 0 }, c: Object.fromEntries([['__proto__', 5], ['constructor', 6]]) } }, oneInput(3))
    expect([...found.matrix]).toEqual([10, 1, 5, 20, 0, 6])
    expect(found.features.map(({ kind }) => kind)).toEqual(['binary', 'binary', 'binary'])
  })
  it('of sensitive columns leaves their groups as the file has them', async () => {
    const table = await csv('g,x\nyes,1\nno,2\n')
    const { view: found } = view(table, { sensitive: ['g'], features: ['g', 'x'], encode: { g: YES_NO } }, oneInput(2))
    expect([found.sensitive[0]!.categories, [...found.matrix]]).toEqual([['no', 'yes'], [1, 1, 0, 2]])
  })
})
