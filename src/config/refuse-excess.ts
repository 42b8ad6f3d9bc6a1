/**
 * @file Bounds on a configuration's text before it is parsed, in the process that owns the audit. The YAML parser recurses with the nesting (deep
 * enough, and V8 ends the process instead of throwing) and compares keys and anchors with each other.
 */
import { Lexer } from 'yaml'

/** Lists within lists, and so on; a real configuration has six levels. */
const MAX_DEPTH = 32
/** Columns before the first word of a line: each level of block style takes at least half of one. */
const MAX_INDENT = 128
const MAX_KEYS = 10_000
const MAX_ANCHORS = 1000
/** In one line, or one entry of a list or map in brackets: `- - - x` nests three lists. */
const MAX_INDICATORS = 32

/** @returns what is too much, in words, with its line; null for what can be parsed */
export function excessOf(text: string): string | null {
  let [line, depth, indicators, keys, anchors, indent] = [1, 0, 0, 0, 0, 0]
  let atStart = true
  for (const token of new Lexer().lex(text)) {
    const [first] = token
    if (first === '[' || first === '{') depth++
    else if (first === ']' || first === '}') depth = Math.max(0, depth - 1)
    else if (first === '-' || first === '?' || first === ':') indicators += token.length === 1 ? 1 : 0
    if ('[{]},'.includes(token)) indicators = 0
    if (token === ':') keys++
    if (first === '&' || first === '*') anchors++
    if (atStart) indent = first === ' ' || first === '\t' ? token.length : 0
    const newLines = token.split('\n').length - 1
    line += newLines
    atStart = token.endsWith('\n')
    if (atStart && depth === 0) indicators = 0
    const problem = depth > MAX_DEPTH || indicators > MAX_INDICATORS || indent > MAX_INDENT ? 'nests too deep'
      : keys > MAX_KEYS ? `has more than ${MAX_KEYS} keys` : anchors > MAX_ANCHORS ? `has more than ${MAX_ANCHORS} anchors and aliases` : null
    if (problem !== null) return `line ${line}: the configuration ${problem}`
  }
  return null
}
