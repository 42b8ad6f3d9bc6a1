/** @file What a reader must be told beside a comparison of rates. */
import type { DatasetView } from '../contracts/dataset.js'
import type { Pair, Scale } from './extremes.js'
import type { RateTable } from './group-rates.js'
import { rateOf, type Proportion } from './proportions.js'
import { ratioOf, type RatePair } from './rate-pairs.js'

/** For metrics that read labels made by people. */
export const HUMAN_DECISION_NOTE = 'Compares the model with past decisions, which may themselves be unfair.'

export type Comparison = {
  readonly scale: Scale
  readonly worst: RatePair
  readonly pairs: readonly RatePair[]
  readonly tables: readonly RateTable[]
  readonly reference: string | undefined
  readonly data: DatasetView
  readonly direction: string | null
}

export function comparisonNotes({ scale, worst, pairs, tables, reference, data, direction }: Comparison): string[] {
  const outside = tables.flatMap(({ groups }) => groups).filter(({ role }) => role === 'too-small' || role === 'excluded')
  const names = [...new Map(outside.map(({ name, reason }) => [`${name} (${reason})`, true])).keys()]
  return [
    ...(direction === null ? [] : [directionNote(data, direction)]),
    whoIsWorseOff(scale, worst, data),
    scale === 'difference' ? 'Largest observed gap; biased upward with many or small groups.' : 'Smallest observed ratio; biased downward with many or small groups.',
    ...(scale === 'ratio' ? [adverseNote(adverseRatio(pairs))] : []),
    ...(reference === undefined ? [] : [`Compared with ${reference === 'best' ? 'the group with the highest rate' : reference === 'rest' ? 'all other groups together' : `the reference group ${reference}`}.`]),
    ...(names.length > 0 ? [`Outside the comparison: ${names.join(', ')}.`] : []),
    ...labelNote(tables, data),
  ]
}

export const directionNote = ({ label, favorable }: DatasetView, direction: string): string =>
  `selected = ${label?.name ?? 'predicted class'}: ${direction}${favorable === null ? ' (data.favorable is not stated; the positive class is counted)' : ''}`

export const labelNote = (tables: readonly Pick<RateTable, 'rate'>[], { labelMeaning }: DatasetView): string[] =>
  labelMeaning === 'human-decision' && tables.some(({ rate }) => rate.needsLabel) ? [HUMAN_DECISION_NOTE] : []

function whoIsWorseOff(scale: Scale, { rate, first, second }: RatePair, { favorable }: DatasetView): string {
  const [lower, higher] = rateOf(first) <= rateOf(second) ? [first, second] : [second, first]
  const [subject, other] = rate.worseOff === 'higher' ? [higher, lower] : [lower, higher]
  const gap = rateOf(subject) - rateOf(other)
  if (gap === 0) return `No gap in ${rate.title} between the compared groups (${digits(rateOf(subject))}).`
  const known = rate.worseOff !== null && (favorable !== null || rate.title === 'accuracy')
  const claim = known ? 'is worse off' : `has the ${gap < 0 ? 'lower' : 'higher'} rate`
  const size = scale === 'difference' ? `${gap > 0 ? '+' : '−'}${digits(Math.abs(gap))}` : `ratio ${digits(ratioOf({ first, second }))}`
  return `${subject.name} ${claim}: ${rate.title} ${digits(rateOf(subject))} against ${digits(rateOf(other))} of ${other.name} (${size}).`
}

/** The smallest ratio of the opposite outcome's rates; null where it is 0/0 everywhere. */
export function adverseRatio(pairs: readonly Pair[]): number | null {
  const opposite = ({ successes, trials }: Proportion): Proportion => ({ successes: trials - successes, trials })
  const ratios = pairs.map(({ first, second }) => ratioOf({ first: opposite(first), second: opposite(second) }))
  const defined = ratios.filter((ratio) => !Number.isNaN(ratio))
  return defined.length === 0 ? null : Math.min(...defined)
}

const adverseNote = (ratio: number | null): string =>
  ratio === null ? 'Counted in the opposite outcome the ratio is 0/0.' : `Adverse ratio, counted in the opposite outcome: ${digits(ratio)}.`

const digits = (value: number): string => value.toFixed(3)
