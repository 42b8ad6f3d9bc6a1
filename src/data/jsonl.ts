/**
 * @file JSON lines: one object of scalars per line.
 *
 * Not through DuckDB, which turns 1e5 into 100000.0, reports the line after the faulty one, and lets the last of two equal keys win.
 */
import { ProbityError } from '../contracts/errors.js'
import { ColumnBuilder, makeTable, type Table } from './table.js'
import { readLines, refuseForeignText } from './text-file.js'
import { quote } from './wording.js'

/** One `"key": value` of a line that is known to be valid JSON; a nested value matches its first bracket only. */
const MEMBER = /[\s,{]*"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}]+)\s*/y

/**
 * Reads JSON lines. Numbers keep the text of the file; a key that a line lacks is a missing value; columns come in order of first appearance.
 *
 * @throws ProbityError for invalid JSON, nested values and keys given twice, naming the line.
 */
export function readJsonLines(path: string): Table {
  refuseForeignText(path)
  const builders = new Map<string, ColumnBuilder>()
  const lineOf: number[] = []
  for (const { text, line } of readLines(path)) {
    if (text.trim() === '') continue
    const rows = lineOf.push(line) - 1
    for (const [name, value] of members(path, text, line)) {
      let builder = builders.get(name)
      if (!builder) builders.set(name, (builder = new ColumnBuilder()))
      builder.padTo(rows)
      builder.add(value)
    }
  }
  if (builders.size === 0) throw new ProbityError('data/no-rows', `${path} holds no values. Give one JSON object per line.`)
  const columns = [...builders].map(([name, builder]) => {
    builder.padTo(lineOf.length)
    return builder.build(name)
  })
  return makeTable(path, columns, (row) => `line ${lineOf[row]}`)
}

function members(path: string, text: string, line: number): Map<string, string | null> {
  const fail = (kind: string, why: string): ProbityError => new ProbityError(`data/${kind}`, `${path}, line ${line}: ${why}`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw fail('malformed', 'this is not valid JSON. Write one complete object per line.')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw fail('malformed', 'a line must be a JSON object such as {"age": 31, "approved": "yes"}.')
  const found = new Map<string, string | null>()
  MEMBER.lastIndex = 0
  for (let match = MEMBER.exec(text); match; match = MEMBER.exec(text)) {
    const name = JSON.parse(`"${match[1]}"`) as string
    const value = match[2]!
    if (value.startsWith('[') || value.startsWith('{')) throw fail('nested-column', `the value of ${quote(name)} is nested. Only text, numbers, true, false and null can be audited.`)
    if (found.has(name)) throw fail('duplicate-column', `the key ${quote(name)} is given twice. Rename one.`)
    found.set(name, value === 'null' ? null : value.startsWith('"') ? (JSON.parse(value) as string) : value)
  }
  return found
}
