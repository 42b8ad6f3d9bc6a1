/** @file Labels, stored predictions and scores, and the direction they are read in. */
import type { DataConfig } from '../contracts/config.js'
import type { CategoricalColumn, Finding, NumericColumn } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import { categorize, matchCategory, whereIs, type ConfigValue } from './categories.js'
import { parseFinite } from './numbers.js'
import type { Column, Table } from './table.js'
import { count, list, quote } from './wording.js'

const MOST_NUMERIC_CLASSES = 50

export type Answers = {
  readonly label: CategoricalColumn | null
  readonly prediction: CategoricalColumn | null
  readonly score: NumericColumn | null
  readonly positive: string | null
  readonly favorable: string | null
  readonly findings: readonly Finding[]
}

/**
 * Reads the label, stored predictions (in the label's vocabulary) and scores of the given rows.
 *
 * @throws ProbityError when the label has one class, a prediction is no label value, a score is no number, or the direction is unclear.
 */
export function readAnswers(table: Table, config: DataConfig, rows: readonly number[]): Answers {
  const findings: Finding[] = []
  const quantity = [config.label, config.label === undefined ? config.prediction : undefined].find((name) => name !== undefined && isQuantity(table.coded(name)))
  if (quantity !== undefined) findings.push(quantityFinding(table, config, quantity))
  const label = config.label === undefined || quantity !== undefined ? null : readLabel(table, config.label, rows)
  const prediction = config.prediction === undefined || quantity !== undefined ? null
    : label ? readPrediction(table, config.prediction, rows, label) : categorize(table, config.prediction, rows)
  const vocabulary = label ?? prediction
  return {
    label, prediction, findings,
    score: config.score === undefined ? null : readScore(table, config.score, rows),
    positive: positiveOf(vocabulary, config.positive),
    favorable: config.favorable === undefined ? null : valueOf(vocabulary, config.favorable, 'favorable'),
  }
}

/** Many different numbers that are not the class numbers 0 … k−1 or 1 … k measure something; they do not name classes. */
function isQuantity({ distinct, numbers }: Column): boolean {
  if (!numbers || distinct.length <= MOST_NUMERIC_CLASSES) return false
  const values = new Set(numbers)
  if (values.size <= MOST_NUMERIC_CLASSES) return false
  const start = values.has(0) ? 0 : 1
  // That many different whole numbers between start and start + size − 1 are all of them.
  return ![...values].every((value) => Number.isInteger(value) && value >= start && value < start + values.size)
}

function quantityFinding(table: Table, config: DataConfig, name: string): Finding {
  if (config.positive !== undefined || config.favorable !== undefined) {
    throw new ProbityError('data/numeric-label', `${quote(name)} has ${table.coded(name).distinct.length} different numbers, so it is a quantity without a positive or favorable class. Remove both fields, or make a column of classes from it.`)
  }
  return {
    id: 'numeric-label', severity: 'warning',
    message: `${quote(name)} has ${table.coded(name).distinct.length} different numbers, so it is a quantity and not a class: metrics for regression are not built, and nothing that needs a label was measured.`,
    details: { column: name, distinct: table.coded(name).distinct.length },
  }
}

function readLabel(table: Table, name: string, rows: readonly number[]): CategoricalColumn {
  const label = categorize(table, name, rows)
  if (label.categories.length >= 2) return label
  const found = label.categories.length === 0 ? 'no value at all' : `one class only, ${quote(label.categories[0]!)},`
  throw new ProbityError('data/one-class', `The label ${quote(name)} has ${found} in the ${count(rows.length, 'row')} that are audited. At least two classes are needed: check data.label and data.rows.`)
}

function readPrediction(table: Table, name: string, rows: readonly number[], label: CategoricalColumn): CategoricalColumn {
  const column = table.coded(name)
  const labelCode = new Map<number, number>()
  const codes = Int32Array.from(rows, (row) => {
    const code = column.codes[row]!
    if (code < 0) return -1
    let found = labelCode.get(code)
    if (found === undefined) {
      found = matchCategory(label.categories, column.distinct[code]!)
      if (found < 0) throw new ProbityError('data/unknown-prediction', `${table.path}, ${table.where(row)}: the prediction ${quote(column.distinct[code]!)} in ${quote(name)} is not a value of the label ${quote(label.name)} (${list(label.categories)}). Write both in the same words.`)
      labelCode.set(code, found)
    }
    return found
  })
  return { name, categories: label.categories, codes }
}

function readScore(table: Table, name: string, rows: readonly number[]): NumericColumn {
  const column = table.coded(name)
  const values = Float64Array.from(column.distinct, (text) => parseFinite(text) ?? NaN)
  return {
    name,
    values: Float64Array.from(rows, (row) => {
      const code = column.codes[row]!
      if (code < 0) return NaN
      const value = values[code]!
      if (Number.isNaN(value)) throw new ProbityError('data/score', `${table.path}, ${whereIs(table, column, code, rows)}: the score ${quote(column.distinct[code]!)} in ${quote(name)} is not a finite number. Leave the cell empty for a missing score.`)
      return value
    }),
  }
}

function positiveOf(vocabulary: CategoricalColumn | null, stated: ConfigValue | undefined): string | null {
  if (stated !== undefined) return valueOf(vocabulary, stated, 'positive')
  if (!vocabulary) return null
  const { categories, name } = vocabulary
  const numbers = categories.map(parseFinite)
  if (numbers.every((number) => number === 0 || number === 1)) return categories[numbers.indexOf(1)] ?? null
  if (categories.length !== 2) return null
  throw new ProbityError('data/positive', `data.positive is needed: ${quote(name)} has the values ${list(categories)}, and only 0 and 1 say which one is detected. Add data.positive with one of them.`)
}

function valueOf(vocabulary: CategoricalColumn | null, stated: ConfigValue, field: 'positive' | 'favorable'): string {
  if (!vocabulary) return String(stated)
  const found = matchCategory(vocabulary.categories, stated)
  if (found >= 0) return vocabulary.categories[found]!
  throw new ProbityError(`data/${field}`, `data.${field} is ${quote(String(stated))}, which is no value of ${quote(vocabulary.name)}. Its values are ${list(vocabulary.categories)}.`)
}
