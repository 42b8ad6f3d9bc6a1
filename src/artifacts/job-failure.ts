/** @file Every way a child can end, in one clear line. */
import { tmpdir } from 'node:os'
import { ProbityError } from '../contracts/errors.js'
import { describeJob, type Job } from './job-protocol.js'

export type Ending = {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** What parent or watchdog ended the child for; null when it ended by itself. */
  readonly killedFor: 'deadline' | 'memory' | 'protocol' | 'closed' | null
  /** The end of what the child printed. */
  readonly noise: string
}

export type Limits = { readonly deadlineMs: number; readonly maxMemoryMb: number }

/** Texts of V8, glibc, libstdc++ and ONNX Runtime when an allocation fails. */
const OUT_OF_MEMORY = /out of memory|process OOM|heap limit|bad_alloc|failed to allocate|could not allocate|allocation failed|Cannot allocate memory|ENOMEM/i

/** Texts of Node and DuckDB when there is no room for a file. */
const NO_SPACE = /ENOSPC|EDQUOT|no space left/i

/** The error of a job whose child is gone. */
export function explainEnding(job: Job, ending: Ending, limits: Limits): ProbityError {
  const what = describeJob(job)
  if (ending.killedFor === 'deadline') {
    return new ProbityError('job/deadline', `${what} did not finish within ${seconds(limits.deadlineMs)} and was stopped. If it only needs longer, allow that with --timeout SECONDS.`)
  }
  if (ending.killedFor === 'protocol') {
    return new ProbityError('job/protocol', `${what}: the child process gave an answer that makes no sense and was stopped. Run with --debug to see what it printed.`)
  }
  if (ending.killedFor === 'closed') return new ProbityError('job/closed', `${what} was stopped because the run ended.`)
  if (ending.killedFor === 'memory' || OUT_OF_MEMORY.test(ending.noise)) return outOfMemory(what, limits)
  // Nobody here sent it: on Linux that is the kernel, when the machine or the container runs out of memory.
  if (ending.signal === 'SIGKILL') return new ProbityError('job/out-of-memory', `${what} was killed by the system, most likely because the machine ran out of memory. Use a smaller model, fewer rows, or a machine with more memory.`)
  const how = ending.signal !== null ? `signal ${ending.signal}` : `exit code ${ending.exitCode}`
  return new ProbityError('job/crash', `${what} crashed the child process (${how}). Check the file with the tool that made it; run with --debug to see what was printed.`)
}

/** The error that a child reported itself. */
export function explainFailure(job: Job, code: string, message: string, limits: Limits): ProbityError {
  if (OUT_OF_MEMORY.test(message)) return outOfMemory(describeJob(job), limits)
  if (NO_SPACE.test(message)) return new ProbityError('job/no-space', `${describeJob(job)} found no room left in the temporary folder ${tmpdir()}. Make room there, or set TMPDIR to a folder that has it.`)
  if (code !== 'job/error') return new ProbityError(code, message)
  return new ProbityError(code, `${describeJob(job)} failed: ${message}`)
}

const outOfMemory = (what: string, limits: Limits): ProbityError =>
  new ProbityError('job/out-of-memory', `${what} needs more memory than the limit of ${limits.maxMemoryMb} MB and was stopped. Use --memory low, or fewer rows; if you trust the model, allow more with --max-memory MiB.`)

const seconds = (durationMs: number): string => `${Number((durationMs / 1000).toPrecision(3))} s`
