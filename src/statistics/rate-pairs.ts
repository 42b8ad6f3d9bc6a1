/** @file Which groups are compared with which. */
import { ProbityError } from '../contracts/errors.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Pair } from './extremes.js'
import type { GroupRate, RateTable } from './group-rates.js'
import { rateOf, type Proportion } from './proportions.js'
import type { Rate } from './rates.js'

type Named = Proportion & Pick<GroupRate, 'name'>

/** Two groups and the rate in which they are compared. */
export type RatePair = { readonly rate: Rate; readonly first: Named; readonly second: Named }

/**
 * Pairs of compared groups. All pairs by default; `best` too, because data choose the best group, so that every pair was in the running and
 * only the wording differs. `rest`: each group with all other compared groups together. Otherwise each group with the named one.
 *
 * @throws ProbityError when no group has the name; null when the named group itself is not compared
 */
export function ratePairs({ rate, groups }: RateTable, reference: string | undefined): RatePair[] | null {
  const compared = groups.filter(({ role }) => role === 'compared')
  if (reference === undefined || reference === 'best' || (reference === 'rest' && compared.length === 2)) {
    return compared.flatMap((first, i) => compared.slice(i + 1).map((second) => ({ rate, first, second })))
  }
  if (reference === 'rest') return compared.map((first) => ({ rate, first, second: together(compared.filter((group) => group !== first)) }))
  const known = groups.filter(({ role }) => role !== 'unknown')
  const index = indexOfLabel(known.map(({ key }) => key.map(({ value }) => value).join(' & ')), reference)
  if (index < 0) {
    throw new ProbityError('metric/reference', `reference: ${reference} is not a group; the groups are ${known.map(({ name }) => name).join(', ')}. Name one of their values, or use best or rest.`)
  }
  const chosen = known[index]
  return chosen.role === 'compared' ? compared.filter((group) => group !== chosen).map((first) => ({ rate, first, second: chosen })) : null
}

const together = (groups: readonly GroupRate[]): Named => ({
  name: 'the other groups',
  successes: groups.reduce((sum, { successes }) => sum + successes, 0),
  trials: groups.reduce((sum, { trials }) => sum + trials, 0),
})

export const gapOf = ({ first, second }: Pair): number => Math.abs(rateOf(first) - rateOf(second))

/** The smaller rate divided by the larger; NaN when both are 0. */
export function ratioOf({ first, second }: Pair): number {
  const a = rateOf(first)
  const b = rateOf(second)
  return Math.min(a, b) / Math.max(a, b)
}
