/** @file What a reader should look at first: the worst results in words, who is behind them and by how much. */
import type { Report, Result } from '../src/contracts/report.js'
import { decimalsFor, formatShown, integer } from './numbers.js'
import type { ShownGroup, ShownResult } from './suppression.js'
import { groupName } from './view-groups.js'
import { settleRows, type ResultView } from './view-result.js'
import type { Badge } from './words.js'

export type FirstView = {
  readonly title: string
  readonly items: readonly {
    readonly badge: Badge
    readonly anchor: string
    readonly metric: string
    readonly about: string
    /** "0.74, limit at least 0.8; not shown to hold" */
    readonly outcome: string
    /** "black = 1: selection rate 68 % against 93 % of black = 0"; empty where no two groups give the value. */
    readonly groups: string
    /** Why a check has no answer, or what would give one. */
    readonly reason: string
  }[]
  readonly more: number
}

const MOST_JUDGED = 6
const MOST_DESCRIBED = 4
const WORST_FIRST: readonly Result['status'][] = ['fail', 'error', 'not-applicable', 'informative', 'insufficient']

/** What the groups of a metric are compared in, and which end is the worse one. Metrics of plugins have "rate". */
const RATE: readonly (readonly [RegExp, string, 'lower' | 'higher'])[] = [
  [/demographic-parity/, 'selection rate', 'lower'], [/equal-opportunity/, 'true positive rate', 'lower'], [/predictive-parity/, 'precision', 'lower'],
  [/false-positive-rate/, 'false positive rate', 'lower'], [/false-negative-rate/, 'false negative rate', 'higher'], [/accuracy/, 'accuracy', 'lower'],
]

/** The reason that adds nothing to "not shown to hold". */
const BOTH_SIDES = /^not shown to hold and not shown to be broken/

type Row = { readonly result: Result; readonly shown: ShownResult; readonly view: ResultView }

/** Judged results that did not pass, the worst first; where nothing was judged, the largest gaps between groups. Null where there is nothing to say. */
export function firstView(report: Report, shown: readonly ShownResult[], views: readonly ResultView[]): FirstView | null {
  const rows = report.results.flatMap((result, i): Row[] => (shown[i] && views[i] ? [{ result, shown: shown[i], view: views[i] }] : []))
  const open = WORST_FIRST.flatMap((status) => rows.filter(({ result }) => result.status === status && (result.threshold !== null || status === 'error')))
  if (open.length > 0) return { title: 'What to look at first', items: open.slice(0, MOST_JUDGED).map(item), more: Math.max(0, open.length - MOST_JUDGED) }
  if (report.verdict !== 'not-judged') return null
  const gaps = rows.filter(({ result, shown: { value } }) => result.unit === 'difference of shares' && result.sensitive.length === 1 && typeof value === 'number').sort((a, b) => (b.result.value ?? 0) - (a.result.value ?? 0))
  return gaps.length === 0 ? null : { title: 'Largest gaps between groups; none was judged', items: gaps.slice(0, MOST_DESCRIBED).map(item), more: 0 }
}

function item({ result, shown, view }: Row): FirstView['items'][number] {
  const { badge, anchor, metric, about, value, limit, decision, interval } = view
  const measured = value === null ? '' : value === 'withheld' ? 'value withheld' : `${value}${interval && interval !== 'withheld' ? ` (${interval})` : ''}`
  const outcome = [measured, limit ? `limit ${limit.words}` : ''].filter(Boolean).join(', ')
  return { badge, anchor, metric, about, outcome: limit ? `${outcome}: ${decision}` : outcome, groups: groupsInWords(result, shown), reason: BOTH_SIDES.test(result.reason ?? '') ? settledBy(result, view) : (view.reason ?? '') }
}

/** The two groups whose rates give the value. */
function groupsInWords(result: Result, { groups }: ShownResult): string {
  const compared = groups.filter(({ source }) => source.role === 'compared' && source.value !== null).sort((a, b) => (a.source.value ?? 0) - (b.source.value ?? 0))
  const [low, high] = [compared[0], compared.at(-1)]
  if (!low || !high || low === high || !givesValue(result, low.source.value ?? 0, high.source.value ?? 0)) return ''
  const [, rate, worse] = RATE.find(([pattern]) => pattern.test(result.id)) ?? [null, 'rate', 'lower']
  const [first, second] = worse === 'lower' ? [low, high] : [high, low]
  const [own, other] = ratesInWords([first, second])
  if (first.value === 'withheld' || second.value === 'withheld') return ''
  return `${groupName(first.source.group)}: ${rate} ${own} against ${other} of ${groupName(second.source.group)}`
}

const givesValue = ({ value }: Result, low: number, high: number): boolean => value !== null && low < high && (Math.abs(high - low - value) < 1e-9 || Math.abs(low / high - value) < 1e-9)

/** Both rates with the decimals that the less certain one bears. */
function ratesInWords(groups: readonly ShownGroup[]): readonly string[] {
  const decimals = groups.map(({ value, interval }) => (typeof value === 'number' ? decimalsFor(value, interval, 'share') : null)).filter((each) => each !== null)
  const shared = decimals.length > 0 ? Math.min(...decimals) : null
  return groups.map(({ value }) => (value === null ? '' : formatShown(value, 'share', shared)))
}

/** What it would take, where the data are consistent with both sides. */
function settledBy(result: Result, { settle }: ResultView): string {
  const rows = result.decision?.settle?.rowsPerGroup
  if (!rows || settle.length === 0) return 'The data are consistent with both sides of the limit.'
  const sizes = [rows.ifPass, rows.ifFail].filter((each) => each !== null).map((each) => Math.ceil(each)).sort((a, b) => a - b)
  const [least, most] = [sizes[0], sizes.at(-1)]
  if (least === undefined || most === undefined) return 'Not decidable at this limit, even with 100 times the rows.'
  const size = sizes.length === 2 && least < most ? `${integer(least)} to ${integer(most)}` : integer(most)
  return `The data are consistent with both sides of the limit; a fresh sample of ${size} ${settleRows(result)} would settle it${sizes.length === 2 ? '' : ', one way only'} (80\u202f% power).`
}
