/** @file One child process: how it is started, confined, spoken to and ended. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { readLines } from './bounded-lines.js'
import { type Confinement, endOf, launch, parentSeenFrom } from './confinement.js'
import { type Ending, explainEnding, explainFailure } from './job-failure.js'
import { isReply, REPLY_DESCRIPTOR, REPLY_LIMIT_BYTES, type JobReply, type JobRequest } from './job-protocol.js'
import { removeTree, temporaryFolderError } from './private-folder.js'

export type ChildOptions = {
  readonly workerUrl: URL
  /** Holds the working folders of children. */
  readonly folder: string
  readonly maxMemoryMb: number
  readonly confinement: Confinement
  readonly plugins: readonly string[]
  readonly onNoise: (text: string) => void
}

export type Child = {
  /** Resolves once the part file is written. */
  run(request: JobRequest): Promise<void>
  kill(): void
  /** Kills it, and removes its folder once it is gone. */
  retire(): void
  /** Resolves when it is gone. */
  readonly gone: Promise<void>
  /** Whether it still takes jobs. */
  readonly alive: boolean
  readonly startedAt: number
  readonly jobs: number
  /** How much its resident memory has grown since its first job, which loads libraries and, as a rule, the model. */
  readonly grownBytes: number
  /** Empty and its own when it starts; goes with it. */
  readonly folder: string
}

const NOISE_KEPT = 16 * 1024
/** The watchdog inside is first; the parent's own clock is for a child whose threads are all stuck. */
const GRACE_MS = 1000
const STREAMS_DRAIN_MS = 500

/**
 * V8 reserves 8 GB of address space around each memory of WebAssembly, so that it need not check bounds. Under a limit on address space nothing
 * would start, so bounds are checked. Versions of Node before 20.15 lack the flag, and TensorFlow.js' wasm backend does not start in a child there.
 */
const WITHOUT_GUARDS = ['--disable-wasm-trap-handler'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag))

/** What a child may know of the outside: how to find libraries and devices, never a token. */
const PASSED_ON = [
  'PATH', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot', 'windir', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'CUDA_HOME', 'CUDA_PATH',
  'VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'XDG_RUNTIME_DIR', 'DISPLAY', 'PROBITY_MODULES',
]

export function startChild(options: ChildOptions): Child {
  const folder = makeFolder(options.folder)
  const child = launchIn(folder, options)
  const requests = child.stdin as Writable
  let noise = ''
  let killedFor: Ending['killedFor'] = null
  let pending: { request: JobRequest; resolve: () => void; reject: (error: Error) => void; timer: NodeJS.Timeout; since: number } | null = null
  let ended: Ending | null = null
  const startedAt = performance.now()
  const progress = { jobs: 0, firstBytes: 0, lastBytes: 0 }
  let isReady = false
  let isRetired = false
  let sayGone: () => void = () => undefined
  const gone = new Promise<void>((resolve) => (sayGone = resolve))

  const kill = (why: Ending['killedFor']) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    killedFor ??= why
    signalGroup(child)
  }
  const settle = (outcome: (job: NonNullable<typeof pending>) => void) => {
    if (pending === null) return
    const job = pending
    pending = null
    clearTimeout(job.timer)
    outcome(job)
  }
  const limitsOf = (request: JobRequest) => ({ deadlineMs: request.deadlineMs, maxMemoryMb: options.maxMemoryMb })
  const onEnd = (exitCode: number | null, signal: NodeJS.Signals | null) => {
    if (ended) return
    // A watchdog whose reply descriptor was closed kills without a word.
    const isOverdue = pending !== null && performance.now() - pending.since >= pending.request.deadlineMs
    const ending = (ended = { ...endOf(options.confinement, exitCode, signal), killedFor: killedFor ?? (isOverdue ? 'deadline' : null), noise })
    settle(({ request, reject }) => reject(explainEnding(request.job, ending, limitsOf(request))))
    if (isRetired) removeTree(folder)
    sayGone()
  }
  const onReply = (reply: JobReply) => {
    if (reply.type === 'killed') {
      killedFor ??= reply.reason
    } else if (reply.type === 'ready') {
      if (isReady) kill('protocol')
      isReady = true
    } else if (pending === null || reply.id !== pending.request.id) {
      kill('protocol')
    } else if (reply.type === 'done') {
      progress.lastBytes = reply.residentBytes
      progress.firstBytes ||= reply.residentBytes
      settle(({ resolve }) => resolve())
    } else {
      settle(({ request, reject }) => reject(explainFailure(request.job, reply.code, reply.message, limitsOf(request))))
    }
  }

  const replies = child.stdio[REPLY_DESCRIPTOR] as Readable
  readLines(replies, REPLY_LIMIT_BYTES, (line) => {
    const reply = parseReply(line)
    if (reply) onReply(reply)
    else kill('protocol')
  }, () => kill('protocol'))
  replies.on('error', () => undefined)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      const text = chunk.toString('utf8')
      noise = (noise + text).slice(-NOISE_KEPT)
      options.onNoise(text)
    })
  }
  // A dead child's pipe: its exit is what is reported.
  requests.on('error', () => undefined)
  child.on('error', (error) => {
    noise += error.message
    onEnd(null, null)
  })
  child.on('exit', (code, signal) => {
    // What it started may still run in its group.
    signalGroup(child)
    setTimeout(() => onEnd(code, signal), STREAMS_DRAIN_MS)
  })
  child.on('close', onEnd)

  return {
    startedAt,
    get alive() {
      return ended === null && killedFor === null
    },
    get jobs() {
      return progress.jobs
    },
    run(request) {
      progress.jobs++
      noise = ''
      return new Promise((resolve, reject) => {
        const limits = limitsOf(request)
        if (ended) {
          reject(explainEnding(request.job, ended, limits))
          return
        }
        // In two steps, so that a parent that was busy itself reads a reply that has been waiting before it looks at the clock.
        const timer = setTimeout(() => {
          if (pending) pending.timer = setTimeout(() => kill('deadline'), GRACE_MS)
        }, request.deadlineMs)
        pending = { request, resolve, reject, timer, since: performance.now() }
        requests.write(`${JSON.stringify(request)}\n`)
      })
    },
    kill: () => kill('closed'),
    retire: () => {
      isRetired = true
      if (ended) removeTree(folder)
      else kill('closed')
    },
    gone,
    folder,
    get grownBytes() {
      return progress.lastBytes - progress.firstBytes
    },
  }
}

function makeFolder(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'child-'))
  } catch (cause) {
    throw temporaryFolderError(cause)
  }
}

function launchIn(folder: string, { workerUrl, maxMemoryMb, confinement, plugins, folder: writableFolder }: ChildOptions): ChildProcess {
  const command = [process.execPath, `--max-old-space-size=${maxMemoryMb}`, ...WITHOUT_GUARDS, fileURLToPath(workerUrl), String(parentSeenFrom(confinement)), String(maxMemoryMb), ...plugins]
  const environment: NodeJS.ProcessEnv = { TMPDIR: folder, TEMP: folder, TMP: folder, MALLOC_ARENA_MAX: '2' }
  for (const name of PASSED_ON) if (process.env[name] !== undefined) environment[name] = process.env[name]
  return launch({ command, folder, writableFolder, environment, maxMemoryMb, confinement })
}

function signalGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}

function parseReply(line: string): JobReply | null {
  try {
    const value: unknown = JSON.parse(line)
    return isReply(value) ? value : null
  } catch {
    return null
  }
}
