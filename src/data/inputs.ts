/** @file Which columns fill which input of the model, in what shape. */
import type { DataConfig, InputMapping } from '../contracts/config.js'
import type { InputPlan } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import type { Dim, ModelInput } from '../contracts/model.js'
import { fittingArrays, planArray, requireArray } from './array-inputs.js'
import type { TableArray } from './arrays.js'
import { featureColumns, type FeatureColumn } from './feature-columns.js'
import { defaultFeatures, expandColumns, refuseAnswers, requireColumn } from './roles.js'
import type { Table } from './table.js'
import { list, quote, suggestion } from './wording.js'

export type ModelInputs = { readonly mapping: Readonly<Record<string, InputMapping>> | undefined; readonly inputs: readonly ModelInput[] }

type ColumnsAssignment = { readonly input: ModelInput; readonly sources: readonly string[]; readonly shape: readonly number[] | undefined; readonly scale: number }
type ArrayAssignment = { readonly input: ModelInput; readonly array: TableArray; readonly mapping: InputMapping }
type Assignment = ColumnsAssignment | ArrayAssignment

const UNSUPPORTED = /^(complex|float8|u?int[24]$|float4)/

/**
 * Features in matrix order, and the plan of every model input. Without a model there are features only where `data.features` names them.
 *
 * By `model.inputs` where the config has it; else by name where every input is called like an array, or holds one value per row and is called
 * like a column (scikit-learn exports); else the only array that fits the only input; else all features to the only input.
 *
 * @throws ProbityError when columns and inputs cannot be brought together, naming both counts and the columns.
 */
export function planInputs(table: Table, config: DataConfig, model: ModelInputs | null): { columns: FeatureColumn[]; arrays: TableArray[]; plans: InputPlan[] } {
  const stated = config.features && expandColumns(table, config.features, 'data.features')
  if (stated) refuseAnswers(config, stated, 'data.features')
  const assignments = model ? assign(table, config, model, stated) : []
  const columns: FeatureColumn[] = []
  const indices = new Map<string, readonly number[]>()
  const place = (source: string, input: ModelInput | null, scale: number): readonly number[] => {
    const reading = { text: input?.dtype === 'string', scaled: scale !== 1 }
    const key = JSON.stringify([source, reading.text])
    let placed = indices.get(key)
    if (!placed) {
      const made = featureColumns(table, source, encodingOf(config, source), reading)
      placed = made.map((column) => columns.push(column) - 1)
      indices.set(key, placed)
    }
    return placed
  }
  if (!model) for (const source of stated ?? []) place(source, null, 1)
  const arrays: TableArray[] = []
  const placeArray = (array: TableArray): number => {
    const known = arrays.indexOf(array)
    return known >= 0 ? known : arrays.push(array) - 1
  }
  const plans = assignments.map((assignment): InputPlan => {
    if ('array' in assignment) return planArray(assignment.array, placeArray(assignment.array), assignment.input, assignment.mapping)
    const { input, sources, shape, scale } = assignment
    const taken = sources.flatMap((source) => place(source, input, scale))
    return { input: input.name, columns: taken, shape: shapeFor(table, config, input, taken.map((index) => columns[index]!), shape, stated !== undefined), scale, dtype: input.dtype }
  })
  return { columns, arrays, plans }
}

function assign(table: Table, config: DataConfig, model: ModelInputs, stated: readonly string[] | undefined): Assignment[] {
  const { inputs } = model
  for (const input of inputs) {
    if (UNSUPPORTED.test(input.dtype)) throw new ProbityError('data/input-type', `The model's input ${quote(input.name)} holds ${input.dtype}, which cannot be filled from a table. Export the model with float, integer, bool or string inputs.`)
    if (input.dims !== null && input.batchAxis !== 0) throw new ProbityError('data/input-batch', `The model's input ${quote(input.name)} has no rows along its first axis (dims ${dimsText(input.dims)}), so it cannot be filled row by row. Export the model with the batch as first axis.`)
  }
  if (inputs.length === 0) throw new ProbityError('data/no-input', 'The model has no input, so no data can be given to it. Check model.path.')
  if (model.mapping) return byMapping(table, config, inputs, model.mapping, stated)
  const arrays = stated ? null : byArray(table, inputs)
  if (arrays) return arrays
  const named = byName(table, config, inputs, stated)
  if (named) return named
  if (inputs.length > 1) throw new ProbityError('data/input-mapping', `The model has ${inputs.length} inputs (${list(inputs.map(({ name }) => name))}), and ${noColumns(table, inputs)}. State model.inputs: which columns fill which input.`)
  return [{ input: inputs[0]!, sources: stated ?? defaultFeatures(table, config), shape: undefined, scale: 1 }]
}

