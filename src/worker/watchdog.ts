/** @file Starts the watchdog thread of a child process and tells it about deadlines. */
import { Worker } from 'node:worker_threads'
import { REPLY_DESCRIPTOR } from '../artifacts/job-protocol.js'
import type { WatchdogData } from './watchdog-thread.js'

export type Watchdog = {
  /** Arms the deadline; null disarms it. */
  setDeadline(durationMs: number | null): void
}

/** Resident memory of Node and the libraries before any work: 150 MB measured, with room. */
const BASELINE_BYTES = 512 * 2 ** 20
const NS_PER_MS = 1e6

/** Resolves when the thread is watching. The deadline is shared memory, so that it holds the moment it is set. */
export async function startWatchdog(parentPid: number, maxMemoryMb: number): Promise<Watchdog> {
  const shared = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)
  const workerData: WatchdogData = { deadline: shared, parentPid, maxResidentBytes: BASELINE_BYTES + maxMemoryMb * 2 ** 20, replyDescriptor: REPLY_DESCRIPTOR }
  const thread = new Worker(new URL('./watchdog-thread.js', import.meta.url), { workerData, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, codeRangeSizeMb: 16 } })
  await new Promise<void>((resolve, reject) => {
    thread.once('message', () => resolve())
    thread.once('error', reject)
  })
  thread.unref()
  const deadline = new BigInt64Array(shared)
  return {
    setDeadline: (durationMs) => {
      Atomics.store(deadline, 0, durationMs === null ? 0n : process.hrtime.bigint() + BigInt(Math.ceil(durationMs * NS_PER_MS)))
    },
  }
}
