/** @file Reads a report.json that comes from anywhere. */
import { readFileSync, statSync } from 'node:fs'
import type { Report } from '../contracts/report.js'
import { parseBoundedJson } from '../contracts/bounded-json.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import { validateReport } from '../contracts/validate-report.js'

/** Ten times the largest that audits write. Parsed, hostile JSON takes up to twenty times its size, in the process that owns the command. */
const MAX_BYTES = 32 * 2 ** 20

/** @throws ProbityError for what is missing, too large, no JSON, or no report */
export function readReport(file: string): Report {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new ProbityError('report/missing', `No report at ${file}. "probity audit" writes one to probity-report/report.json.`)
  if (stats.size > MAX_BYTES) throw new ProbityError('report/too-large', `${file} has ${stats.size} bytes; a report of this tool stays under ${MAX_BYTES}.`)
  const text = readFileSync(file, 'utf8')
  let value: unknown
  try {
    value = parseBoundedJson(text)
  } catch (cause) {
    throw new ProbityError('report/syntax', `${file} is not JSON: ${messageOf(cause)}. Give the report.json that "probity audit" wrote.`, { cause })
  }
  validateReport(value)
  return value
}