function byMapping(table: Table, config: DataConfig, inputs: readonly ModelInput[], mapping: Readonly<Record<string, InputMapping>>, stated: readonly string[] | undefined): Assignment[] {
  const names = inputs.map(({ name }) => name)
  const foreign = Object.keys(mapping).find((name) => !names.includes(name))
  if (foreign !== undefined) throw new ProbityError('data/input-mapping', `model.inputs names ${quote(foreign)}, but the model has no such input. ${suggestion(foreign, names, 'inputs')}`)
  const assignments = inputs.map((input): Assignment => {
    const entry = Object.hasOwn(mapping, input.name) ? mapping[input.name] : undefined
    if (!entry) throw new ProbityError('data/input-mapping', `model.inputs says nothing about the model's input ${quote(input.name)}. Name the columns that fill it.`)
    if (entry.array !== undefined) {
      if (entry.columns !== undefined) throw new ProbityError('data/input-mapping', `model.inputs.${input.name} names columns and an array. Remove one.`)
      const array = requireArray(table, entry.array, `model.inputs.${input.name}.array`)
      return isColumns(array, entry) ? { input, sources: elementNames(array), shape: entry.shape, scale: entry.scale ?? 1 } : { input, array, mapping: entry }
    }
    if (entry.columns === undefined) throw new ProbityError('data/input-mapping', `model.inputs.${input.name} names neither columns nor an array. Name what fills it.`)
    const unread = (['mean', 'std', 'layout'] as const).find((name) => entry[name] !== undefined)
    if (unread) throw new ProbityError('data/input-mapping', `model.inputs.${input.name}.${unread} is for arrays, and this input is filled from columns. Use scale, or remove it.`)
    const field = `model.inputs.${input.name}.columns`
    const sources = expandColumns(table, entry.columns, field)
    refuseAnswers(config, sources, field)
    if (entry.scale !== undefined && (!Number.isFinite(entry.scale) || entry.scale === 0)) throw new ProbityError('data/input-scale', `model.inputs.${input.name}.scale must be a finite number other than 0, got ${entry.scale}.`)
    return { input, sources, shape: entry.shape, scale: entry.scale ?? 1 }
  })
  if (stated) {
    const used = new Set(assignments.flatMap((assignment) => ('sources' in assignment ? assignment.sources : [])))
    const unlisted = [...used].find((name) => !stated.includes(name))
    if (unlisted !== undefined) throw new ProbityError('data/input-mapping', `model.inputs uses ${quote(unlisted)}, which data.features does not list. Add it there, or leave data.features out.`)
    const unused = stated.find((name) => !used.has(name))
    if (unused !== undefined) throw new ProbityError('data/input-mapping', `data.features lists ${quote(unused)}, which no entry of model.inputs uses. Remove it, or leave data.features out.`)
  }
  return assignments
}

/** An array of two axes is a table: its elements are columns, which an attack and an explanation tell apart. */
const isColumns = (array: TableArray, { mean, std, layout }: InputMapping): boolean => array.shape.length === 1 && mean === undefined && std === undefined && layout === undefined
const elementNames = ({ name, shape }: TableArray): string[] => Array.from({ length: shape[0] }, (_, k) => `${name}[${k}]`)

/** Arrays by the names of the inputs, or the only array that fits the only input; null where the data say nothing of the kind. */
function byArray(table: Table, inputs: readonly ModelInput[]): Assignment[] | null {
  const assignment = (input: ModelInput, array: TableArray): Assignment =>
    (isColumns(array, {}) ? { input, sources: elementNames(array), shape: undefined, scale: 1 } : { input, array, mapping: {} })
  const named = inputs.map((input) => table.arrays.find(({ name }) => name === input.name))
  if (named.every((array) => array !== undefined)) return inputs.map((input, i) => assignment(input, named[i]!))
  const [input] = inputs
  if (inputs.length > 1 || !input) return null
  const tensors = table.arrays.filter(({ shape }) => shape.length > 1)
  const fitting = fittingArrays(table, input)
  if (fitting.length > 1) throw new ProbityError('data/input-mapping', `The arrays ${list(fitting.map(({ name }) => name))} all fit the model's input ${quote(input.name)}. State which: model.inputs.${input.name}.array.`)
  if (fitting[0]) return [assignment(input, fitting[0])]
  const rank = input.dims?.length ?? 0
  if (tensors.length === 1 && rank !== 2) return [assignment(input, tensors[0]!)]
  const tables = table.arrays.filter(({ shape }) => shape.length === 1)
  return tables.length === 1 ? [assignment(input, tables[0]!)] : null
}

