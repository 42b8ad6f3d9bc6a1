/** @file The child's loop: one request after the other from stdin, one reply each on its own descriptor, parts into files. */
import { writeSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { MESSAGE_LIMIT, REPLY_DESCRIPTOR, type Job, type JobReply, type JobRequest } from '../artifacts/job-protocol.js'
import type { Part } from '../artifacts/kind.js'
import { encodePart } from '../artifacts/part-codec.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import { startWatchdog } from './watchdog.js'

export type WorkerArguments = { readonly parentPid: number; readonly maxMemoryMb: number; readonly plugins: readonly string[] }

export function readArguments(argv: readonly string[] = process.argv): WorkerArguments {
  const [parentPid, maxMemoryMb, ...plugins] = argv.slice(2)
  return { parentPid: Number(parentPid), maxMemoryMb: Number(maxMemoryMb), plugins }
}

/** Serves until stdin ends. Whatever `makeHandler` loads, it loads under the watchdog. */
export async function serve({ parentPid, maxMemoryMb }: WorkerArguments, makeHandler: () => Promise<(job: Job) => Promise<Part>>): Promise<void> {
  // Node opens its debugger at this signal unless somebody listens.
  if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined)
  const watchdog = await startWatchdog(parentPid, maxMemoryMb)
  const handle = await makeHandler()
  send({ type: 'ready' })
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    // The parent wrote it, in this version's own words.
    const { id, deadlineMs, output, job } = JSON.parse(line) as JobRequest
    watchdog.setDeadline(deadlineMs)
    const reply = await answer(id, output, () => handle(job))
    watchdog.setDeadline(null)
    send(reply)
  }
  process.exit(0)
}

async function answer(id: number, output: string, work: () => Promise<Part>): Promise<JobReply> {
  try {
    await writeFile(output, encodePart(await work()), { flag: 'wx', mode: 0o600 })
    return { type: 'done', id, residentBytes: process.memoryUsage.rss() }
  } catch (error) {
    const code = error instanceof ProbityError ? error.code : 'job/error'
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return { type: 'failed', id, code, message: messageOf(error).slice(0, MESSAGE_LIMIT) }
  }
}

function send(reply: JobReply): void {
  writeSync(REPLY_DESCRIPTOR, `${JSON.stringify(reply)}\n`)
}
