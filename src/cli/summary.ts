/** @file What the terminal shows at the end: the verdict, the worst findings, and where the report is. */
import pc from 'picocolors'
import type { Report, Result, Verdict } from '../contracts/report.js'
import { print, type Piece } from './output.js'

const HEADLINE: Readonly<Record<Verdict, Piece>> = {
  pass: [pc.green, 'PASS: every check that has a limit passed'],
  fail: [pc.red, 'FAIL: at least one check is beyond its limit'],
  insufficient: [pc.yellow, 'INSUFFICIENT: the data cannot decide every limit'],
  incomplete: [pc.red, 'INCOMPLETE: not everything that has a limit could be computed and judged'],
  'not-judged': [pc.cyan, 'NOT JUDGED: the configuration states no limits'],
}
/** What has a limit and no answer comes with the failures: it decides the verdict. */
const SEVERITY: readonly Result['status'][] = ['error', 'not-applicable', 'fail', 'insufficient', 'pass', 'informative']
const SHOWN = 8
const CHANGES_SHOWN = 3

export function printSummary(report: Report, files: readonly string[]): void {
  print([pc.bold, 'Verdict'], '  ', HEADLINE[report.verdict])
  print(`         ${report.summary}`)
  const warnings = report.findings.filter(({ severity }) => severity === 'warning')
  const changes = report.run.changedSincePreviousAudit?.changes ?? []
  if (warnings.length + changes.length > 0) print()
  for (const { message } of warnings) print('  ', [pc.yellow, '!'], ` ${message}`)
  for (const { setting, previous, now } of changes.slice(0, CHANGES_SHOWN)) print('  ', [pc.yellow, '!'], ` Changed since the previous audit of these data: ${setting}: ${previous} → ${now}.`)
  if (changes.length > CHANGES_SHOWN) print('    ', [pc.dim, `and ${changes.length - CHANGES_SHOWN} more changes in the report`])
  print()
  const ranked = [...report.results].sort((a, b) => SEVERITY.indexOf(a.status) - SEVERITY.indexOf(b.status))
  const worth = ranked.filter(({ status, value, threshold }) => (status === 'not-applicable' ? threshold !== null : value !== null || status === 'error'))
  const width = Math.max(0, ...worth.slice(0, SHOWN).map(({ key }) => key.length))
  for (const result of worth.slice(0, SHOWN)) print('  ', colour(result.status), `  ${result.key.padEnd(width)}  ${describe(result)}`)
  const rest = report.results.length - Math.min(SHOWN, worth.length)
  if (rest > 0) print('  ', [pc.dim, `and ${rest} more results in the report`])
  print()
  for (const file of files) print([pc.dim, 'Report'], `   ${file}`)
}

function describe({ value, interval, threshold, reason, status }: Result): string {
  if (status === 'error' || value === null) return reason ?? ''
  const limit = threshold ? `, limit ${[threshold.min !== undefined ? `≥ ${threshold.min}` : '', threshold.max !== undefined ? `≤ ${threshold.max}` : ''].filter(Boolean).join(' and ')}` : ''
  // The status alone says that the data are consistent with both sides of the limit.
  const why = status === 'insufficient' && reason && !reason.startsWith('not shown to hold') ? `; ${reason}` : ''
  return `${round(value)}${interval ? ` [${round(interval.low)}, ${round(interval.high)}]` : ''}${limit}${why}`
}

const round = (value: number) => String(Number(value.toPrecision(3)))

function colour(status: Result['status']): Piece {
  const text = status.padEnd(14)
  if (status === 'fail' || status === 'error') return [pc.red, text]
  if (status === 'insufficient') return [pc.yellow, text]
  return status === 'pass' ? [pc.green, text] : text
}
