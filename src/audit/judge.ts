/**
 * @file Turns measurements into results: three-valued judgement by two one-sided tests, with Holm's correction for failures.
 *
 * A failure accuses, so the chance of any false one in the whole audit is kept at LEVEL by correcting over the family. A pass is not
 * corrected: the audit passes only if every check does, and such an intersection keeps the level of its single tests (Berger 1982).
 */
import type { DatasetView } from '../contracts/dataset.js'
import type { IntervalAt, Measurement } from '../contracts/metric.js'
import type { Decision, Result, Status, Threshold } from '../contracts/report.js'
import { holm, invertTest } from '../statistics/p-values.js'
import type { Evaluated } from './evaluate.js'

export { verdictOf } from './verdict.js'

/** One-sided level of each test. */
const LEVEL = 0.025
const SHOWN_CONFIDENCE = 0.95

type Judgement = { readonly status: Status; readonly decision: Decision | null; readonly reason?: string }

/**
 * One result per check, in order. The family counts every check that was planned with evidence, whether or not a value came of it: it was
 * fixed before any value was seen.
 */
export function judge(planned: readonly Evaluated[], view: Pick<DatasetView, 'rows' | 'rowsInFile'>): Result[] {
  const evaluated = planned.map(withObstacle)
  const pValues = evaluated.map(failureP)
  const family = evaluated.flatMap(({ check }, i) => (check.threshold?.judge === 'evidence' && (check.sensitive?.judged ?? true) === true ? [i] : []))
  const corrected = holm(family.map((i) => pValues[i]))
  const pAdjusted = new Map(family.map((index, i) => [index, corrected[i]]))
  return evaluated.map((each, i) => {
    const measurement = 'measurement' in each ? each.measurement : null
    return { ...describe(each, measurement, view), ...decide(each, { p: pValues[i], pAdjusted: pAdjusted.get(i) ?? 1, familySize: family.length }) }
  })
}

/** p-value against "the threshold holds"; 1 where nothing was measured or no interval exists. */
function failureP(evaluated: Evaluated): number {
  const { threshold } = evaluated.check
  if (threshold?.judge !== 'evidence' || !('measurement' in evaluated)) return 1
  const tests = oneSidedTests(evaluated.measurement, threshold)
  // With two limits either may be broken: the chance of a false failure is at most the sum of both.
  return Math.min(1, tests.length * Math.min(1, ...tests.map(({ violated }) => violated)))
}

/** p-value against "the threshold is violated": every limit must be shown to hold. */
const passP = (measurement: Measurement, threshold: Threshold): number => Math.max(...oneSidedTests(measurement, threshold).map(({ held }) => held))

/** Per limit, the p-values that its violation and its holding give when the interval is inverted. */
function oneSidedTests(measurement: Measurement, { min, max }: Threshold): { violated: number; held: number }[] {
  const intervalAt = measurement.decisionIntervalAt ?? measurement.intervalAt ?? (() => null)
  const above = (limit: number) => invertTest((level) => (intervalAt(1 - 2 * level)?.low ?? -Infinity) > limit)
  const below = (limit: number) => invertTest((level) => (intervalAt(1 - 2 * level)?.high ?? Infinity) < limit)
  return [
    ...(max === undefined ? [] : [{ violated: above(max), held: below(max) }]),
    ...(min === undefined ? [] : [{ violated: below(min), held: above(min) }]),
  ]
}

function decide(evaluated: Evaluated, test: { p: number; pAdjusted: number; familySize: number }): Judgement {
  const { threshold, sensitive } = evaluated.check
  if ('error' in evaluated) return { status: 'error', decision: null, reason: evaluated.error }
  if ('notApplicable' in evaluated) return { status: 'not-applicable', decision: null, reason: evaluated.notApplicable }
  const { measurement } = evaluated
  if (sensitive && sensitive.judged !== true) return { status: 'informative', decision: null, reason: `${threshold ? 'the limit could not be applied: ' : ''}${sensitive.judged.reason}` }
  if (!threshold) return { status: 'informative', decision: null }
  if (threshold.judge === 'estimate') return compareEstimate(measurement, threshold)

  const { p, pAdjusted, familySize } = test
  const pPass = passP(measurement, threshold)
  const { status, explanation } = weigh(measurement, threshold, { p, pAdjusted, pPass, familySize })
  const settle = measurement.settle?.({ ...limitsOf(threshold), familySize }) ?? null
  const decision: Decision = { direction: directionOf(threshold), p, pAdjusted, familySize, pPass, explanation, settle }
  return status === 'insufficient' ? { status, decision, reason: explanation } : { status, decision }
}

