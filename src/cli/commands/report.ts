/** @file probity report report.json --format …: the same report in other formats, without model or data. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Report } from '../../contracts/report.js'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import { validateReport } from '../../contracts/validate-report.js'
import { print } from '../output.js'
import { checkFormats, writeReports } from '../write-reports.js'

const MAX_BYTES = 256 * 2 ** 20

export async function reportCommand(path: string, options: { out?: string; format: string[]; showSmall?: boolean }): Promise<number> {
  const formats = checkFormats(options.format)
  const report = readReport(resolve(path))
  const files = writeReports(report, { folder: resolve(options.out ?? dirname(path)), formats, showSmall: options.showSmall ?? false })
  for (const file of files) print(file)
  return 0
}

function readReport(file: string): Report {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new ProbityError('report/missing', `No report at ${file}. "probity audit" writes one to probity-report/report.json.`)
  if (stats.size > MAX_BYTES) throw new ProbityError('report/too-large', `${file} has ${stats.size} bytes; a report of this tool stays under ${MAX_BYTES}.`)
  const text = readFileSync(file, 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ProbityError('report/syntax', `${file} is not JSON: ${messageOf(cause)}. Give the report.json that "probity audit" wrote.`, { cause })
  }
  validateReport(value)
  return value
}
