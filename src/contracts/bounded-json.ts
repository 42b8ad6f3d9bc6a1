/** @file JSON from outside, bounded before anything recurses into it: JSON.parse itself takes any depth, what comes after it does not. */

/** Deeper than any document that a program of ours writes, far from where recursion ends. */
const MAX_DEPTH = 200

const QUOTE = 34, BACKSLASH = 92, OPEN_LIST = 91, CLOSE_LIST = 93, OPEN_OBJECT = 123, CLOSE_OBJECT = 125

/**
 * Like JSON.parse.
 *
 * @throws SyntaxError also where brackets nest deeper than 200
 */
export function parseBoundedJson(text: string): unknown {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfText(text, at)
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) throw new SyntaxError(`lists and objects nest more than ${MAX_DEPTH} deep`)
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--
  }
  return JSON.parse(text)
}

/** The closing quote; the end where there is none, which JSON.parse then says. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}
