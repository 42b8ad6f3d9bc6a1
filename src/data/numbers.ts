/** @file Numbers as data files write them. */

const NUMBER = /^[ \t]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t]*$/
const NOT_FINITE = /^[ \t]*([+-]?)(?:(nan)|inf|infinity)[ \t]*$/i

/**
 * The number that a cell spells, surrounding blanks allowed; null when it is text. Decimal notation only: hexadecimal, digit groups and
 * decimal commas are text, because guessing at them would change values in silence. NaN and infinities are numbers that nothing can use:
 * callers refuse them.
 */
export function parseNumber(text: string): number | null {
  if (NUMBER.test(text)) return Number(text)
  const match = NOT_FINITE.exec(text)
  if (!match) return null
  if (match[2]) return NaN
  return match[1] === '-' ? -Infinity : Infinity
}

/** `text` as a finite number, else null. */
export function parseFinite(text: string): number | null {
  const value = parseNumber(text)
  return value !== null && Number.isFinite(value) ? value : null
}
