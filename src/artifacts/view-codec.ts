/** @file A data set view as a part: what grows with rows or with categories as tensors, the rest as JSON. Arrays stay in files beside it. The path stays out, so that names in the store do not depend on it. */
import { join } from 'node:path'
import { Ajv } from 'ajv'
import type { ArrayColumn, CategoricalColumn, DatasetView, InputPlan, NumericColumn, SensitiveColumn } from '../contracts/dataset.js'
import type { Tensor } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { fileArray, writeArray } from '../data/index.js'
import { sizeOf } from '../tensor/dtypes.js'
import type { Json, Part } from './kind.js'

type Plain = Omit<DatasetView, 'path' | 'label' | 'prediction' | 'score' | 'sensitive' | 'matrix' | 'arrays' | 'complete'>
type PlainArray = Pick<ArrayColumn, 'name' | 'dtype' | 'shape'>
type PlainSensitive = Omit<SensitiveColumn, 'categories' | 'codes' | 'parts'>
type ViewJson = Plain & {
  readonly names: { readonly label: string | null; readonly prediction: string | null; readonly score: string | null }
  readonly sensitive: readonly PlainSensitive[]
  readonly arrays: readonly PlainArray[]
  readonly inputs: readonly InputPlan[]
}
/** A view, and how it fills the model's inputs. */
export type EncodableView = { readonly view: DatasetView; readonly inputs: readonly InputPlan[] }

const text = { type: 'string' }
const nullableText = { type: ['string', 'null'] }
const texts = { type: 'array', items: text }
const count = { type: 'integer', minimum: 0 }
const counts = { type: 'array', items: count }
const numbers = { type: 'array', items: { type: 'number' }, minItems: 1 }
const STATISTICS = ['mean', 'sd', 'min', 'max'] as const
/** Raw numbers; texts and packed types never get here. */
const ARRAY_TYPES = ['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64']
const isViewJson = new Ajv({ allowUnionTypes: true }).compile<ViewJson>({
  type: 'object',
  required: ['rowsInFile', 'rows', 'columnNames', 'labelMeaning', 'positive', 'favorable', 'features', 'excluded', 'findings', 'names', 'sensitive', 'arrays', 'inputs'],
  properties: {
    rowsInFile: count,
    rows: count,
    columnNames: texts,
    labelMeaning: { enum: ['outcome', 'human-decision', 'proxy', null] },
    positive: nullableText,
    favorable: nullableText,
    features: { type: 'array', items: { type: 'object', required: ['name', 'source', 'kind'], properties: { name: text, source: text, kind: text } } },
    excluded: { type: 'array', items: { type: 'object', required: ['reason', 'rows'], properties: { reason: text, rows: count } } },
    findings: { type: 'array', items: { type: 'object', required: ['id', 'severity', 'message'], properties: { id: text, severity: { enum: ['info', 'warning'] }, message: text } } },
    names: { type: 'object', required: ['label', 'prediction', 'score'], properties: { label: nullableText, prediction: nullableText, score: nullableText } },
    inputs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['input', 'columns', 'shape', 'scale'],
        properties: {
          input: text, columns: counts, shape: counts, scale: { type: 'number' },
          array: {
            type: 'object',
            required: ['index', 'axes', 'channelAxis', 'mean', 'std'],
            properties: { index: count, axes: { anyOf: [counts, { type: 'null' }] }, channelAxis: { type: ['integer', 'null'], minimum: 0 }, mean: numbers, std: numbers },
          },
        },
      },
    },
    arrays: { type: 'array', items: { type: 'object', required: ['name', 'dtype', 'shape'], properties: { name: text, dtype: { enum: ARRAY_TYPES }, shape: { ...counts, minItems: 1 } } } },
    sensitive: { type: 'array', items: { type: 'object', required: ['name', 'columns', 'judged'], properties: { name: text, columns: { ...texts, minItems: 1 } } } },
  },
})

export function encodeView({ view, inputs }: EncodableView): Part {
  const { label, prediction, score, sensitive, matrix, arrays, complete } = view
  const tensors: Record<string, Tensor> = {
    matrix: { data: matrix, dims: [view.rows, view.features.length], dtype: 'float64' },
    complete: { data: complete, dims: [view.rows], dtype: 'uint8' },
  }
  const addCategories = (name: string, column: CategoricalColumn) => {
    tensors[`${name}.categories`] = { data: column.categories, dims: [column.categories.length], dtype: 'string' }
    tensors[`${name}.codes`] = { data: column.codes, dims: [view.rows], dtype: 'int32' }
  }
  if (label) addCategories('label', label)
  if (prediction) addCategories('prediction', prediction)
  if (score) tensors.score = { data: score.values, dims: [view.rows], dtype: 'float64' }
  for (const [i, column] of sensitive.entries()) {
    addCategories(`sensitive.${i}`, column)
    tensors[`sensitive.${i}.parts`] = { data: column.parts.flat(), dims: [column.categories.length, column.columns.length], dtype: 'string' }
  }
  for (const [i, { statistics }] of arrays.entries()) {
    for (const name of STATISTICS) tensors[`arrays.${i}.${name}`] = { data: statistics[name], dims: [statistics[name].length], dtype: 'float64' }
  }
  const json: ViewJson = {
    ...without(view, 'path', 'label', 'prediction', 'score', 'sensitive', 'matrix', 'arrays', 'complete'),
    arrays: arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    inputs,
    names: { label: label?.name ?? null, prediction: prediction?.name ?? null, score: score?.name ?? null },
    sensitive: sensitive.map((column) => without(column, 'categories', 'codes', 'parts')),
  }
  return { json: json as unknown as Json, tensors }
}

