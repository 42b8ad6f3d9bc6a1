/** @file A data set view as a part: what grows with rows or with categories as tensors, the rest as JSON. The path stays out, so that names in the store do not depend on it. */
import { Ajv } from 'ajv'
import type { CategoricalColumn, DatasetView, InputPlan, NumericColumn, SensitiveColumn } from '../contracts/dataset.js'
import type { Tensor } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import type { Json, Part } from './kind.js'

type Plain = Omit<DatasetView, 'path' | 'label' | 'prediction' | 'score' | 'sensitive' | 'matrix' | 'complete'>
type PlainSensitive = Omit<SensitiveColumn, 'categories' | 'codes' | 'parts'>
type ViewJson = Plain & {
  readonly names: { readonly label: string | null; readonly prediction: string | null; readonly score: string | null }
  readonly sensitive: readonly PlainSensitive[]
  readonly inputs: readonly InputPlan[]
}
/** A view, and how it fills the model's inputs. */
export type EncodableView = { readonly view: DatasetView; readonly inputs: readonly InputPlan[] }

const text = { type: 'string' }
const nullableText = { type: ['string', 'null'] }
const texts = { type: 'array', items: text }
const count = { type: 'integer', minimum: 0 }
const isViewJson = new Ajv({ allowUnionTypes: true }).compile<ViewJson>({
  type: 'object',
  required: ['rowsInFile', 'rows', 'columnNames', 'labelMeaning', 'positive', 'favorable', 'features', 'excluded', 'findings', 'names', 'sensitive', 'inputs'],
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
        properties: { input: text, columns: { type: 'array', items: count }, shape: { type: 'array', items: count }, scale: { type: 'number' } },
      },
    },
    sensitive: { type: 'array', items: { type: 'object', required: ['name', 'columns', 'judged'], properties: { name: text, columns: { ...texts, minItems: 1 } } } },
  },
})

export function encodeView({ view, inputs }: EncodableView): Part {
  const { label, prediction, score, sensitive, matrix, complete } = view
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
  const json: ViewJson = {
    ...without(view, 'path', 'label', 'prediction', 'score', 'sensitive', 'matrix', 'complete'),
    inputs,
    names: { label: label?.name ?? null, prediction: prediction?.name ?? null, score: score?.name ?? null },
    sensitive: sensitive.map((column) => without(column, 'categories', 'codes', 'parts')),
  }
  return { json: json as unknown as Json, tensors }
}

/** @throws ProbityError `artifacts/part` when sizes, codes or shapes do not fit together. */
export function decodeView(part: Part, path: string): EncodableView {
  if (!isViewJson(part.json)) throw malformed('its description has another shape')
  const { names, sensitive, inputs, ...plain } = part.json as unknown as ViewJson
  const { rows, features } = plain
  if (inputs.some(({ columns }) => columns.some((column) => column >= features.length))) throw malformed('an input reads a feature that does not exist')
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
    complete: tensorData(part, 'complete', 'uint8', [rows]) as Uint8Array,
  }
  return { view, inputs }
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
