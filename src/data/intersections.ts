/** @file Intersections of sensitive columns: listed ones are judged, every other pair is informative. */
import type { SensitiveColumn } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import { identifierReason, MOST_GROUPS } from './categories.js'
import { list, quote } from './wording.js'

const UNLISTED = 'an intersection is judged only where data.intersections lists it'

/**
 * Joint columns: first the listed ones in their order, then all other pairs. Pairs with an identifier-like column are left out.
 *
 * @throws ProbityError for a listed intersection of fewer than two columns, or of a column that is not sensitive.
 */
export function intersect(single: readonly SensitiveColumn[], listed: readonly (readonly string[])[]): SensitiveColumn[] {
  const byName = new Map(single.map((column) => [column.name, column]))
  const known = new Set<string>()
  const joint: SensitiveColumn[] = []
  for (const names of listed) {
    const members = names.map((name) => byName.get(name) ?? refuse(name, [...byName.keys()]))
    if (new Set(names).size !== names.length || names.length < 2) throw new ProbityError('data/intersections', `data.intersections has [${list(names)}]: an intersection needs two or more different columns.`)
    if (known.has(keyOf(names))) throw new ProbityError('data/intersections', `data.intersections lists [${list(names)}] twice. Remove one.`)
    known.add(keyOf(names))
    const unjudged = members.find((member) => member.judged !== true)
    joint.push(join(members, unjudged && unjudged.judged !== true ? { reason: `${quote(unjudged.name)}: ${unjudged.judged.reason}` } : true))
  }
  for (const [index, first] of single.entries()) {
    for (const second of single.slice(index + 1)) {
      const usable = first.categories.length <= MOST_GROUPS && second.categories.length <= MOST_GROUPS
      if (usable && !known.has(keyOf([first.name, second.name]))) joint.push(join([first, second], { reason: UNLISTED }))
    }
  }
  return joint
}

function join(members: readonly SensitiveColumn[], judged: SensitiveColumn['judged']): SensitiveColumn {
  const rows = members[0]!.codes.length
  // Combinations as one mixed-radix number, so that sorting them sorts by the first column, then the second, …
  const combined = Array.from({ length: rows }, (_, row) => members.reduce((code, { codes, categories }) => (code < 0 || codes[row]! < 0 ? -1 : code * categories.length + codes[row]!), 0))
  const present = [...new Set(combined)].filter((code) => code >= 0).sort((a, b) => a - b)
  const indexOf = new Map(present.map((code, index) => [code, index]))
  const parts = present.map((code) => partsOf(code, members))
  return {
    name: members.map(({ name }) => name).join(' & '),
    columns: members.map(({ name }) => name),
    categories: parts.map((part) => part.join(' & ')),
    parts,
    codes: Int32Array.from(combined, (code) => indexOf.get(code) ?? -1),
    judged: judged === true && parts.length > MOST_GROUPS ? { reason: identifierReason(parts.length) } : judged,
  }
}

function partsOf(code: number, members: readonly SensitiveColumn[]): string[] {
  const parts: string[] = []
  for (const { categories } of [...members].reverse()) {
    parts.unshift(categories[code % categories.length]!)
    code = Math.floor(code / categories.length)
  }
  return parts
}

const keyOf = (names: readonly string[]): string => JSON.stringify([...names].sort())

function refuse(name: string, sensitive: readonly string[]): never {
  throw new ProbityError('data/intersections', `data.intersections names ${quote(name)}, which data.sensitive does not list. It lists ${list(sensitive)}.`)
}
