/** @file The parent's side of jobs: child processes with a deadline, a memory limit and one clear line for every way they can end. */
import type { Job } from './job-protocol.js'

export type JobsOptions = {
  /** The child's entry, compiled JavaScript: dist/src/worker/main.js. */
  readonly workerUrl: URL
  /** Private folder of this run, for part files. */
  readonly folder: string
  /** Address space above what Node and the libraries reserve by themselves. Default: half of the memory, from 1 to 8 GiB. */
  readonly maxMemoryMb?: number
  /** Overrides every deadline (`--timeout`). */
  readonly timeoutMs?: number
  /** Child processes at a time; default 1, since ONNX Runtime uses threads itself. */
  readonly workers?: number
  /** Absolute file URLs of modules that export `gatherers`; imported by each child before its first job. */
  readonly plugins?: readonly string[]
  /** What children print; kept for --debug. */
  readonly onNoise?: (text: string) => void
}

export type Jobs = {
  /** Whether children run under a hard memory limit (Linux); elsewhere a watchdog samples it. */
  readonly isolated: boolean
  /**
   * Runs one job and returns the bytes of its part.
   * @throws ProbityError `job/deadline`, `job/out-of-memory`, `job/crash`, `job/protocol`, or the code that the child gave.
   */
  run(job: Job, deadlineMs: number): Promise<Uint8Array>
  close(): Promise<void>
}
