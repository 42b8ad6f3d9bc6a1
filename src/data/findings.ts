/** @file What a reader must know of the data before any number. */
import { createHash } from 'node:crypto'
import type { DataConfig } from '../contracts/config.js'
import type { ArrayColumn, CategoricalColumn, Feature, Finding } from '../contracts/dataset.js'
import { sizeOf } from '../tensor/dtypes.js'
import { forChunks } from './arrays.js'
import { leakageFindings } from './leakage.js'
import type { Table } from './table.js'
import { count, list, percent, quote } from './wording.js'

export type Audited = {
  readonly table: Table
  readonly config: DataConfig
  readonly rows: readonly number[]
  readonly label: CategoricalColumn | null
  readonly features: readonly Feature[]
  readonly matrix: Float64Array
  readonly arrays: readonly ArrayColumn[]
  readonly complete: Uint8Array
}

/** The findings of a view, the gravest kinds first. */
export function findingsOf(audited: Audited): Finding[] {
  const { table, config, rows, label, features, arrays } = audited
  const sources = [...new Set(features.map(({ source }) => source))]
  return [
    ...(config.sensitive ?? []).filter((name) => sources.includes(name)).map(sensitiveInput),
    ...(label ? leakageFindings(table, sources, label, rows) : []),
    ...(label ? [baseRates(label)] : []),
    ...missingValues(table, config, sources, rows),
    ...duplicateRows(table, arrays, rows),
    ...constantFeatures(audited),
    ...unusedControl(config),
  ]
}

const sensitiveInput = (column: string): Finding => ({
  id: 'sensitive-input', severity: 'warning',
  message: `The model receives the sensitive column ${quote(column)} as an input.`,
  details: { column },
})

function baseRates({ name, categories, codes }: CategoricalColumn): Finding {
  const rows = new Array<number>(categories.length).fill(0)
  for (const code of codes) if (code >= 0) rows[code]!++
  const labelled = rows.reduce((a, b) => a + b, 0)
  const shown = rows.slice(0, 10).map((n, code) => `${quote(categories[code]!)} ${percent(n / labelled)} (${count(n, 'row')})`).join(', ')
  const more = categories.length > 10 ? ` and ${categories.length - 10} more classes` : ''
  return {
    id: 'base-rates', severity: 'info',
    message: `The label ${quote(name)} is ${shown}${more}.`,
    details: { column: name, rows: labelled, classes: categories.map((value, code) => ({ value, rows: rows[code]!, share: rows[code]! / labelled })) },
  }
}

function missingValues(table: Table, config: DataConfig, sources: readonly string[], rows: readonly number[]): Finding[] {
  const used = new Set([config.label, config.prediction, config.score, ...(config.sensitive ?? []), ...(config.control ?? []), ...sources])
  return table.columnNames.filter((name) => used.has(name)).flatMap((name): Finding[] => {
    const { codes } = table.coded(name)
    const missing = rows.reduce((n, row) => n + (codes[row]! < 0 ? 1 : 0), 0)
    return missing === 0 ? [] : [{
      id: 'missing-values', severity: 'warning',
      message: `${quote(name)} is missing in ${missing} of ${count(rows.length, 'row')} (${percent(missing / rows.length)}).`,
      details: { column: name, missing, rows: rows.length },
    }]
  })
}

/** Rows that repeat an earlier one in every column, compared as the file spells them, and in every array of the model. */
function duplicateRows(table: Table, arrays: readonly ArrayColumn[], rows: readonly number[]): Finding[] {
  let group: number[] = rows.map(() => 0)
  let groups = 1
  for (const array of arrays) {
    const digests = new Map<string, number>()
    group = digestsOf(array, rows.length).map((digest, at) => {
      const key = `${group[at]!} ${digest}`
      const known = digests.get(key) ?? digests.size
      digests.set(key, known)
      return known
    })
    groups = digests.size
    if (groups === rows.length) return []
  }
  for (const name of table.columnNames) {
    // Groups are split column by column: the code of a row in its group is a number, so nothing is hashed and nothing collides.
    const { codes, distinct } = table.coded(name)
    const radix = distinct.length + 1
    const renumbered = new Map<number, number>()
    group = group.map((previous, at) => {
      const key = previous * radix + codes[rows[at]!]! + 1
      let next = renumbered.get(key)
      if (next === undefined) renumbered.set(key, (next = renumbered.size))
      return next
    })
    groups = renumbered.size
    if (groups === rows.length) return []
  }
  const repeated = rows.length - groups
  return [{
    id: 'duplicate-rows', severity: 'info',
    message: `${repeated} of ${count(rows.length, 'row')} ${repeated === 1 ? 'repeats' : 'repeat'} an earlier row in every column.`,
    details: { duplicates: repeated, rows: rows.length },
  }]
}

/** A row's bytes by their sha256: two rows of equal digests are taken for equal. */
function digestsOf(array: ArrayColumn, rows: number): string[] {
  const size = sizeOf(array.shape)
  const digests: string[] = []
  forChunks(array, rows, (values) => {
    for (let at = 0; at < values.length; at += size) digests.push(createHash('sha256').update(values.subarray(at, at + size)).digest('base64'))
  })
  return digests
}

function constantFeatures({ features, matrix, complete }: Audited): Finding[] {
  const width = features.length
  const first = complete.indexOf(1)
  const constant = features.filter((_, column) => {
    for (let row = first + 1; row < complete.length; row++) {
      if (complete[row] === 1 && matrix[row * width + column] !== matrix[first * width + column]) return false
    }
    return true
  }).map(({ name }) => name)
  return constant.length === 0 ? [] : [{
    id: 'constant-features', severity: 'info',
    message: `${count(constant.length, 'feature')} ${constant.length === 1 ? 'has' : 'have'} one value in every audited row, so nothing can be said about ${constant.length === 1 ? 'its' : 'their'} influence: ${list(constant, 10)}.`,
    details: { features: constant },
  }]
}

function unusedControl({ control }: DataConfig): Finding[] {
  return !control || control.length === 0 ? [] : [{
    id: 'control-not-used', severity: 'info',
    message: `The control columns ${list(control)} are kept out of the default features; no metric conditions on them yet.`,
    details: { columns: control },
  }]
}
