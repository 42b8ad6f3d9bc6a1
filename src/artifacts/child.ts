/** @file One child process: how it is started, confined, spoken to and ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { readLines } from './bounded-lines.js'
import { type Ending, explainEnding, explainFailure } from './job-failure.js'
import { isReply, REPLY_DESCRIPTOR, REPLY_LIMIT_BYTES, type JobReply, type JobRequest } from './job-protocol.js'

export type ChildOptions = {
  readonly workerUrl: URL
  /** Working and temporary folder. */
  readonly folder: string
  readonly maxMemoryMb: number
  /** Whether the limit is put on the address space, which some GPU runtimes cannot live with. */
  readonly limitAddressSpace: boolean
  readonly plugins: readonly string[]
  readonly onNoise: (text: string) => void
}

export type Child = {
  /** Resolves once the part file is written. */
  run(request: JobRequest): Promise<void>
  kill(): void
  /** Whether it still takes jobs. */
  readonly alive: boolean
  readonly startedAt: number
  readonly jobs: number
}

/** Address space that Node, ONNX Runtime and DuckDB reserve before any work: 1.5 GB measured on two cores, and stacks for their threads. */
const BASELINE_MB = 1536
const BASELINE_PER_CORE_MB = 32
const NOISE_KEPT = 16 * 1024
/** The watchdog inside is first; the parent's own clock is for a child whose threads are all stuck. */
const GRACE_MS = 1000
const STREAMS_DRAIN_MS = 500

/** What a child may know of the outside: how to find libraries and devices, never a token. */
const PASSED_ON = [
  'PATH', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot', 'windir', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'CUDA_HOME', 'CUDA_PATH',
  'VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'XDG_RUNTIME_DIR', 'DISPLAY',
]

/** Whether the operating system enforces `ulimit -v`: Linux does, macOS accepts it without effect, Windows has none. */
export const canLimitAddressSpace = (): boolean => process.platform === 'linux' && existsSync('/bin/sh')

export function startChild(options: ChildOptions): Child {
  const child = launch(options)
  const requests = child.stdin as Writable
  let noise = ''
  let killedFor: Ending['killedFor'] = null
  let pending: { request: JobRequest; resolve: () => void; reject: (error: Error) => void; timer: NodeJS.Timeout } | null = null
  let ended: Ending | null = null
  const startedAt = performance.now()
  const progress = { jobs: 0 }

  const kill = (why: Ending['killedFor']) => {
    killedFor ??= why
    killGroup(child)
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
    const ending = (ended = { exitCode, signal, killedFor, noise })
    settle(({ request, reject }) => reject(explainEnding(request.job, ending, limitsOf(request))))
  }
  const onReply = (reply: JobReply) => {
    if (reply.type === 'ready') return
    if (reply.type === 'killed') {
      killedFor ??= reply.reason
    } else if (pending === null || reply.id !== pending.request.id) {
      kill('protocol')
    } else if (reply.type === 'done') {
      settle(({ resolve }) => resolve())
    } else {
      settle(({ request, reject }) => reject(explainFailure(request.job, reply.code, reply.message, limitsOf(request))))
    }
  }

  readLines(child.stdio[REPLY_DESCRIPTOR] as Readable, REPLY_LIMIT_BYTES, (line) => {
    const reply = parseReply(line)
    if (reply) onReply(reply)
    else kill('protocol')
  }, () => kill('protocol'))
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
  child.on('exit', (code, signal) => setTimeout(() => onEnd(code, signal), STREAMS_DRAIN_MS).unref())
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
        pending = { request, resolve, reject, timer }
        requests.write(`${JSON.stringify(request)}\n`)
      })
    },
    kill: () => kill('closed'),
  }
}

function launch(options: ChildOptions): ChildProcess {
  const node = [process.execPath, `--max-old-space-size=${options.maxMemoryMb}`, fileURLToPath(options.workerUrl), String(process.pid), String(options.maxMemoryMb), ...options.plugins]
  const environment: NodeJS.ProcessEnv = { TMPDIR: options.folder, TEMP: options.folder, TMP: options.folder, MALLOC_ARENA_MAX: '2' }
  for (const name of PASSED_ON) if (process.env[name] !== undefined) environment[name] = process.env[name]
  // 'pipe' for the reply descriptor; detached makes a process group that can be killed as a whole.
  const settings = { cwd: options.folder, env: environment, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] as const, detached: process.platform !== 'win32', windowsHide: true }
  if (!options.limitAddressSpace) return spawn(node[0], node.slice(1), { ...settings, stdio: [...settings.stdio] })
  const limitKb = (BASELINE_MB + BASELINE_PER_CORE_MB * cpus().length + options.maxMemoryMb) * 1024
  // A lower hard limit that is already in force stays.
  const script = 'ulimit -c 0; ulimit -v "$1" 2>/dev/null; shift; exec "$@"'
  return spawn('/bin/sh', ['-c', script, 'sh', String(limitKb), ...node], { ...settings, stdio: [...settings.stdio] })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
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
