/** @file The only writers to stdout and stderr. Names and file contents reach the terminal without control characters. */
import { messageOf, ProbityError, stripControls } from '../contracts/errors.js'

// A reader such as `head` may close the pipe early; the report is written and the exit code still says the verdict.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

/** Results: stdout. */
export const print = (line = ''): void => void process.stdout.write(`${harmless(line)}\n`)
/** Progress and warnings: stderr. */
export const log = (line: string): void => void process.stderr.write(`${harmless(line)}\n`)

/** One line on stderr; the exit code is 2, or 130 when the user interrupted. */
export function printFailure(error: unknown, debug: boolean): number {
  if (error instanceof Error && error.name === 'AbortError') {
    log('Interrupted. Run the same command again to go on from here.')
    return 130
  }
  log(`probity: ${error instanceof ProbityError ? error.message : `unexpected failure: ${messageOf(error)} (run again with --debug for the stack)`}`)
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  return 2
}

/** Our own colours survive; nothing else that could steer a terminal does. */
function harmless(line: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  return line.split(/(\u001b\[\d+m)/).map((piece, i) => (i % 2 === 1 ? piece : stripControls(piece))).join('')
}
