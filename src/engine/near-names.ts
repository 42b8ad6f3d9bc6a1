/** @file "Did you mean …?" for names that do not exist. */
import { closest, distance } from 'fastest-levenshtein'

/** The choices in words, led by the nearest when it is near enough to be a slip of the pen. */
export function suggest(name: string, choices: readonly string[]): string {
  if (choices.length === 0) return 'There are none.'
  const nearest = closest(name, choices)
  const near = distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(name.length / 3))
  const listed = choices.length > 12 ? `${choices.slice(0, 12).join(', ')}, … (${choices.length} in all)` : choices.join(', ')
  return `${near ? `Did you mean ${nearest}? ` : ''}Known: ${listed}.`
}
