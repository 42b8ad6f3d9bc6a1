/** @file The private folder of a run, and what has to happen however the run ends. */
import { chmodSync, lstatSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf, ProbityError } from '../contracts/errors.js'

const PREFIX = 'probity-'
const ABANDONED_MS = 24 * 3600_000
const cleanups = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let listening = false

/** Runs `action` at the end of the process, also on Ctrl-C, unless it is taken back by calling what is returned. Actions run newest first. */
export function atExit(action: () => void): () => void {
  if (!listening) {
    listening = true
    process.on('exit', runAll)
    // First in line: a listener that the program added with `once` would already be gone when this one counts.
    for (const signal of SIGNALS) process.prependListener(signal, onSignal)
  }
  cleanups.add(action)
  return () => cleanups.delete(action)
}

/**
 * A folder that only this user can enter (mkdtemp makes it 0700), and how to remove it before the process ends.
 * @throws ProbityError `workspace/temporary-folder`
 */
export function makePrivateFolder(): { folder: string; remove: () => void } {
  const folder = makeFolder()
  const removeNow = () => removeTree(folder)
  const cancel = atExit(removeNow)
  return {
    folder,
    remove: () => {
      cancel()
      removeNow()
    },
  }
}

function makeFolder(): string {
  try {
    sweepAbandoned()
    return realpathSync(mkdtempSync(join(tmpdir(), PREFIX)))
  } catch (cause) {
    throw temporaryFolderError(cause)
  }
}

export const temporaryFolderError = (cause: unknown): ProbityError =>
  new ProbityError('workspace/temporary-folder', `The temporary folder ${tmpdir()} cannot be used: ${messageOf(cause)}. Make room there, or set TMPDIR to a folder that can be written.`, { cause })

/** Removes a folder that a child may have filled as it liked. What resists is left to the next sweep: a finished audit must not fail over it. */
export function removeTree(folder: string): void {
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    remove()
  } catch {
    try {
      openUp(folder)
      remove()
    } catch {
      // Said above.
    }
  }
}

/** Nobody but root removes what lies in a folder without permissions. */
function openUp(folder: string): void {
  chmodSync(folder, 0o700)
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) openUp(join(folder, entry.name))
}

/** A run that was killed leaves its copies behind; a day later nobody can be using them any more, since every run touches its folder. */
function sweepAbandoned(): void {
  const root = tmpdir()
  for (const name of readdirSync(root)) {
    if (!new RegExp(`^${PREFIX}[A-Za-z0-9]{6}$`).test(name)) continue
    const path = join(root, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (!stats?.isDirectory() || stats.uid !== process.getuid?.() || Date.now() - stats.mtimeMs < ABANDONED_MS) continue
    removeTree(path)
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
