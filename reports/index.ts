/** @file The formats that a report can be written in. Every one is a pure function of report.json. */
import type { Report } from '../src/contracts/report.js'
import { renderHtml } from './html.js'
import { renderJson } from './json.js'

export type Format = 'json' | 'html'

export type ReportOptions = {
  /** Show counts of people under 10, which are suppressed otherwise. report.json is always complete. */
  readonly showSmall: boolean
}

export type Reporter = {
  readonly fileName: string
  readonly render: (report: Report, options: ReportOptions) => string
}

/** A report in memory and the same one read from its file differ in the order of keys: every format is made from the file's. */
const fromJson = (render: Reporter['render']): Reporter['render'] => (report, options) => render(JSON.parse(renderJson(report)) as Report, options)

export const reporters: Readonly<Record<Format, Reporter>> = {
  json: { fileName: 'report.json', render: (report) => renderJson(report) },
  html: { fileName: 'report.html', render: fromJson(renderHtml) },
}
