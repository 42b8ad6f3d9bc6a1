/** @file Groups that the configuration leaves out of the judged comparison. */
import type { ProbityConfig } from '../contracts/config.js'
import type { SensitiveColumn } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import { indexOfLabel } from '../contracts/labels.js'
import { nearest } from '../contracts/near-names.js'

type Exclusion = NonNullable<ProbityConfig['data']['exclude']>[number]

/** Category numbers of the groups that `data.exclude` names, with the stated reason. */
export function excludedGroups(sensitive: SensitiveColumn, config: ProbityConfig): ReadonlyMap<number, string> {
  const excluded = new Map<number, string>()
  for (const exclusion of config.data.exclude ?? []) {
    for (const category of matches(sensitive, exclusion)) excluded.set(category, exclusion.reason)
  }
  return excluded
}

/** @throws ProbityError for an exclusion that no group answers to: it would be ignored in silence */
export function checkExclusions(columns: readonly SensitiveColumn[], config: ProbityConfig): void {
  for (const exclusion of config.data.exclude ?? []) {
    if (columns.some((column) => matches(column, exclusion).length > 0)) continue
    const name = Object.entries(exclusion.group).map(([column, value]) => `${column} = ${value}`).join(' and ')
    const known = columns.flatMap((column) => column.parts.map((part) => column.columns.map((own, j) => `${own} = ${part[j]}`).join(' and ')))
    throw new ProbityError('config/exclude', `data.exclude names the group ${name}, which no sensitive column has. ${nearest(name, known)}`)
  }
}

function matches({ columns, parts }: SensitiveColumn, { group }: Exclusion): number[] {
  const wanted = Object.entries(group)
  if (wanted.length !== columns.length || !wanted.every(([column]) => columns.includes(column))) return []
  return parts.flatMap((part, category) => (wanted.every(([column, value]) => indexOfLabel([part[columns.indexOf(column)]], String(value)) === 0) ? [category] : []))
}
