/** @file A report whose every foreign string tries to break out of the page. */
import type { Report } from '../../src/contracts/report.js'
import { goldenReport } from './make-report.js'

const LONG = 'income_after_all_deductions_'.repeat(11).slice(0, 300)
const SCRIPT = '</style><script>alert(1)</script><img src=x onerror=alert(2)>'
const QUOTES = '" onmouseover="alert(3)" x=\'`{{{this}}}`'
const TRICKS = '\u202Etxt.exe\u202C \u0000\u001b[31m 👩🏽‍⚖️ العربية'
const PLAIN: Readonly<Record<string, string>> = { black: LONG, region: `${SCRIPT} region`, single: TRICKS, yes: QUOTES, Harbour: SCRIPT, debt_to_income: LONG, 'Model risk committee': SCRIPT }

/** Free text: what reads names from files. Fields with a closed vocabulary keep theirs. */
const CLOSED = new Set(['type', 'status', 'verdict', 'role', 'judge', 'onInsufficient', 'severity', 'kind', 'dtype', 'sha256', 'configSha256', 'id', 'category', 'startedAt', 'schemaVersion', 'url', 'key', 'unit'])

function poison(value: unknown, field: string): unknown {
  if (typeof value === 'string') return CLOSED.has(field) ? value : (PLAIN[value] ?? (field === 'message' || field === 'summary' || field === 'reason' || field === 'command' ? `${value} ${SCRIPT}${QUOTES}${TRICKS}` : value))
  if (Array.isArray(value)) return value.map((item) => poison(item, field))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, poison(item, key)]))
}

/** Keys of results follow their columns, as the audit makes them. */
export function hostileReport(): Report {
  const report = poison(goldenReport(), '') as Report
  return { ...report, results: report.results.map((each) => ({ ...each, key: each.sensitive.length ? `${each.id}@${each.sensitive.join('&')}` : each.key })) }
}