function weigh(measurement: Measurement, threshold: Threshold, test: { p: number; pAdjusted: number; pPass: number; familySize: number }): { status: Status; explanation: string } {
  const { p, pAdjusted, pPass, familySize } = test
  const limit = directionOf(threshold)
  if (pAdjusted <= LEVEL) return { status: 'fail', explanation: `evidence that the limit (${limit}) does not hold${familySize > 1 ? `, after correcting for ${count(familySize, 'check')}` : ''}` }
  if (pPass <= LEVEL) {
    const obstacle = passObstacle(measurement)
    if (obstacle) return { status: 'insufficient', explanation: obstacle }
    const { heldAgainst } = measurement
    return { status: 'pass', explanation: heldAgainst === undefined ? `evidence that the limit (${limit}) holds` : `held against ${heldAgainst}; a stronger attack may succeed` }
  }
  if (p <= LEVEL) return { status: 'insufficient', explanation: `beyond the limit on its own; not after correcting for ${count(familySize, 'check')}` }
  const interval = measurement.intervalAt?.(SHOWN_CONFIDENCE)
  if (!interval) return { status: 'insufficient', explanation: 'there is no interval for this value, so nothing can be shown about the limit' }
  if (clears(interval, threshold)) return { status: 'insufficient', explanation: 'the interval clears the limit, but not by enough for counts this small: the wider limits that judging uses do not' }
  return { status: 'insufficient', explanation: `not shown to hold and not shown to be broken: the data are consistent with both sides of the limit (${limit})` }
}

/** The bare value decides; no claim about anything beyond these rows. */
function compareEstimate(measurement: Measurement, threshold: Threshold): Judgement {
  const { min = -Infinity, max = Infinity } = threshold
  const holds = measurement.value >= min && measurement.value <= max
  const obstacle = holds ? passObstacle(measurement) : null
  const explanation = `the bare value is compared with the limit: no error control${obstacle ? `; ${obstacle}` : ''}`
  const decision: Decision = { direction: directionOf(threshold), p: null, pAdjusted: null, familySize: 0, pPass: null, explanation, settle: null }
  if (obstacle) return { status: 'insufficient', decision, reason: obstacle }
  return { status: holds ? 'pass' : 'fail', decision }
}

function withObstacle(evaluated: Evaluated): Evaluated {
  const { cannotPass } = evaluated.check
  if (cannotPass === undefined || !('measurement' in evaluated)) return evaluated
  const { measurement } = evaluated
  return { ...evaluated, measurement: { ...measurement, cannotPass: [cannotPass, measurement.cannotPass].filter(Boolean).join('; ') } }
}

/** Why a result that would pass must not: people stand outside it. */
function passObstacle({ unjudgedGroups = [], cannotPass }: Measurement): string | null {
  const people = unjudgedGroups.reduce((sum, group) => sum + group.people, 0)
  const unjudged = unjudgedGroups.length > 0 ? `${count(unjudgedGroups.length, 'group')}, ${people.toLocaleString('en-US')} people, could not be judged` : null
  return [unjudged, cannotPass].filter(Boolean).join('; ') || null
}

function describe({ check }: Evaluated, measurement: Measurement | null, view: Pick<DatasetView, 'rows' | 'rowsInFile'>): Omit<Result, 'status' | 'decision' | 'reason'> {
  const { metric, sensitive } = check
  const unselected = view.rowsInFile - view.rows
  return {
    key: check.key,
    id: metric.id,
    ...(check.name !== null && { name: check.name }),
    ...(measurement?.title !== undefined && { title: measurement.title }),
    category: metric.id.slice(0, metric.id.indexOf('/')),
    sensitive: sensitive?.columns ?? [],
    parameters: check.options,
    value: measurement?.value ?? null,
    unit: metric.unit,
    interval: measurement?.intervalAt?.(SHOWN_CONFIDENCE) ?? null,
    n: measurement?.n ?? null,
    excluded: measurement ? [...(unselected > 0 ? [{ reason: 'not selected by data.rows', rows: unselected }] : []), ...(measurement.excluded ?? [])] : [],
    groups: measurement?.groups ?? [],
    threshold: check.threshold,
    notes: measurement?.notes ?? [],
    details: measurement?.details ?? [],
  }
}

function directionOf({ min, max }: Threshold): string {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`
  return max !== undefined ? `at most ${max}` : `at least ${min}`
}

const limitsOf = ({ min, max }: Threshold) => ({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) })
const clears = (interval: NonNullable<ReturnType<IntervalAt>>, { min = -Infinity, max = Infinity }: Threshold) =>
  (interval.low > min && interval.high < max) || interval.low > max || interval.high < min
const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
