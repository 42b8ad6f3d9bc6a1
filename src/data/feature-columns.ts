/** @file Source columns as features: numbers as they are, encoded text, one-hot, or text for string inputs. */
import type { Encoding } from '../contracts/config.js'
import type { Feature, FeatureKind } from '../contracts/dataset.js'
import { groupDistinct, matchCategory } from './categories.js'
import { parseFinite } from './numbers.js'
import type { Column, Table } from './table.js'
import { list, quote } from './wording.js'

/** One column of the matrix before rows are chosen. */
export type FeatureColumn = {
  readonly feature: Feature
  readonly column: Column
  /** [distinct] the value of each source string; NaN where it has none. */
  readonly values: Float64Array
  /** Why a source string has no value, and what to do; follows `column "x" holds "y",`. */
  readonly unusable: (text: string) => string
}

/** How the model reads a column: as text, or as numbers that a scale turns into intensities. */
export type Reading = { readonly text: boolean; readonly scaled: boolean }

/** The features made from one source column: one, or one per category for one-hot (sorted). */
export function featureColumns(table: Table, source: string, encoding: Encoding | undefined, reading: Reading): FeatureColumn[] {
  const column = table.coded(source)
  if (encoding === 'one-hot') return oneHot(column)
  if (encoding !== undefined) return [mapped(column, encoding)]
  return [reading.text ? category(column) : numeric(column, reading.scaled)]
}

function numeric(column: Column, scaled: boolean): FeatureColumn {
  const values = Float64Array.from(column.distinct, (text) => parseFinite(text) ?? NaN)
  return {
    feature: { name: column.name, source: column.name, kind: scaled ? 'continuous' : kindOf(values) },
    column, values,
    unusable: (text) => (looksMissing(text) || values.some((value) => !Number.isNaN(value))
      ? 'which is not a number. Leave the cell empty for a missing value.'
      : `which is not a number. State how to encode it: data.encode: { ${column.name}: ${example(column.distinct)} } or one-hot.`),
  }
}

function mapped(column: Column, encoding: Readonly<Record<string, number>>): FeatureColumn {
  const keys = Object.keys(encoding)
  const values = Float64Array.from(column.distinct, (text) => {
    const found = matchCategory(keys, text)
    return found < 0 ? NaN : encoding[keys[found]!]!
  })
  return {
    feature: { name: column.name, source: column.name, kind: kindOf(values) },
    column, values,
    unusable: () => `which data.encode does not map: it has ${list(keys)}. Add the value, or leave the cell empty for a missing one.`,
  }
}

function oneHot(column: Column): FeatureColumn[] {
  const { categories, categoryOf } = groupDistinct(column)
  const usable = categories.map((name) => !column.numbers || parseFinite(name) !== null)
  return categories.flatMap((name, index) => (!usable[index] ? [] : [{
    feature: { name: `${column.name}=${name}`, source: column.name, kind: 'one-hot' as const },
    column,
    values: Float64Array.from(categoryOf, (category) => (!usable[category] ? NaN : category === index ? 1 : 0)),
    unusable: () => 'which is not a category. Leave the cell empty for a missing value.',
  }]))
}

function category(column: Column): FeatureColumn {
  return {
    feature: { name: column.name, source: column.name, kind: 'category', categories: column.distinct },
    column,
    values: Float64Array.from(column.distinct, (_, code) => code),
    unusable: () => 'which has no category.',
  }
}

/** Decided over the whole file, so that the rows of an audit do not change what an attack may touch. */
function kindOf(values: Float64Array): FeatureKind {
  const known = new Set(values.filter((value) => !Number.isNaN(value)))
  if ([...known].every((value) => value === 0 || value === 1) || known.size === 2) return 'binary'
  for (const value of known) if (!Number.isInteger(value)) return 'continuous'
  return 'integer'
}

const looksMissing = (text: string): boolean => /^\s*([+-]?(nan|inf|infinity)|n\/?a|null|none|nil|missing|unknown|\?|-|\.)?\s*$/i.test(text)

const example = (distinct: readonly string[]): string =>
  distinct.length <= 4 ? `{ ${[...distinct].sort().map((text, index) => `${quote(text)}: ${index}`).join(', ')} }` : `{ ${quote(distinct[0]!)}: 0, … }`
