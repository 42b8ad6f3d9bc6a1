/** @file The sentence that follows an unknown name. */
import { distance } from 'fastest-levenshtein'

/** "Did you mean x?" or the list of what exists. */
export function nearest(name: string, known: readonly string[]): string {
  const ranked = known.map((other) => ({ other, edits: distance(name.toLowerCase(), other.toLowerCase()) })).sort((a, b) => a.edits - b.edits)
  // A name whose every letter would have to change is no near name.
  const most = Math.min(Math.max(2, Math.floor(name.length / 3)), name.length - 1)
  if (ranked.length > 0 && ranked[0].edits <= most) return `Did you mean ${ranked[0].other}?`
  return known.length > 0 && known.length <= 20 ? `Known: ${known.join(', ')}.` : ''
}
