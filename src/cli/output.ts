/** @file The only writers to stdout and stderr. Names and file contents reach the terminal without control characters. */
import { messageOf, ProbityError, stripControls } from '../contracts/errors.js'

// A reader such as `head` may close the pipe early; the report is written and the exit code still says the verdict.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

/** Text, and text in a colour of ours. Colours are put on after control characters went, so that no text can bring its own. */
export type Piece = string | readonly [style: (text: string) => string, text: string]

/** One line of results: stdout. */
export const print = (...pieces: readonly Piece[]): void =>
  void process.stdout.write(`${pieces.map((piece) => (typeof piece === 'string' ? stripControls(piece) : piece[0](stripControls(piece[1])))).join('')}\n`)
/** Progress and warnings: stderr. */
export const log = (line: string): void => void process.stderr.write(`${stripControls(line)}\n`)

/** One line on stderr; the exit code is 2, or 130 when the user interrupted. */
export function printFailure(error: unknown, debug: boolean): number {
  if (error instanceof Error && error.name === 'AbortError') {
    log('Interrupted. Run the same command again to go on from here.')
    return 130
  }
  log(`probity: ${error instanceof ProbityError ? error.message : `unexpected failure: ${messageOf(error)} (run again with --debug for the stack)`}`)
  if (debug && error instanceof Error) (error.stack ?? '').split('\n').forEach(log)
  return 2
}
