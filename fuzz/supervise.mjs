/** @file A child that runs cases, and the eye on it. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** One case; what ends by itself is measured in processor time, and this is only for what does not. */
const HANG_MS = 60_000
const HEAP_MB = 1024
const RESIDENT_MB = 3000
const POLL_MS = 250
const child = fileURLToPath(new URL('child.mjs', import.meta.url))

/**
 * Runs the cases from `task.from` on.
 *
 * @returns how it ended (`done`, `death`, `hang`), the first case that was not run, and the totals of those that were
 */
export function supervise(task, { freeToSpawn, onFinding }) {
  // Node's permission model turns a write outside of the folder, or a process that is started, into an error that is no ProbityError.
  const confined = freeToSpawn ? [] : ['--experimental-permission', '--allow-fs-read=*', `--allow-fs-write=${task.folder}/*`, ...(process.allowedNodeEnvironmentFlags.has('--allow-addons') ? ['--allow-addons'] : [])]
  const running = spawn(process.execPath, ['--no-warnings', `--max-old-space-size=${HEAP_MB}`, ...confined, child, JSON.stringify(task)], { cwd: task.folder, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, TMPDIR: task.folder } })
  const seen = { run: task.from - 1, since: Date.now(), ready: false, totals: null, why: null, noise: '' }
  running.stderr.on('data', (text) => (seen.noise = (seen.noise + text).slice(-4000)))
  createInterface({ input: running.stdio[3] }).on('line', (line) => {
    const message = JSON.parse(line)
    if (message.type === 'ready') Object.assign(seen, { ready: true, since: Date.now() })
    else if (message.type === 'finding') onFinding(message)
    else seen.totals = message
  })
  const timer = setInterval(() => {
    const run = caseOf(task.folder)
    if (run !== null && run !== seen.run) Object.assign(seen, { run, since: Date.now() })
    if (Date.now() - seen.since > HANG_MS) end(`did not end within ${HANG_MS / 1000} s`)
    else if (residentMb(running.pid) > RESIDENT_MB) end(`took more than ${RESIDENT_MB} MB of memory`)
  }, POLL_MS)
  const end = (why) => {
    seen.why ??= why
    running.kill('SIGKILL')
  }
  return new Promise((resolve, reject) => {
    running.on('close', (code, signal) => {
      clearInterval(timer)
      if (seen.totals) return resolve({ ending: 'done', next: task.to ?? 0, accepted: seen.totals.accepted, refused: seen.totals.refused })
      if (!seen.ready) return reject(new Error(`The child could not start: ${seen.noise}`))
      const run = caseOf(task.folder)
      onFinding({ run, problem: seen.why ?? `the process ended (${signal ?? code}): ${seen.noise.slice(-1500)}` })
      // What the cases before it gave is lost with the child; that they were run is not.
      resolve({ ending: seen.why ? 'hang' : 'death', next: run + 1, accepted: 0, refused: {} })
    })
  })
}

function caseOf(folder) {
  try {
    const bytes = readFileSync(join(folder, 'progress'))
    return bytes.length === 8 ? bytes.readDoubleLE() : null
  } catch {
    return null
  }
}

function residentMb(pid) {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096) / 2 ** 20
  } catch {
    return 0
  }
}
