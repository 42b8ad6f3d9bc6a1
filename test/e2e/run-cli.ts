import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

export const fixture = (path: string): string => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url))

export type CliRun = {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stdout: string; readonly stderr: string; readonly durationMs: number }>
}

/** Runs the built command line with settings, caches and temporary files under `home`. */
export function runCli(args: readonly string[], home: string): CliRun {
  const before = performance.now()
  const env = { ...process.env, CI: '', NO_COLOR: '1', XDG_CONFIG_HOME: join(home, 'config'), XDG_CACHE_HOME: join(home, 'cache'), TMPDIR: home }
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: home, env })
  let stdout = '', stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return { child, ended: new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, durationMs: performance.now() - before }))) }
}
