/** @file The report's own wording. What may be claimed is narrow: evidence for or against a limit, on these rows, and nothing beyond. */
import type { DeviceCheck, DeviceDifference } from '../src/contracts/model.js'
import type { Decision, Result, Status, Threshold, Verdict } from '../src/contracts/report.js'
import { formatLimit } from './numbers.js'

export type Badge = { readonly status: string; readonly symbol: string; readonly word: string }

const STATUS: Readonly<Record<Status, Badge>> = {
  pass: { status: 'pass', symbol: '✓', word: 'Passed' },
  fail: { status: 'fail', symbol: '✕', word: 'Failed' },
  insufficient: { status: 'insufficient', symbol: '?', word: 'Undecided' },
  informative: { status: 'informative', symbol: 'i', word: 'Informative' },
  'not-applicable': { status: 'not-applicable', symbol: '–', word: 'Not applicable' },
  error: { status: 'error', symbol: '!', word: 'Error' },
}

const VERDICT: Readonly<Record<Verdict, Badge>> = {
  pass: { status: 'pass', symbol: '✓', word: 'All limits held' },
  fail: { status: 'fail', symbol: '✕', word: 'Failed' },
  insufficient: { status: 'insufficient', symbol: '?', word: 'Not shown to hold' },
  incomplete: { status: 'error', symbol: '!', word: 'Incomplete' },
  'not-judged': { status: 'not-judged', symbol: '○', word: 'Nothing was judged' },
}

const VERDICT_MEANING: Readonly<Record<Verdict, string>> = {
  pass: 'Every check that has a limit passed, on these rows and under this decision rule. What was not tested is listed below.',
  fail: 'At least one check failed: the evidence, or the bare estimate where that is what was judged, is beyond its limit.',
  insufficient: 'No limit is shown to be exceeded, but at least one is not shown to hold: these rows cannot decide it.',
  incomplete: 'At least one check that has a limit could not be computed or judged, so the audit as a whole has no answer yet.',
  'not-judged': 'The configuration sets no limits. The values below are descriptions; none of them was held against anything.',
}

export const statusBadge = (status: Status): Badge => STATUS[status]
export const verdictBadge = (verdict: Verdict): Badge => VERDICT[verdict]
export const verdictMeaning = (verdict: Verdict): string => VERDICT_MEANING[verdict]

const CATEGORY: Readonly<Record<string, string>> = { fairness: 'Group fairness', transparency: 'Transparency', robustness: 'Robustness', privacy: 'Privacy', language: 'Language', data: 'Data' }
export const categoryTitle = (category: string): string => CATEGORY[category] ?? category.charAt(0).toUpperCase() + category.slice(1)

const MEANING: Readonly<Record<string, string>> = {
  outcome: 'what happened afterwards',
  'human-decision': 'past decisions by people, which may themselves carry a gap',
  proxy: 'a stand-in for what is meant',
}
export const labelMeaningWords = (meaning: string | null): string => (meaning === null ? 'not stated' : (MEANING[meaning] ?? meaning))

const DIRECTION: Readonly<Record<string, string>> = { 'higher-is-better': 'higher is better', 'lower-is-better': 'lower is better', none: 'describes; neither end is better' }
export const directionWords = (direction: string): string => DIRECTION[direction] ?? direction

const UNIT: Readonly<Record<string, string>> = { share: 'share of people', 'difference of shares': 'gap between shares' }
export const unitWords = (unit: string): string => UNIT[unit] ?? unit

export function limitWords(threshold: Threshold, unit: string): string {
  const { min, max } = threshold
  const parts = [min === undefined ? [] : [`at least ${formatLimit(min, unit)}`], max === undefined ? [] : [`at most ${formatLimit(max, unit)}`]].flat()
  return parts.join(' and ') || 'none'
}

export const judgeWords = (threshold: Threshold): string => (threshold.judge === 'evidence' ? 'the evidence (interval)' : 'the bare estimate; no error control')

/** Who set a limit, when and why. One "not stated" says it where all three are blank. */
export function originWords({ setBy, on, reason }: Threshold): string {
  if ([setBy, on, reason].every((each) => each.trim() === '')) return 'Who set it, when and why: not stated.'
  return `Set by: ${orNotStated(setBy)}; on: ${orNotStated(on)}; reason: ${orNotStated(reason)}.`
}