/** One input per column, by name; null when the inputs are not of that kind. */
function byName(table: Table, config: DataConfig, inputs: readonly ModelInput[], stated: readonly string[] | undefined): Assignment[] | null {
  const single = inputs.every(({ dims }) => dims !== null && dims.slice(1).every((dim) => dim === 1))
  const present = inputs.filter(({ name }) => table.columnNames.includes(name))
  if (!single || present.length === 0) return null
  const names = inputs.map(({ name }) => name)
  for (const name of names) requireColumn(table, name, 'The model\'s input')
  refuseAnswers(config, names, 'The list of the model\'s inputs')
  const unused = stated?.find((name) => !names.includes(name))
  if (unused !== undefined) throw new ProbityError('data/input-mapping', `data.features lists ${quote(unused)}, which is no input of the model. Its inputs are ${list(names)}.`)
  return inputs.map((input) => ({ input, sources: [input.name], shape: undefined, scale: 1 }))
}

function shapeFor(table: Table, config: DataConfig, input: ModelInput, columns: readonly FeatureColumn[], given: readonly number[] | undefined, stated: boolean): readonly number[] {
  const tail = input.dims?.slice(1) ?? null
  if (given) {
    const wanted = product(given)
    if (wanted !== columns.length) throw new ProbityError('data/input-shape', `model.inputs.${input.name}.shape [${given.join(', ')}] holds ${wanted} values per row, but its columns give ${columns.length}. Correct the shape (without the batch axis) or the columns.`)
    const fits = !tail || (tail.length === given.length && tail.every((dim, axis) => typeof dim !== 'number' || dim === given[axis]))
    if (!fits) throw new ProbityError('data/input-shape', `model.inputs.${input.name}.shape [${given.join(', ')}] does not fit the model's input, which is ${dimsText(input.dims!)} with the batch first. Correct the shape.`)
    return given
  }
  const shape = tail ? fill(tail, columns.length) : [columns.length]
  if (shape) return shape
  throw widthError(table, config, input, columns, stated)
}

/** The only shape of `count` values that fits the known sizes, or null. */
function fill(tail: readonly Dim[], size: number): number[] | null {
  const known = tail.filter((dim): dim is number => typeof dim === 'number')
  const rest = size / product(known)
  const open = tail.length - known.length
  if (!Number.isInteger(rest) || (open === 0 && rest !== 1) || open > 1) return null
  return tail.map((dim) => (typeof dim === 'number' ? dim : rest))
}

function widthError(table: Table, config: DataConfig, input: ModelInput, columns: readonly FeatureColumn[], stated: boolean): ProbityError {
  const names = columns.map(({ feature }) => feature.name)
  const tail = input.dims!.slice(1)
  const width = tail.every((dim) => typeof dim === 'number') ? product(tail as readonly number[]) : null
  if (width === null) return new ProbityError('data/feature-count', `The shape of the model's input ${quote(input.name)}, ${dimsText(input.dims!)}, cannot be told from ${names.length} features. State model.inputs.${input.name}.shape.`)
  const withSensitive = [...names, ...(config.sensitive ?? []).filter((name) => !columns.some(({ feature }) => feature.source === name))
    .flatMap((name) => featureColumns(table, name, encodingOf(config, name), { text: false, scaled: false }).map(({ feature }) => feature.name))]
  const fix = !stated && withSensitive.length === width && withSensitive.length > names.length
    ? `With the sensitive columns (${list(config.sensitive!)}) there are ${width}: list all ${width} under data.features in the order of training if the model was trained on them.`
    : !stated && config.label === undefined && names.length > width
      ? 'data.label is not stated, so the label counts as a feature too: state it, or list the features under data.features in the order of training.'
      : `List exactly the ${width === 1 ? 'column' : `${width} columns`} that the model was trained on under data.features, in the order of training.${!stated && withSensitive.length > width && names.length < width ? ` Sensitive columns (${list(config.sensitive!)}) count as features only where they are listed there.` : ''}`
  return new ProbityError('data/feature-count', `The model's input ${quote(input.name)} takes ${width} ${width === 1 ? 'column' : 'columns'}, but the data gives ${names.length}: ${list(names)}. ${fix}`)
}

function noColumns(table: Table, inputs: readonly ModelInput[]): string {
  const missing = inputs.filter(({ name }) => !table.columnNames.includes(name)).map(({ name }) => name)
  return missing.length === 0 ? 'not all of them hold one value per row' : `${list(missing, 5)} ${missing.length === 1 ? 'is' : 'are'} no column of ${table.path}`
}

const encodingOf = (config: DataConfig, source: string) => (config.encode && Object.hasOwn(config.encode, source) ? config.encode[source] : undefined)
const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1)
const dimsText = (dims: readonly Dim[]): string => `[${dims.map((dim) => dim ?? '?').join(', ')}]`
