/** @file How messages speak of columns and values that come from files: quoted, short, never too many. */
import { distance } from 'fastest-levenshtein'

const LONGEST = 60

/** A value or column name in quotes, cut when it is long. */
export const quote = (text: string): string => `"${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}"`

/** The first few, quoted, and how many more there are. */
export function list(values: readonly string[], most = 20): string {
  const shown = values.slice(0, most).map(quote).join(', ')
  return values.length > most ? `${shown} and ${values.length - most} more` : shown
}

/** "1 row", "2 rows". */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

/** Where a row stands in data without lines. */
export const rowInWords = (row: number): string => `row ${row} (counted from 0)`

/** Up to three names that are a typing mistake away from `wanted`, nearest first. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3))
  return names
    .map((name) => ({ name, edits: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ name }) => name)
}

/** "Did you mean …?" where something is near, else what there is. */
export function suggestion(wanted: string, names: readonly string[], noun = 'columns'): string {
  const near = nearNames(wanted, names)
  return near.length > 0 ? `Did you mean ${list(near)}?` : `The ${noun} are ${list(names)}.`
}

/** A share in words; what is not zero is not shown as zero. */
export const percent = (share: number): string => (share > 0 && share < 0.0005 ? 'under 0.1 %' : `${(share * 100).toFixed(1)} %`)
