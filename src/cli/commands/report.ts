/** @file probity report report.json --format …: the same report in other formats, without model or data. */
import { dirname, resolve } from 'node:path'
import { print } from '../output.js'
import { readReport } from '../read-report.js'
import { checkFormats, writeReports } from '../write-reports.js'

export async function reportCommand(path: string, options: { out?: string; format: string[]; showSmall?: boolean }): Promise<number> {
  const formats = checkFormats(options.format)
  const report = readReport(resolve(path))
  const files = writeReports(report, { folder: resolve(options.out ?? dirname(path)), formats, showSmall: options.showSmall ?? false })
  for (const file of files) print(file)
  return 0
}
