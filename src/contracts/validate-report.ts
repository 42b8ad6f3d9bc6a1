/** @file Checks a report against its schema before it is written, and after it is read. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { ProbityError } from './errors.js'
import { reportSchema } from './report-schema.js'
import type { Report } from './report.js'

let compiled: ValidateFunction<Report> | null = null

function compile(): ValidateFunction<Report> {
  const ajv = new Ajv2020({ discriminator: true })
  addFormats.default(ajv)
  return ajv.compile<Report>(reportSchema)
}

/** The first thing that no schema can say: keys name one result each, and intervals are the right way round. */
function contradiction(report: Report): string | null {
  const keys = new Set<string>()
  for (const { key, interval, groups } of report.results) {
    if (keys.has(key)) return `two results have the key "${key}"`
    keys.add(key)
    for (const each of [interval, ...groups.map((group) => group.interval)]) {
      if (each && each.low > each.high) return `an interval of "${key}" has low ${each.low} above high ${each.high}`
    }
    for (const { denominator, n } of groups) if (denominator > n) return `a group of "${key}" has a denominator of ${denominator} among ${n} people`
  }
  return null
}

/**
 * Asserts that a value is a report of this schema version.
 *
 * @throws ProbityError `report/invalid` naming the first field that is wrong.
 */
export function validateReport(value: unknown): asserts value is Report {
  const validate = (compiled ??= compile())
  if (!validate(value)) {
    const [error] = validate.errors ?? []
    const extra = error?.params && 'additionalProperty' in error.params ? ` ("${String(error.params['additionalProperty'])}")` : ''
    throw new ProbityError('report/invalid', `Report: ${error?.instancePath || 'the document'} ${error?.message ?? 'is invalid'}${extra}. Make the report again with this version of Probity.`)
  }
  const wrong = contradiction(value)
  if (wrong) throw new ProbityError('report/invalid', `Report: ${wrong}. Make the report again with this version of Probity.`)
}
