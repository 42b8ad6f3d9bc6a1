/** @file What each column is for, and the conflicts that would corrupt an audit. */
import type { DataConfig } from '../contracts/config.js'
import { ProbityError } from '../contracts/errors.js'
import type { Table } from './table.js'
import { list, quote, suggestion } from './wording.js'

/** The columns that carry the answer: none of them may be a feature. */
const ANSWERS = ['label', 'prediction', 'score'] as const

/**
 * Checks every column that the config names.
 *
 * @throws ProbityError for columns that do not exist, columns in two roles that exclude each other, and roles that are not built.
 */
export function checkRoles(table: Table, config: DataConfig): void {
  for (const field of ['weight', 'cluster'] as const) {
    if (config[field] === undefined) continue
    throw new ProbityError(`data/${field}-not-built`, `data.${field} names ${quote(config[field])}, but ${field === 'weight' ? 'weighted' : 'clustered'} estimates are not built yet, and a ${field} column is never ignored. Remove data.${field} only if the rows stand for themselves.`)
  }
  for (const field of ANSWERS) if (config[field] !== undefined) requireColumn(table, config[field], `data.${field}`)
  for (const field of ['sensitive', 'control'] as const) {
    const names = config[field] ?? []
    for (const name of names) requireColumn(table, name, `data.${field}`)
    refuseTwice(names, `data.${field}`)
    refuseAnswers(config, names, `data.${field}`)
  }
  const [a, b] = ANSWERS.flatMap((first, index) => ANSWERS.slice(index + 1).map((second) => [first, second] as const))
    .find(([first, second]) => config[first] !== undefined && config[first] === config[second]) ?? []
  if (a && b) throw new ProbityError('data/column-conflict', `${quote(config[a]!)} is both data.${a} and data.${b}. Each needs its own column.`)
  for (const name of Object.keys(config.bins ?? {})) {
    requireColumn(table, name, 'data.bins')
    if (!config.sensitive?.includes(name)) throw new ProbityError('data/column-conflict', `data.bins has edges for ${quote(name)}, which data.sensitive does not list. List it there, or remove its bins.`)
  }
  for (const name of Object.keys(config.encode ?? {})) {
    requireColumn(table, name, 'data.encode')
    const answer = ANSWERS.find((field) => config[field] === name)
    if (answer) throw new ProbityError('data/column-conflict', `data.encode has a rule for ${quote(name)}, which is data.${answer}. Encodings are for features; write positive and favorable as the file has them.`)
  }
}

/** @throws ProbityError when the file has no such column, with names that are near. */
export function requireColumn(table: Table, name: string, field: string): void {
  if (table.columnNames.includes(name)) return
  throw new ProbityError('data/unknown-column', `${field} names ${quote(name)}, but ${table.path} has no such column. ${suggestion(name, table.columnNames)}`)
}

/** @throws ProbityError when the label, prediction or score is among `names`: the answer must not be an input. */
export function refuseAnswers(config: DataConfig, names: readonly string[], field: string): void {
  for (const answer of ANSWERS) {
    if (config[answer] !== undefined && names.includes(config[answer])) throw new ProbityError('data/column-conflict', `${field} includes ${quote(config[answer])}, which is data.${answer}. The answer cannot be ${field === 'data.sensitive' || field === 'data.control' ? 'a group' : 'a feature'}: remove it there.`)
  }
}

export function refuseTwice(names: readonly string[], field: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ProbityError('data/column-conflict', `${field} lists ${quote(twice)} twice. Remove one.`)
}

/** Every column without another role: features when the config names none. */
export function defaultFeatures(table: Table, config: DataConfig): string[] {
  const taken = new Set([config.label, config.prediction, config.score, ...(config.sensitive ?? []), ...(config.control ?? [])])
  return table.columnNames.filter((name) => !taken.has(name))
}

/**
 * Names and patterns (`*` stands for anything) as columns, patterns in file order. A column that is called like the pattern wins.
 *
 * @throws ProbityError for names that no column has and patterns that match nothing.
 */
export function expandColumns(table: Table, wanted: string | readonly string[], field: string): string[] {
  const names = (typeof wanted === 'string' ? [wanted] : wanted).flatMap((name) => {
    if (!name.includes('*') || table.columnNames.includes(name)) {
      requireColumn(table, name, field)
      return [name]
    }
    const pattern = new RegExp(`^${name.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')).join('.*')}$`, 's')
    const matched = table.columnNames.filter((column) => pattern.test(column))
    if (matched.length === 0) throw new ProbityError('data/unknown-column', `${field}: no column of ${table.path} matches ${quote(name)}. The columns are ${list(table.columnNames)}.`)
    return matched
  })
  refuseTwice(names, field)
  return names
}