const arrayPath = (folder: string, index: number): string => join(folder, `${index}.array`)

/** Puts the arrays of a view into files of raw values, `0.array`, `1.array`, … */
export const writeArrays = ({ arrays, rows }: DatasetView, folder: string): void => arrays.forEach((array, i) => writeArray(array, rows, arrayPath(folder, i)))

/** The files of a view's arrays, in order. */
export const arrayFiles = ({ arrays }: DatasetView, folder: string): string[] => arrays.map((_, i) => arrayPath(folder, i))

/**
 * @param folder where `writeArrays` put the arrays
 * @throws ProbityError `artifacts/part` when sizes, codes or shapes do not fit together.
 */
export function decodeView(part: Part, path: string, folder: string): EncodableView {
  if (!isViewJson(part.json)) throw malformed('its description has another shape')
  const { names, sensitive, arrays, inputs, ...plain } = part.json as unknown as ViewJson
  const { rows, features } = plain
  if (inputs.some(({ columns }) => columns.some((column) => column >= features.length))) throw malformed('an input reads a feature that does not exist')
  if (inputs.some((plan) => plan.array && !fitsArray(plan, arrays[plan.array.index]))) throw malformed('an input reads an array that does not fit')
  const categorical = (key: string, name: string): CategoricalColumn => {
    const categories = tensorData(part, `${key}.categories`, 'string', null) as readonly string[]
    const codes = tensorData(part, `${key}.codes`, 'int32', [rows]) as Int32Array
    if (codes.some((code) => code < -1 || code >= categories.length)) throw malformed(`a code of ${key} has no category`)
    return { name, categories, codes }
  }
  const view: DatasetView = {
    ...plain,
    path,
    label: names.label === null ? null : categorical('label', names.label),
    prediction: names.prediction === null ? null : categorical('prediction', names.prediction),
    score: names.score === null ? null : ({ name: names.score, values: tensorData(part, 'score', 'float64', [rows]) as Float64Array } satisfies NumericColumn),
    sensitive: sensitive.map((column, i) => {
      const coded = categorical(`sensitive.${i}`, column.name)
      const width = column.columns.length
      const flat = tensorData(part, `sensitive.${i}.parts`, 'string', [coded.categories.length, width]) as readonly string[]
      return { ...column, ...coded, parts: coded.categories.map((_, category) => flat.slice(category * width, (category + 1) * width)) }
    }),
    matrix: tensorData(part, 'matrix', 'float64', [rows, features.length]) as Float64Array,
    arrays: arrays.map((array, i): ArrayColumn => {
      const of = (name: (typeof STATISTICS)[number]) => tensorData(part, `arrays.${i}.${name}`, 'float64', [sizeOf(array.shape)]) as Float64Array
      return { ...fileArray(arrayPath(folder, i), { ...array, rows }), statistics: { mean: of('mean'), sd: of('sd'), min: of('min'), max: of('max') } }
    }),
    complete: tensorData(part, 'complete', 'uint8', [rows]) as Uint8Array,
  }
  return { view, inputs }
}

function fitsArray({ shape, array: reading }: InputPlan, array: PlainArray | undefined): boolean {
  if (!array || !reading || sizeOf(array.shape) !== sizeOf(shape)) return false
  const { axes, channelAxis, mean, std } = reading
  const channels = channelAxis === null ? 1 : shape[channelAxis]
  return (axes === null || [...axes].sort((a, b) => a - b).join() === shape.map((_, axis) => axis).join()) && mean.length === channels && std.length === channels
}

function without<T extends object, K extends keyof T & string>(value: T, ...keys: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>
}

function tensorData(part: Part, name: string, dtype: Tensor['dtype'], dims: readonly number[] | null): Tensor['data'] {
  const tensor = part.tensors[name]
  if (tensor?.dtype !== dtype || (dims ? tensor.dims.join() !== dims.join() : tensor.dims.length !== 1)) throw malformed(`${name} is missing or has another size`)
  return tensor.data
}

const malformed = (why: string): ProbityError => new ProbityError('artifacts/part', `The decoded data set is damaged: ${why}.`)
