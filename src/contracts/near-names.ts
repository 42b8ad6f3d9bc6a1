/** @file The sentence that follows an unknown name. */
import { distance } from 'fastest-levenshtein'

/** "Did you mean x?" or the list of what exists. */
export function nearest(name: string, known: readonly string[]): string {
  const ranked = known.map((other) => ({ other, edits: distance(name.toLowerCase(), other.toLowerCase()) })).sort((a, b) => a.edits - b.edits)
  if (ranked.length > 0 && ranked[0].edits <= Math.max(2, Math.floor(name.length / 3))) return `Did you mean ${ranked[0].other}?`
  return known.length > 0 && known.length <= 20 ? `Known: ${known.join(', ')}.` : ''
}