export const orNotStated = (text: string): string => (text.trim() === '' ? 'not stated' : text)

/** What the judgement rests on, in two or three words for a table. */
export function decisionWords({ status, threshold, category }: Pick<Result, 'status' | 'threshold' | 'category'>): string {
  if (!threshold) return 'not judged'
  if (status === 'insufficient') return 'not shown to hold'
  if (status === 'pass' && category === 'robustness') return 'held against this attack'
  if (status === 'pass') return threshold.judge === 'estimate' ? 'estimate is within the limit' : 'evidence for the limit'
  if (status === 'fail') return threshold.judge === 'estimate' ? 'estimate is beyond the limit' : 'evidence against the limit'
  return 'no value to judge'
}

const odds = (p: number): string => (p < 0.001 ? 'fewer than 1 in 1,000 samples' : `about 1 in ${Math.round(Number((1 / p).toPrecision(2))).toLocaleString('en-US')} samples`)
const figure = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p = ${Number(p.toPrecision(2))}`)

/** Above this a p-value carries no news for either side. */
const UNREMARKABLE = 0.5

/** The p-values behind a judgement, as sentences. Empty where the bare estimate is judged. */
export function pValueWords(status: Status, decision: Decision): readonly string[] {
  const { p, pAdjusted, familySize, pPass } = decision
  const adjusted = pAdjusted === null || familySize < 2 ? '' : `; ${figure(pAdjusted)} after correcting for ${familySize} checks`
  const against = p === null || p > UNREMARKABLE ? [] : [`If the limit held, a result this far beyond it or farther would come from ${odds(p)} (${figure(p)}${adjusted}).`]
  const towards = pPass === null || pPass > UNREMARKABLE ? [] : [`If the limit did not hold, a result this favorable to it or more would come from ${odds(pPass)} (${figure(pPass)}).`]
  if (status === 'fail') return against
  if (status === 'pass') return towards
  return status === 'insufficient' ? [...against, ...towards] : []
}

const INVISIBLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu // eslint-disable-line no-control-regex -- they are what is shown

/** Characters that have no shape or turn the direction of text are written out, so that a name cannot pose as another. */
export const visible = (text: string): string => text.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const SMALL_COUNT = /(?<![\d.,])[1-9](?=\s+(?:people|persons|rows|applicants|applications|patients|examples)\b)/g
const FIGURE = /(?<![\w.])\d[\d,]*(?:\.\d+)?(?:\s?%)|(?<![\w.])\d[\d,]*\.\d+/g

/** What of a sentence may be shown. */
export type TextGuard = {
  readonly showSmall: boolean
  /** Whether figures go: the groups that they may speak of are not shown exactly. */
  readonly figures: boolean
  /** Figures that come from the config and tell nothing. */
  readonly known: readonly number[]
}

/** Sentences that metrics wrote may speak of small counts, or give figures from which the withheld ones follow. */
export function guardText(text: string, { showSmall, figures, known }: TextGuard): string {
  if (showSmall) return text
  const counted = text.replace(SMALL_COUNT, '<10')
  return figures ? counted.replace(FIGURE, (figure) => (known.includes(Number(figure)) ? figure : '[withheld]')) : counted
}

/** With a full stop, and a capital unless it starts with a name from the config or an error code. */
export function sentence(text: string): string {
  if (text === '') return ''
  const start = /^[a-z]+[\s,:]/.test(text) ? text.charAt(0).toUpperCase() : text.charAt(0)
  return `${start}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

/** "predictions of 24 rows within 3.2e-7, gradients of 40 rows within 1.1e-6 (3 undecided) of the largest magnitude; at most 0.001 is accepted". */
export function deviceCheckInWords({ predictions, gradients, tolerance }: DeviceCheck): string {
  const compared = (what: string, difference: DeviceDifference | null) =>
    difference === null ? [] : [`${what} of ${difference.rows} rows within ${difference.largest.toPrecision(2)}${difference.unsettled > 0 ? ` (${difference.unsettled} undecided: rounding alone moves them)` : ''}`]
  return `${[...compared('predictions', predictions), ...compared('gradients', gradients)].join(', ')} of the largest magnitude; at most ${tolerance} is accepted`
}
