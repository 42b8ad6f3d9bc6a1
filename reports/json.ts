/** @file report.json, the canonical form: same report, same bytes. */
import { ProbityError } from '../src/contracts/errors.js'
import type { Report } from '../src/contracts/report.js'

/** Document order of the top level, so that a reader meets the verdict first; below it keys are sorted. */
const TOP_LEVEL: readonly (keyof Report)[] = [
  'schemaVersion', 'probity', 'verdict', 'summary', 'model', 'data', 'config', 'configSha256', 'decisionRule', 'performance',
  'seed', 'engine', 'findings', 'metrics', 'results', 'notTested', 'run',
]

/** A copy with keys in code-unit order. Fields whose order carries meaning are arrays in the contract. */
function canonical(value: unknown, path: string): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ProbityError('report/not-finite', `Report: ${path || 'the document'} is ${value}. Undefined values are null with a reason; fix the metric that made it.`)
  }
  if (Array.isArray(value)) return value.map((item, index) => canonical(item, `${path}/${index}`))
  if (value === null || typeof value !== 'object') return value
  const keys = Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] !== undefined)
  const sorted: Record<string, unknown> = Object.create(null)
  for (const key of keys.sort()) sorted[key] = canonical((value as Record<string, unknown>)[key], `${path}/${key}`)
  return sorted
}

/**
 * Serializes a report: UTF-8 JSON, two-space indent, one newline at the end, doubles in their shortest exact form.
 *
 * @throws ProbityError `report/not-finite` when a number is NaN or infinite.
 */
export function renderJson(report: Report): string {
  const body = Object.fromEntries(TOP_LEVEL.map((key) => [key, canonical(report[key], `/${key}`)]))
  return `${JSON.stringify(body, null, 2)}\n`
}
