/** @file The verdict of a whole report, and the exit code that a CI job acts on. */
import type { Report, Result, Verdict } from '../contracts/report.js'

/**
 * incomplete > fail > insufficient > pass; `not-judged` when no result carries a threshold, which is never a green pass.
 *
 * A threshold whose result is not applicable makes the report incomplete, and so does any metric that crashed, judged or not.
 * `onInsufficient: warn` does not change the verdict, which says what was shown; it changes the exit code.
 */
export function verdictOf(results: readonly Result[]): Verdict {
  const judged = results.filter(({ threshold }) => threshold !== null)
  const has = (status: Result['status']) => judged.some((result) => result.status === status)
  if (results.some(({ status }) => status === 'error') || has('not-applicable') || has('informative')) return 'incomplete'
  if (judged.length === 0) return 'not-judged'
  if (has('fail')) return 'fail'
  return has('insufficient') ? 'insufficient' : 'pass'
}

/** 0 for `pass` and `not-judged`; 1 for `fail`, and for `insufficient` unless every undecided check says `onInsufficient: warn`; 2 for `incomplete`. */
export function exitCode({ verdict, results }: Pick<Report, 'verdict' | 'results'>): 0 | 1 | 2 {
  if (verdict === 'incomplete') return 2
  if (verdict === 'fail') return 1
  if (verdict !== 'insufficient') return 0
  return results.some(({ status, threshold }) => status === 'insufficient' && threshold?.onInsufficient !== 'warn') ? 1 : 0
}
