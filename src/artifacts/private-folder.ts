/** @file The private folder of a run, and what has to happen however the run ends. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const cleanups = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let listening = false

/** Runs `action` at the end of the process, also on Ctrl-C, unless it is taken back by calling what is returned. Actions run newest first. */
export function atExit(action: () => void): () => void {
  if (!listening) {
    listening = true
    process.on('exit', runAll)
    for (const signal of SIGNALS) process.on(signal, onSignal)
  }
  cleanups.add(action)
  return () => cleanups.delete(action)
}

/** A folder that only this user can enter (mkdtemp makes it 0700), and how to remove it before the process ends. */
export function makePrivateFolder(): { folder: string; remove: () => void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `probity-${process.pid}-`)))
  const removeNow = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  const cancel = atExit(removeNow)
  return {
    folder,
    remove: () => {
      cancel()
      removeNow()
    },
  }
}

function runAll(): void {
  for (const action of [...cleanups].reverse()) {
    cleanups.delete(action)
    try {
      action()
    } catch {
      // The process is ending: what is left is to let the other actions run.
    }
  }
}

/** Listening takes away the default action, so it is given back unless the program has a listener of its own that decides. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  runAll()
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}
