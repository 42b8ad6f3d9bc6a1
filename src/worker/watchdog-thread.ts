/**
 * @file The watchdog's own thread, so that it acts while the main thread is inside an endless loop of a native library. It ends the process at
 * the job's deadline, when it has grown past its memory, and when the parent is gone.
 */
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { JobReply } from '../artifacts/job-protocol.js'

export type WatchdogData = {
  /** One BigInt64: process.hrtime.bigint() at which the job must be over; 0 without a job. */
  readonly deadline: SharedArrayBuffer
  readonly parentPid: number
  readonly maxResidentBytes: number
  readonly replyDescriptor: number
}

const INTERVAL_MS = 100
const data = workerData as WatchdogData
const deadline = new BigInt64Array(data.deadline)
const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

parentPort?.postMessage('watching')
for (;;) {
  Atomics.wait(pause, 0, 0, INTERVAL_MS)
  const due = Atomics.load(deadline, 0)
  if (!isParentAlive()) end(null)
  if (due !== 0n && process.hrtime.bigint() > due) end('deadline')
  if (process.memoryUsage.rss() > data.maxResidentBytes) end('memory')
}

/** An orphan is adopted by another process; where that cannot be seen (Windows), the parent's id stops existing. */
function isParentAlive(): boolean {
  if (process.platform !== 'win32') return process.ppid === data.parentPid
  try {
    process.kill(data.parentPid, 0)
    return true
  } catch {
    return false
  }
}

function end(reason: 'deadline' | 'memory' | null): void {
  if (reason !== null) {
    try {
      writeSync(data.replyDescriptor, `${JSON.stringify({ type: 'killed', reason } satisfies JobReply)}\n`)
    } catch {
      // Nobody reads it any more: the end is what matters.
    }
  }
  process.kill(process.pid, 'SIGKILL')
}
