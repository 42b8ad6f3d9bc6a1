/** @file The parent's side of jobs: child processes with a deadline, a memory limit and one clear line for every way they can end. */
import { randomBytes } from 'node:crypto'
import { constants, mkdirSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { type Child, startChild } from './child.js'
import { availableConfinement, type Confinement, UNCONFINED } from './confinement.js'
import { describeJob, usesGpu, type Job, type JobRequest } from './job-protocol.js'
import type { Part } from './kind.js'
import { decodePart } from './part-codec.js'
import { atExit, temporaryFolderError } from './private-folder.js'

export type JobsOptions = {
  /** The child's entry, compiled JavaScript: dist/src/worker/main.js. */
  readonly workerUrl: URL
  /** Private folder of this run, for part files. */
  readonly folder: string
  /** Memory above what Node and the libraries reserve by themselves. Default: half of the machine's, from 1 to 4 GiB. */
  readonly maxMemoryMb?: number
  /** Default: true where the system can (Linux). Jobs on a GPU never have it: their runtimes map more addresses than they use. */
  readonly limitAddressSpace?: boolean
  /** False for children that need the network, or files outside their folder, as plugins may say. Default: as `limitAddressSpace`, but never for jobs on a GPU, whose drivers talk to services and make devices. */
  readonly confine?: boolean
  /** Overrides every deadline (`--timeout`). */
  readonly timeoutMs?: number
  /** Child processes at a time; default 1, since ONNX Runtime uses threads itself. */
  readonly workers?: number
  /** Absolute file URLs of modules that export `gatherers`; imported by each child before its first job. */
  readonly plugins?: readonly string[]
  /** Ends the children at once when it fires; jobs then reject with its reason. */
  readonly signal?: AbortSignal
  /** What children print; kept for --debug. */
  readonly onNoise?: (text: string) => void
  /** When a child is replaced by a fresh one. */
  readonly recycle?: Partial<Wear>
}

/** What a child may do before it is replaced: runtimes leak a little with each session. */
type Wear = { readonly jobs: number; readonly ageMs: number; readonly grownBytes: number }

/** A part, decoded and as the bytes that the store keeps. */
export type JobResult = { readonly part: Part; readonly bytes: Uint8Array }

export type Jobs = {
  /** Whether children run under a memory limit that the system enforces; elsewhere their watchdog samples their memory. */
  readonly isolated: boolean
  /** What holds for every child so far. */
  readonly confinement: Confinement
  /** The one folder that every child may write to. */
  readonly folder: string
  /** Child processes at a time. */
  readonly workers: number
  /**
   * Runs one job.
   * @throws ProbityError `job/deadline`, `job/out-of-memory`, `job/crash`, `job/protocol`, or the code that the child gave.
   */
  run(job: Job, deadlineMs: number): Promise<JobResult>
  close(): Promise<void>
}

const RECYCLE: Wear = { jobs: 200, ageMs: 10 * 60_000, grownBytes: 512 * 2 ** 20 }
/** Opening a large model again may be most of a job, so growth alone is no reason before this many. */
const JOBS_BEFORE_GROWTH_COUNTS = 8
const PART_LIMIT_BYTES = 2 ** 30

export function createJobs(options: JobsOptions): Jobs {
  const workers = options.workers ?? 1
  const folder = join(options.folder, 'work')
  makeFolder(folder)
  const confinement = chosenConfinement(options, folder)
  const onGpu = new WeakSet<Child>()
  let leastConfinement = confinement
  const recycle = { ...RECYCLE, ...options.recycle }
  const maxMemoryMb = options.maxMemoryMb ?? Math.min(4096, Math.max(1024, Math.floor(totalmem() / 2 / 2 ** 20)))
  const idle: Child[] = []
  const alive = new Set<Child>()
  const waiting: (() => void)[] = []
  let running = 0
  let closed = false
  let nextId = 1

  const killAll = () => {
    for (const child of alive) child.kill()
  }
  const cancelAtExit = atExit(killAll)
  options.signal?.addEventListener('abort', killAll)

  const start = (forGpu = false): Child => {
    const child = startChild({ workerUrl: options.workerUrl, folder, maxMemoryMb, confinement: forGpu ? UNCONFINED : confinement, plugins: options.plugins ?? [], onNoise: options.onNoise ?? (() => undefined) })
    alive.add(child)
    void child.gone.then(() => alive.delete(child))
    if (forGpu) {
      onGpu.add(child)
      leastConfinement = UNCONFINED
    }
    return child
  }
  // While the parent still stages files, the first child loads its libraries.
  idle.push(start())
  const isWorn = ({ jobs, startedAt, grownBytes }: Child) =>
    jobs >= recycle.jobs || performance.now() - startedAt > recycle.ageMs || (grownBytes > recycle.grownBytes && jobs >= JOBS_BEFORE_GROWTH_COUNTS)

  const available = (forGpu: boolean): Child => {
    const at = idle.findLastIndex((child) => onGpu.has(child) === forGpu)
    if (at < 0) return start(forGpu)
    const [candidate] = idle.splice(at, 1)
    if (candidate.alive) return candidate
    candidate.retire()
    return available(forGpu)
  }

  const turn = async (): Promise<void> => {
    if (running < workers) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }
  // Whoever waits takes the place over, so that nobody can slip in between.
  const passTurn = () => {
    const next = waiting.shift()
    if (next) next()
    else running--
  }

  return {
    get isolated() {
      return leastConfinement.addressSpace
    },
    get confinement() {
      return leastConfinement
    },
    folder,
    workers,
    async run(job, deadlineMs) {
      await turn()
      try {
        options.signal?.throwIfAborted()
        if (closed) throw new ProbityError('job/closed', `${describeJob(job)} was not started because the run ended.`)
        const child = available(usesGpu(job))
        const output = join(child.folder, `${randomBytes(12).toString('hex')}.part`)
        const request: JobRequest = { id: nextId++, deadlineMs: options.timeoutMs ?? deadlineMs, output, job }
        try {
          await child.run(request)
          const result = await readPart(output, job)
          if (isWorn(child)) child.retire()
          else idle.push(child)
          return result
        } catch (error) {
          child.retire()
          options.signal?.throwIfAborted()
          throw error
        } finally {
          await unlink(output).catch(() => undefined)
        }
      } finally {
        passTurn()
      }
    },
    async close() {
      closed = true
      cancelAtExit()
      options.signal?.removeEventListener('abort', killAll)
      const ending = [...alive].map((child) => child.gone)
      killAll()
      await Promise.all(ending)
    },
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    throw temporaryFolderError(cause)
  }
}

function chosenConfinement({ limitAddressSpace = true, confine = limitAddressSpace }: JobsOptions, folder: string): Confinement {
  const { addressSpace, ...namespaces } = availableConfinement(folder)
  return { ...(confine ? namespaces : { network: false, processes: false, files: false }), addressSpace: addressSpace && limitAddressSpace }
}

/** The child names nothing: the parent chose the path, and looks at what lies there as at any foreign file. */
async function readPart(path: string, job: Job): Promise<JobResult> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    try {
      const stats = await file.stat()
      if (!stats.isFile() || stats.size > PART_LIMIT_BYTES) throw new Error(stats.isFile() ? `it has ${stats.size} bytes` : 'it is not a file')
      const bytes = await file.readFile()
      return { part: decodePart(bytes), bytes }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new ProbityError('job/protocol', `${describeJob(job)}: the child process left a result that cannot be read. Run with --debug to see what it printed.`, { cause: error })
  }
}
