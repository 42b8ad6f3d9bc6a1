/** @file Errors that a user can act on. */

/**
 * A failure with one clear line for the user: what failed, where, why, and what to do. The CLI prints `message` and exits with 2;
 * the stack is shown only with --debug.
 *
 * `code` is stable and names the kind of failure, as in `data/unknown-column` or `graph/no-gradient`.
 */
export class ProbityError extends Error {
  override readonly name = 'ProbityError'
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(shortened(oneLine(message)), options)
    this.code = code
  }
}

/** Hostile files have names of megabytes, and messages repeat names. */
const LONGEST_MESSAGE = 4000
const KEPT_END = 600

/** Cut in the middle: the place stands at the beginning, and what to do at the end. */
const shortened = (line: string): string => (line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE - KEPT_END - 3)} … ${line.slice(-KEPT_END)}`)

/** Replaces runs of line breaks, control characters and text-direction marks, which hostile names and files may carry, by a space. */
export function stripControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is being removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
}

export const oneLine = (text: string): string => stripControls(text).trim()

/** The message of anything thrown, in one line. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error))
}
